"""The tap: its settings, its streams, its command line."""

from __future__ import annotations

import os
import signal
import sys
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import asdict, fields
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TapCapabilities

from tap_mysql import plain_text
from tap_mysql.catalogs import lowered
from tap_mysql.check import check_source
from tap_mysql.config import CONFIG_SCHEMA
from tap_mysql.errors import SourceError
from tap_mysql.messages import BlockWriter
from tap_mysql.settings import Settings
from tap_mysql.snapshot import Snapshot
from tap_mysql.streams import TABLE_READS, QuietStream, TableReadsStream, TableStream

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from singer_sdk.plugin_base import _ConfigInput
    from singer_sdk.singerlib import Catalog

    from tap_mysql.records import RecordFormatter
    from tap_mysql.tables import Table


class TapMySQL(Tap):
    """Singer tap for MySQL and MariaDB: exact values, all tables of a run read at one moment."""

    name = "tap-mysql"
    dynamic_catalog = True
    message_writer_class = BlockWriter
    config_jsonschema = CONFIG_SCHEMA
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
    ]

    _snapshot: Snapshot | None = None

    @cached_property
    def settings(self) -> Settings:
        """The checked settings."""
        return Settings.of(self.config)

    @cached_property
    def reads(self) -> list[dict[str, Any]]:
        """The records of `table_reads`: a table is there once it is read completely."""
        return []

    @property
    def snapshot(self) -> Snapshot:
        """The moment that is read; taken when it is first asked for.

        Raises:
            SourceError: The server cannot be reached, refuses or fails.
        """
        if self._snapshot is None or not self._snapshot.is_open:
            self._snapshot = Snapshot(self.settings, self.logger)
        return self._snapshot

    @cached_property
    def input_catalog(self) -> Catalog | None:
        """The catalog handed in, with its names in lower case."""
        return None if self._input_catalog is None else lowered(self._input_catalog)

    @property
    def catalog(self) -> Catalog:
        """The catalog with the selection handed in and the types that the tables have now."""
        if self._catalog is None:
            self._catalog = self._singer_catalog
        return self._catalog

    def discover_streams(self) -> Sequence[QuietStream]:
        """Return a stream per table, and `table_reads` where the settings want it.

        Raises:
            SourceError: The server fails, or has a table that is called like a stream of ours.
        """
        snapshot = Snapshot(self.settings, self.logger)
        try:
            tables = snapshot.tables()
        finally:
            snapshot.close()
        named: dict[str, list[Table]] = defaultdict(list)
        for table in tables:
            if table.columns:
                named[table.name].append(table)
        streams: list[QuietStream] = [
            TableStream(self, first, [other.source_name for other in others])
            for first, *others in named.values()
        ]
        if self.settings.table_reads:
            if any(table.name == TABLE_READS for table in tables):
                raise SourceError(
                    f"the database {self.settings.database} has a table {TABLE_READS}, like the stream that "
                    "the setting table_reads asks for: switch it off"
                )
            streams.append(TableReadsStream(self))
        return streams

    def sync_all(self) -> None:  # type: ignore[misc] # final in the SDK, which knows streams but no run
        """Read all selected tables at one moment; only when all are read is any of them activated.

        Raises:
            SourceError: Nothing is selected, something that is selected is gone, or the server fails.
        """
        tables = [s for s in self.streams.values() if isinstance(s, TableStream) and s.selected]
        self.reads.clear()
        try:
            self._check(tables)
            self._log_moment(self.snapshot)
            for stream in tables:
                stream.sync()
            for stream in tables:
                stream.activate()
            report = self.streams.get(TABLE_READS)
            if isinstance(report, TableReadsStream) and report.selected:
                report.sync()
            self.state_writer.write_state(self.state)
        finally:
            if self._snapshot is not None:
                self._snapshot.close()

    def note_read(self, table: str, version: int | None, counted: int, formatter: RecordFormatter) -> None:
        """Remember that a table is read completely."""
        snapshot = self.snapshot
        self.logger.info("%s: %d rows read", table, formatter.row_count)
        self.reads.append(
            {
                "database_name": self.settings.database,
                "table_name": table,
                "snapshot_at": snapshot.taken_at,
                "version": version,
                "counted_rows": counted,
                "emitted_rows": formatter.row_count,
                "impossible_date_count": sum(formatter.impossible_dates.values()),
                "invalid_text_count": sum(formatter.invalid_texts.values()),
                "impossible_dates": formatter.impossible_dates,
                "invalid_texts": formatter.invalid_texts,
                "server_version": snapshot.server_version,
                **asdict(snapshot.position),
            }
        )

    def _check(self, tables: Sequence[TableStream]) -> None:
        known = {stream.tap_stream_id for stream in self.streams.values()}
        gone = [
            entry.table or entry.stream or entry.tap_stream_id
            for entry in (self.input_catalog or {}).values()
            if entry.metadata.root.selected and entry.tap_stream_id not in known
        ]
        if gone:
            raise SourceError(
                f"the database {self.settings.database} on {self.settings.place} has no table "
                f"{', '.join(gone)}, or user {self.settings.user} may not read it: correct the selection or "
                "grant SELECT"
            )
        if not tables:
            raise SourceError(
                f"no table of the database {self.settings.database} on {self.settings.place} is selected: "
                "select some, and check that the patterns name tables that exist and the user may read"
            )
        for stream in tables:
            stream.check()
            if not stream.table.is_in_snapshot:
                self.logger.warning(
                    "%s is a table of the engine %s, which knows no snapshot: it is read as it is when its "
                    "turn comes, NOT as it was at the moment of the others",
                    stream.name,
                    stream.table.engine,
                )
            if stream.skipped_columns:
                self.logger.warning(
                    "%s: skipped, as there is no way to tell them: %s",
                    stream.name,
                    ", ".join(stream.skipped_columns),
                )

    def _log_moment(self, snapshot: Snapshot) -> None:
        protection = "without encryption" if self.settings.tls == "off" else "over TLS"
        self.logger.info(
            "reading %s on %s (%s, %s) as it was at %s UTC",
            self.settings.database,
            self.settings.place,
            snapshot.server_version,
            protection,
            snapshot.taken_at,
        )

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        # Meltano hands over an unset variable as an empty text, and numbers as texts.
        for name, value in list(self._config.items()):
            if value is None or (value == "" and name != "password"):
                del self._config[name]
        if raise_errors:
            checked = Settings.of(self._config)
            for setting in fields(checked):
                if setting.name in self._config:
                    self._config[setting.name] = getattr(checked, setting.name)
        return super()._validate_config(raise_errors=raise_errors)

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        name = signal.Signals(signum).name
        self.logger.error(
            "FAILED: tap-mysql was stopped by %s: run again, no table was replaced that was not read", name
        )
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
    def cb_discover(cls, ctx: click.Context, param: click.Option, value: bool) -> None:  # noqa: FBT001
        """Write the catalog (`--discover`); a failure ends like that of a run."""
        with _failing_in_a_sentence(cls.logger):
            super().cb_discover(ctx, param, value)

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
                raise SourceError(f"{report.problems[0]} on {report.place}: let user {report.user} do it")
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
        sentence = f"the configuration of tap-mysql is wrong: {reason}"
    except BrokenPipeError:
        sentence = "whatever was reading the records of tap-mysql has ended: look for its own failure above"
        # What is left in the buffer has nowhere to go, and Python would complain about it at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except click.exceptions.Exit:
        raise
    except Exception as error:
        logger.exception("tap-mysql met something that it does not know")
        sentence = f"tap-mysql ended with an unforeseen {type(error).__name__}: report the lines above"
    else:
        return
    logger.error("FAILED: %s", sentence)
    sys.exit(1)
