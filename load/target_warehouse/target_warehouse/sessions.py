"""What every session in the warehouse relies on: one list, which each connection sets and checks.

An administrator may set any of it otherwise, for the server, a database or a role. What a session asks for
at its start wins over that, but a connection pooler may drop it. So `ensure` checks each new session.

This module needs nothing but the standard library: the launcher, the loader, dbt and the API all use it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The oldest PostgreSQL that the warehouse may be.
OLDEST_MAJOR: Final = 15

#: After so many seconds of silence the system asks whether the other end is still there. A host that is gone
#: without closing its connections (no power, a firewall that forgets) ends a session within two minutes, and
#: with it the lock of its run.
KEEPALIVES_IDLE_SECONDS: Final = 60

#: So long a session waits for a lock that another one holds; then its statement fails, and `atelier.locks`
#: says who holds it. Those who read what it is about to change wait behind it as long, and no longer.
LOCK_TIMEOUT_SECONDS: Final = 15

#: The settings and their values, as SHOW spells them. All are known to the oldest version.
SETTINGS: Final[dict[str, str]] = {
    # How texts, times and numbers are written and read.
    "client_encoding": "UTF8",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "lc_numeric": "C",
    "lc_time": "C",
    # How a statement is read.
    "standard_conforming_strings": "on",
    "backslash_quote": "safe_encoding",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",
    # Every name of ours has its schema. A table or function of another schema never takes the place of
    # PostgreSQL's own, and nothing is created in `public` by mistake.
    "search_path": "pg_catalog",
    # What a transaction sees and may do.
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    "row_security": "on",
    "default_table_access_method": "heap",
    # A load or a model may take its time. A run waits idle for as long as its slowest step.
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
    # So that the server notices a host that is gone (see above).
    "tcp_keepalives_idle": str(KEEPALIVES_IDLE_SECONDS),
    "tcp_keepalives_interval": "15",
    "tcp_keepalives_count": "4",
}

#: Settings that only newer versions know: a log-in that names an unknown one is refused, so they are set once
#: the version is known.
LATER_SETTINGS: Final[Mapping[str, str]] = {"transaction_timeout": "0"}
_SINCE_MAJOR: Final[Mapping[str, int]] = {"transaction_timeout": 17}

#: Settings that only a superuser may change: they are checked. Each has the value that is needed.
CHECKED_SETTINGS: Final[Mapping[str, str]] = {"session_replication_role": "origin"}

#: PostgreSQL shows the addresses of a connection over a Unix socket as 0: there is nothing to keep alive.
_OF_A_NETWORK: Final = "tcp_keepalives_"


class SessionError(Exception):
    """A session in the warehouse is not what Atelier needs; the text continues "the warehouse, …, "."""


def options(own: Mapping[str, str] | None = None, major: int = OLDEST_MAJOR) -> str:
    """Return libpq's parameter `options` for a session.

    Args:
        own: Settings that this session adds, or whose values it replaces.
        major: The server's version, where it is known.
    """
    later = {name: value for name, value in LATER_SETTINGS.items() if _SINCE_MAJOR[name] <= major}
    return " ".join(
        f"-c{name}={_escaped(value)}" for name, value in {**SETTINGS, **(own or {}), **later}.items()
    )


def environment(given: Mapping[str, str], major: int = OLDEST_MAJOR) -> dict[str, str]:
    """Return the environment variables by which the programs of a run ask for the settings.

    Args:
        given: The environment so far. What its PGOPTIONS say beyond the list still holds.
        major: The server's version, where it is known.
    """
    before = given.get("PGOPTIONS", "")
    return {
        # A program that one of ours has started has them already.
        "PGOPTIONS": before if options() in before else f"{before} {options(major=major)}".strip(),
        # libpq sends these after the options.
        "PGCLIENTENCODING": SETTINGS["client_encoding"],
        "PGDATESTYLE": SETTINGS["DateStyle"],
        "PGTZ": SETTINGS["TimeZone"],
    }


def _escaped(value: str) -> str:
    return re.sub(r"([\\\s])", r"\\\1", value)


def ensure(connection: Any, own: Mapping[str, str] | None = None) -> None:  # noqa: ANN401 # see below
    """Set what a new session does not have yet, and check all of it.

    Args:
        connection: A connection of psycopg2 or psycopg, without a transaction.
        own: Settings that this session adds, or whose values it replaces.

    Raises:
        SessionError: The server, its database or the session is not what Atelier needs.
    """
    wanted = {**SETTINGS, **LATER_SETTINGS, **(own or {})}
    was_autocommit = connection.autocommit
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(look(wanted))
            found = Found(cursor.fetchall())
            found.check_server(connection.info.backend_pid)
            if differing := found.differing(wanted):
                cursor.execute(change(differing))
                cursor.execute(look(wanted))
                found = Found(cursor.fetchall())
            found.check_settings(wanted)
    finally:
        if not connection.closed:
            connection.autocommit = was_autocommit


def look(wanted: Mapping[str, str]) -> str:
    """Return the statement whose rows `Found` reads."""
    asked = (*wanted, *CHECKED_SETTINGS, "server_encoding", "server_version_num")
    names = ", ".join(_literal(name) for name in asked)
    settings = f"select name, pg_catalog.current_setting(name, true) from unnest(array[{names}]) as name"  # noqa: S608
    return (
        f"{settings} union all select 'backend_pid', cast(pg_catalog.pg_backend_pid() as text) "
        "union all select 'in_recovery', cast(pg_catalog.pg_is_in_recovery() as text)"
    )


def change(settings: Mapping[str, str]) -> str:
    """Return the statement that sets settings for the rest of the session."""
    calls = (
        f"pg_catalog.set_config({_literal(name)}, {_literal(to)}, false)" for name, to in settings.items()
    )
    return f"select {', '.join(calls)}"


def _literal(text: str) -> str:
    # Without a backslash a text means the same whatever standard_conforming_strings says.
    return "'" + text.replace("'", "''") + "'"


class Found:
    """What a session has shown of itself and its server."""

    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take the rows that `look` asks for."""
        self._values: dict[str, str | None] = {str(name): value for name, value in rows}

    def check_server(self, backend_pid: int) -> None:
        """Check what no session can set.

        Args:
            backend_pid: The server's process, as the log-in has named it. A connection pooler names another:
                it may give each transaction another session, in which neither settings nor locks last.

        Raises:
            SessionError: The server or the database is not what Atelier needs.
        """
        if self._values["backend_pid"] != str(backend_pid):
            raise SessionError(
                "is reached through a connection pooler, such as PgBouncer, which does not keep a session's "
                "settings and locks: let POSTGRES_HOST and POSTGRES_PORT name PostgreSQL itself"
            )
        major = int(self._values["server_version_num"] or 0) // 10_000
        if major < OLDEST_MAJOR:
            raise SessionError(
                f"is PostgreSQL {major}, and Atelier needs {OLDEST_MAJOR} or newer: upgrade the server"
            )
        encoding = self._values["server_encoding"]
        if encoding != "UTF8":
            raise SessionError(
                f"has the encoding {encoding}, in which not every text can be stored: create the database "
                "again with `create database … encoding 'UTF8' template template0`"
            )
        if self._values["in_recovery"] == "true":
            raise SessionError(
                "is a standby, which can only be read: let POSTGRES_HOST and POSTGRES_PORT name the primary "
                "server"
            )

    def differing(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """Return the settings that the server knows and that have another value."""
        return {
            name: value
            for name, value in wanted.items()
            if self._values.get(name) not in (value, None)
            and not (name.startswith(_OF_A_NETWORK) and self._values[name] == "0")
        }

    def check_settings(self, wanted: Mapping[str, str]) -> None:
        """Check that every setting has the value that is needed.

        Raises:
            SessionError: One has not.
        """
        for name, value in self.differing({**wanted, **CHECKED_SETTINGS}).items():
            raise SessionError(
                f"keeps the setting {name} at {self._values[name]!r}, and Atelier needs {value!r}: look for "
                "it with `\\drds` in psql and reset it for the database and the user"
            )
