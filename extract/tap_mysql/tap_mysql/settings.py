"""How to reach the server and what to read: the settings, checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from tap_mysql.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

TLS_MODES = ("off", "required")
#: The time zone that the server gives to every session.
SERVER_TIMEZONE = "server"

DEFAULT_PORT = 3306
DEFAULT_TIMEZONE = "+00:00"
DEFAULT_CONNECT_TIMEOUT = 20.0
DEFAULT_READ_TIMEOUT = 600.0
DEFAULT_LOCK_TIMEOUT = 30.0
DEFAULT_ATTEMPTS = 3
#: A server that sends slowly for ever ends a run by this; a large ERP takes minutes.
DEFAULT_TIME_LIMIT = 86_400.0

_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")
_LONGEST_TIMEOUT = 31_536_000.0


@dataclass(frozen=True, slots=True)
class Settings:
    """A checked configuration; times in seconds."""

    host: str
    user: str
    database: str
    port: int = DEFAULT_PORT
    password: str = field(default="", repr=False)
    tls: str = "off"
    tls_ca_file: str | None = None
    tls_verify: bool = True
    timezone: str = DEFAULT_TIMEZONE
    connect_timeout: float = DEFAULT_CONNECT_TIMEOUT
    read_timeout: float = DEFAULT_READ_TIMEOUT
    lock_timeout: float = DEFAULT_LOCK_TIMEOUT
    attempts: int = DEFAULT_ATTEMPTS
    time_limit: float = DEFAULT_TIME_LIMIT
    public_key: bytes | None = None
    table_reads: bool = False
    binary_as_text: bool = False

    @property
    def offset(self) -> str:
        """What a TIMESTAMP is told with: the offset of the session, or nothing for that of the server."""
        return "" if self.timezone == SERVER_TIMEZONE else self.timezone

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
        for name in ("host", "user", "database"):
            if name not in given:
                raise SourceError(f"the MySQL {name} is not set: set {name} (MYSQL_{name.upper()})")
        ca_file = given.get("tls_ca_file")
        if ca_file is not None and not Path(ca_file).is_file():
            raise SourceError(
                f"the certificate file {ca_file} is missing: correct tls_ca_file (MYSQL_TLS_CA)"
            )
        return cls(
            host=str(given["host"]).strip(),
            port=_whole_number(given, "port", DEFAULT_PORT, 65535),
            user=str(given["user"]),
            # An empty password is a password; so is a number.
            password=str(config.get("password") if config.get("password") is not None else ""),
            database=str(given["database"]),
            tls=_tls_mode(given),
            tls_ca_file=None if ca_file is None else str(ca_file),
            tls_verify=_switch(given, "tls_verify", default=True),
            timezone=_offset(given),
            connect_timeout=_seconds(given, "connect_timeout", DEFAULT_CONNECT_TIMEOUT),
            read_timeout=_seconds(given, "read_timeout", DEFAULT_READ_TIMEOUT),
            lock_timeout=_seconds(given, "lock_timeout", DEFAULT_LOCK_TIMEOUT),
            time_limit=_seconds(given, "time_limit", DEFAULT_TIME_LIMIT),
            public_key=_public_key(given),
            attempts=_whole_number(given, "attempts", DEFAULT_ATTEMPTS, 1000),
            table_reads=_switch(given, "table_reads", default=False),
            binary_as_text=_switch(given, "binary_as_text", default=False),
        )


def _public_key(given: Mapping[str, Any]) -> bytes | None:
    path = given.get("public_key_file")
    if path is None:
        return None
    try:
        key = Path(path).read_bytes()
        serialization.load_pem_public_key(key)
    except (OSError, ValueError, UnsupportedAlgorithm):
        raise SourceError(
            f"the file {path} holds no public key that can be read: let public_key_file (MYSQL_PUBLIC_KEY) "
            "name a copy of public_key.pem in the MySQL server's folder of data"
        ) from None
    return key


def _tls_mode(given: Mapping[str, Any]) -> str:
    value = str(given.get("tls", TLS_MODES[0])).strip().lower()
    if value not in TLS_MODES:
        raise SourceError(
            f"tls is {given['tls']!r}, which is not known: set tls (MYSQL_TLS) to {' or '.join(TLS_MODES)}"
        )
    return value


def _offset(given: Mapping[str, Any]) -> str:
    value = str(given.get("timezone", DEFAULT_TIMEZONE)).strip()
    if value != SERVER_TIMEZONE and not _OFFSET.fullmatch(value):
        # A zone such as Europe/Paris would leave one hour a year in doubt.
        raise SourceError(
            f"timezone is {value!r}: set timezone (MYSQL_TIMEZONE) to an offset from UTC such as +00:00, or "
            f"to {SERVER_TIMEZONE}"
        )
    return value


def _whole_number(given: Mapping[str, Any], name: str, default: int, highest: int) -> int:
    text = str(given.get(name, default)).strip()
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= highest):
        raise SourceError(
            f"{name} is {given[name]!r}: set {name} (MYSQL_{name.upper()}) to a whole number "
            f"from 1 to {highest}"
        )
    return int(text)


def _seconds(given: Mapping[str, Any], name: str, default: float) -> float:
    try:
        value = float(given.get(name, default))
    except (TypeError, ValueError):
        value = 0.0
    if not 0 < value <= _LONGEST_TIMEOUT:
        raise SourceError(f"{name} is {given.get(name)!r}: set it to a number of seconds above 0")
    return value


def _switch(given: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = str(given.get(name, default)).strip().lower()
    if value not in ("true", "1", "yes", "on", "false", "0", "no", "off"):
        raise SourceError(f"{name} is {given[name]!r}: set it to true or false")
    return value in ("true", "1", "yes", "on")
