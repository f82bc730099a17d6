"""How to reach the server: the settings that concern the connection, checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tap_ftplogs.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

TLS_MODES = ("off", "explicit", "implicit")
AFTER_LOAD_MODES = ("keep", "archive", "delete")
MOST_CONNECTIONS = 8

DEFAULT_PORT = 21
DEFAULT_IMPLICIT_TLS_PORT = 990
DEFAULT_TIMEZONE = "Europe/Paris"
DEFAULT_CONNECT_TIMEOUT = 20.0
DEFAULT_READ_TIMEOUT = 60.0
DEFAULT_ATTEMPTS = 5
DEFAULT_CONNECTIONS = 3
#: A server that sends slowly for ever ends a run by this; a first load of ten years takes hours.
DEFAULT_TIME_LIMIT = 86_400.0
DEFAULT_ARCHIVE_FOLDER = "archive"
DEFAULT_STALE_AFTER_HOURS = 96.0
#: The events that an ordinary day has; any other name is worth a word when it is first seen.
DEFAULT_KNOWN_EVENTS = ("JobProfiel", "MachineStart", "MachineStop", "MachineWait", "StukUitgevoerd")


@dataclass(frozen=True, slots=True)
class Settings:
    """A checked configuration; times in seconds unless their names say otherwise."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: str = "off"
    tls_ca_file: str | None = None
    tls_verify: bool = True
    root: str = "/"
    plant_timezone: str = DEFAULT_TIMEZONE
    after_load: str = "keep"
    archive_folder: str = DEFAULT_ARCHIVE_FOLDER
    connections: int = DEFAULT_CONNECTIONS
    connect_timeout: float = DEFAULT_CONNECT_TIMEOUT
    read_timeout: float = DEFAULT_READ_TIMEOUT
    attempts: int = DEFAULT_ATTEMPTS
    time_limit: float = DEFAULT_TIME_LIMIT
    stale_after_hours: float = DEFAULT_STALE_AFTER_HOURS
    known_events: tuple[str, ...] = DEFAULT_KNOWN_EVENTS
    fail_on_problems: bool = True

    @property
    def place(self) -> str:
        """Where the server is, for messages."""
        return f"{self.host}:{self.port}"

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """Check a configuration; settings that are missing or empty get their defaults.

        Raises:
            SourceError: A setting is missing or cannot be right; the sentence names it.
        """
        given = {name: value for name, value in config.items() if value not in (None, "")}
        for name, variable in (("host", "FTP_HOST"), ("user", "FTP_USER")):
            if name not in given:
                raise SourceError(f"the FTP {name} is not set: set {name} ({variable})")
        tls = _one_of(given, "tls", "FTP_TLS", TLS_MODES)
        settings = cls(
            host=str(given["host"]).strip(),
            port=_port(given.get("port", DEFAULT_IMPLICIT_TLS_PORT if tls == "implicit" else DEFAULT_PORT)),
            user=str(given["user"]),
            # An empty password is a password; so is a number.
            password=str(config.get("password") or ""),
            tls=tls,
            tls_ca_file=given.get("tls_ca_file"),
            tls_verify=_switch(given, "tls_verify", "FTP_TLS_VERIFY"),
            root=str(given.get("root", "/")),
            plant_timezone=str(given.get("plant_timezone", DEFAULT_TIMEZONE)),
            after_load=_one_of(given, "after_load", "FTP_AFTER_LOAD", AFTER_LOAD_MODES),
            archive_folder=str(given.get("archive_folder", DEFAULT_ARCHIVE_FOLDER)),
            connections=_whole_number(
                given, "connections", "FTP_CONNECTIONS", DEFAULT_CONNECTIONS, MOST_CONNECTIONS
            ),
            connect_timeout=_above_0(given, "connect_timeout", DEFAULT_CONNECT_TIMEOUT),
            read_timeout=_above_0(given, "read_timeout", DEFAULT_READ_TIMEOUT),
            attempts=_whole_number(given, "attempts", None, DEFAULT_ATTEMPTS, 1000),
            time_limit=_above_0(given, "time_limit", DEFAULT_TIME_LIMIT),
            stale_after_hours=_above_0(given, "stale_after_hours", DEFAULT_STALE_AFTER_HOURS),
            known_events=tuple(map(str, given.get("known_events", DEFAULT_KNOWN_EVENTS))),
            fail_on_problems=_switch(given, "fail_on_problems", None),
        )
        settings._check()
        return settings

    def _check(self) -> None:
        for name, variable in (
            ("user", "FTP_USER"),
            ("password", "FTP_PASSWORD"),
            ("root", "FTP_ROOT"),
            ("archive_folder", "FTP_ARCHIVE_FOLDER"),
        ):
            if set("\r\n\0") & set(getattr(self, name)):
                raise SourceError(
                    f"the FTP {name} holds a line break or a NUL, which FTP cannot send: correct {name} "
                    f"({variable})"
                )
        parts = self.archive_folder.strip("/").split("/")
        if {"", ".", ".."} & set(parts):
            raise SourceError(
                f"the archive folder {self.archive_folder!r} is not the path of a folder: set archive_folder "
                "(FTP_ARCHIVE_FOLDER) to a name below the root, or to an absolute path"
            )
        try:
            ZoneInfo(self.plant_timezone)
        except (KeyError, OSError, ValueError):
            raise SourceError(
                f"the time zone {self.plant_timezone!r} is not known: set plant_timezone (PLANT_TIMEZONE) "
                "to a name such as Europe/Paris"
            ) from None
        if self.tls_ca_file is not None and not Path(self.tls_ca_file).is_file():
            raise SourceError(
                f"the certificate file {self.tls_ca_file} is missing: correct tls_ca_file (FTP_TLS_CA)"
            )


def _one_of(given: Mapping[str, Any], name: str, variable: str, modes: tuple[str, ...]) -> str:
    value = str(given.get(name, modes[0])).strip().lower()
    if value not in modes:
        raise SourceError(
            f"{name} is {given[name]!r}, which is not known: set {name} ({variable}) to "
            f"{', '.join(modes[:-1])} or {modes[-1]}"
        )
    return value


def _port(value: object) -> int:
    text = str(value).strip()
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise SourceError(f"the port is {value!r}: set port (FTP_PORT) to a number from 1 to 65535")
    return int(text)


def _above_0(given: Mapping[str, Any], name: str, default: float) -> float:
    try:
        value = float(given.get(name, default))
    except (TypeError, ValueError):
        value = 0.0
    if not 0 < value < float("inf"):
        raise SourceError(f"{name} is {given.get(name)!r}: set it to a number above 0")
    return value


def _whole_number(
    given: Mapping[str, Any], name: str, variable: str | None, default: int, highest: int
) -> int:
    text = str(given.get(name, default)).strip()
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= highest):
        setting = f"{name} ({variable})" if variable else name
        raise SourceError(f"{name} is {given[name]!r}: set {setting} to a whole number from 1 to {highest}")
    return int(text)


def _switch(given: Mapping[str, Any], name: str, variable: str | None) -> bool:
    value = str(given.get(name, "true")).strip().lower()
    if value not in ("true", "1", "yes", "on", "false", "0", "no", "off"):
        setting = f"{name} ({variable})" if variable else name
        raise SourceError(f"{name} is {given[name]!r}: set {setting} to true or false")
    return value in ("true", "1", "yes", "on")
