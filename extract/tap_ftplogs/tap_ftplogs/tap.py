"""The tap: its settings, its streams, its command line."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from dataclasses import fields
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Tap
from singer_sdk import typing as th
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TapCapabilities

from tap_ftplogs import plain_text, settings
from tap_ftplogs.check import check_source
from tap_ftplogs.errors import SourceError
from tap_ftplogs.messages import BlockWriter
from tap_ftplogs.streams import (
    LogEventsStream,
    LogFilesStream,
    QuietStream,
    RejectedLinesStream,
    SourceProblemsStream,
)

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from singer_sdk.plugin_base import _ConfigInput


class TapFtpLogs(Tap):
    """Singer tap that reads machine logs from an FTP server and accounts for every byte of them."""

    name = "tap-ftplogs"
    message_writer_class = BlockWriter
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
    ]

    config_jsonschema = th.PropertiesList(
        th.Property(
            "host",
            th.StringType,
            required=True,
            title="Host",
            description="Name or address of the FTP server",
        ),
        th.Property(
            "port", th.IntegerType, title="Port", description="Port; 21 when not set, 990 for implicit TLS"
        ),
        th.Property("user", th.StringType, required=True, title="User", description="User to log in as"),
        th.Property(
            "password",
            th.StringType,
            secret=True,
            title="Password",
            description="Its password; any characters",
        ),
        th.Property(
            "tls",
            th.StringType,
            default="off",
            allowed_values=list(settings.TLS_MODES),
            title="TLS",
            description="`off`, `explicit` (AUTH TLS on the usual port) or `implicit` (TLS from the start)",
        ),
        th.Property(
            "tls_ca_file",
            th.StringType,
            title="CA file",
            description="PEM file of the authority that signed the certificate, unless a public one did",
        ),
        th.Property(
            "tls_verify",
            th.BooleanType,
            default=True,
            title="Verify TLS",
            description="Whether the server's certificate is verified; without it anyone on the way can read "
            "the password, and every run says so",
        ),
        th.Property(
            "root",
            th.StringType,
            default="/",
            title="Root",
            description="Folder that holds one folder per machine",
        ),
        th.Property(
            "plant_timezone",
            th.StringType,
            default=settings.DEFAULT_TIMEZONE,
            title="Plant time zone",
            description="Time zone of the machines' clocks; times are emitted as written",
        ),
        th.Property(
            "after_load",
            th.StringType,
            default="keep",
            allowed_values=list(settings.AFTER_LOAD_MODES),
            title="After load",
            description="What happens to a file once the loader has all of it and nothing says that it "
            "may still be written: `keep`, `archive` (moved to the archive folder, under a free name) or "
            "`delete`",
        ),
        th.Property(
            "archive_folder",
            th.StringType,
            default=settings.DEFAULT_ARCHIVE_FOLDER,
            title="Archive folder",
            description="Where files are archived: a folder below the root, or an absolute path; never read",
        ),
        th.Property(
            "connections",
            th.IntegerType,
            default=settings.DEFAULT_CONNECTIONS,
            title="Connections",
            description="How many connections read at once, 1 to 8; fewer where the server grants fewer",
        ),
        th.Property(
            "connect_timeout",
            th.NumberType,
            default=settings.DEFAULT_CONNECT_TIMEOUT,
            title="Connect time-out",
            description="Seconds to wait for a connection",
        ),
        th.Property(
            "read_timeout",
            th.NumberType,
            default=settings.DEFAULT_READ_TIMEOUT,
            title="Read time-out",
            description="Seconds to wait for a whole answer, and for each 64 KiB of a file or its rest",
        ),
        th.Property(
            "attempts",
            th.IntegerType,
            default=settings.DEFAULT_ATTEMPTS,
            title="Attempts",
            description="How often something is tried, with growing pauses, before the run fails",
        ),
        th.Property(
            "time_limit",
            th.NumberType,
            default=settings.DEFAULT_TIME_LIMIT,
            title="Time limit",
            description="Seconds after which a run fails with what it has safely kept",
        ),
        th.Property(
            "stale_after_hours",
            th.NumberType,
            default=settings.DEFAULT_STALE_AFTER_HOURS,
            title="Silent after",
            description="Hours after its newest line when a machine is warned of as silent",
        ),
        th.Property(
            "known_events",
            th.ArrayType(th.StringType),
            default=list(settings.DEFAULT_KNOWN_EVENTS),
            title="Known events",
            description="Names of events that are no surprise: any other is warned of when it is first seen",
        ),
        th.Property(
            "fail_on_problems",
            th.BooleanType,
            default=True,
            title="Fail on problems",
            description="Whether a run fails, after all the rest, when a file or folder could not be read, "
            "archived or deleted; otherwise only the stream source_problems tells",
        ),
    ).to_dict()

    def discover_streams(self) -> Sequence[QuietStream]:
        """Return the four streams."""
        log_files = LogFilesStream(self)
        return [
            log_files,
            LogEventsStream(self),
            RejectedLinesStream(self),
            SourceProblemsStream(self, log_files),
        ]

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        # Meltano hands over an unset variable as an empty text, and numbers as texts.
        for name, value in list(self._config.items()):
            if value is None or (value == "" and name != "password"):
                del self._config[name]
        if raise_errors:
            checked = settings.Settings.of(self._config)
            for field in fields(checked):
                if field.name in self._config:
                    value = getattr(checked, field.name)
                    self._config[field.name] = list(value) if isinstance(value, tuple) else value
        return super()._validate_config(raise_errors=raise_errors)

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        # The state that has been told is right as it is; a stopped run has not succeeded.
        name = signal.Signals(signum).name
        self.logger.error("FAILED: tap-ftplogs was stopped by %s: run again, what was read is kept", name)
        sys.exit(128 + signum)

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        """Run from the command line; a failure ends with one sentence and status 1."""
        plain_text.install()
        with _failing_in_a_sentence(cls.logger):
            super().invoke(
                about=about, about_format=about_format, config=config, state=state, catalog=catalog
            )

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Say in plain sentences whether the source can be used (`--test`)."""
        if value != "all":
            super().cb_test(ctx, param, value)
            return
        given: _ConfigInput | None = ctx.params.get("config")
        with _failing_in_a_sentence(cls.logger):
            config: dict[str, Any] = dict(given.config) if given else {}
            if given and given.parse_env:
                config |= cls._env_var_config
            report = check_source(config, thorough=True)
            for sentence in report.sentences():
                click.echo(plain_text.plain_text(sentence, plain_text.LONGEST_RECORD))
            if report.problems:
                raise SourceError(
                    f"{report.problems[0]} on the FTP server {report.place}: let {report.user} read it"
                )
        ctx.exit()


@contextmanager
def _failing_in_a_sentence(logger: logging.Logger) -> Iterator[None]:
    """End the program with status 1 and one last sentence when something fails."""
    try:
        yield
    except SourceError as error:
        sentence = str(error)
    except ConfigValidationError as error:
        reason = "; ".join(error.errors) or str(error)
        sentence = f"the configuration of tap-ftplogs is wrong: {reason}"
    except BrokenPipeError:
        sentence = "whatever was reading the records of tap-ftplogs has ended: look for its own failure above"
        # What is left in the buffer has nowhere to go, and Python would complain about it at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        logger.exception("tap-ftplogs met something that it does not know")
        sentence = f"tap-ftplogs ended with an unforeseen {type(error).__name__}: report the lines above"
    else:
        return
    logger.error("FAILED: %s", sentence)
    sys.exit(1)
