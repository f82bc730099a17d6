"""Says in plain sentences whether a source can be used: log-in, tables, character sets, what may be read."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pymysql.err import MySQLError

from tap_mysql.settings import Settings
from tap_mysql.source import connect, explained, is_locked
from tap_mysql.tables import list_tables, quoted_name
from tap_mysql.values import kind_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pymysql.connections import Connection

    from tap_mysql.tables import Table

LOGGER = logging.getLogger("tap-mysql")

_MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What a check of the source has found.

    Attributes:
        place: Host and port.
        user: Who has logged in.
        database: The database that was looked at.
        server_version: What the server calls itself.
        tls: The version of TLS, such as `TLSv1.3`; None without.
        is_verified: Whether the certificate was verified.
        tables: The tables and views that the user may see, with their columns.
        snapshot_refusal: Why no consistent snapshot can be taken; None if it can.
        unreadable: By table: why it may not be read; only of tables that were tried.
    """

    place: str
    user: str
    database: str
    server_version: str
    tls: str | None
    is_verified: bool
    tables: list[Table]
    snapshot_refusal: str | None
    unreadable: dict[str, str] = field(default_factory=dict)

    def sentences(self) -> list[str]:
        """Return the report as plain sentences."""
        if self.tls is None:
            protection = "without encryption"
        else:
            protection = f"with {self.tls}, certificate {'' if self.is_verified else 'NOT '}verified"
        names = [f"{table.name}{_about(table)}" for table in self.tables]
        told = [
            f"Logged in to {self.place} as {self.user}, {protection}; the server is {self.server_version}.",
            f"The database {self.database} has {len(names)} tables and views that the user may see: "
            f"{_some(names)}.",
        ]
        engines = Counter(table.engine or "view" for table in self.tables)
        told.append(f"Storage engines: {', '.join(f'{name} ({n})' for name, n in sorted(engines.items()))}.")
        told += self._on_character_sets()
        outside = [table.name for table in self.tables if not table.is_in_snapshot]
        if outside:
            told.append(f"Tables that know no snapshot, read when their turn comes: {_some(outside)}.")
        elif self.snapshot_refusal is None:
            told.append("A consistent snapshot of all tables is possible.")
        skipped = [
            f"{table.name}.{column.name} ({column.data_type})"
            for table in self.tables
            for column in table.columns
            if kind_of(column) is None
        ]
        if skipped:
            told.append(f"Columns that cannot be told, and are skipped: {_some(skipped)}.")
        return [*told, *(f"Problem: {problem}." for problem in self.problems)]

    @property
    def problems(self) -> list[str]:
        """What keeps a run from reading all tables at one moment, each without its full stop."""
        found = []
        if self.snapshot_refusal is not None:
            found.append(f"no consistent snapshot can be taken ({self.snapshot_refusal})")
        return found + [f"{table} may not be read ({why})" for table, why in self.unreadable.items()]

    def __str__(self) -> str:
        return " ".join(self.sentences())

    def _on_character_sets(self) -> list[str]:
        columns: dict[str, list[str]] = {}
        for table in self.tables:
            for column in table.columns:
                if column.character_set is not None:
                    columns.setdefault(column.character_set, []).append(f"{table.name}.{column.name}")
        if not columns:
            return []
        told = ", ".join(f"{name} ({len(found)} columns)" for name, found in sorted(columns.items()))
        sentences = [f"Character sets: {told}."]
        if latin1 := columns.get("latin1"):
            sentences.append(
                f"Declared latin1, so what was stored as UTF-8 in them is read as mojibake: {_some(latin1)}."
            )
        return sentences


def check_source(
    config: Mapping[str, Any], *, thorough: bool = False, needed: Mapping[str, Collection[str]] | None = None
) -> SourceReport:
    """Log in and look.

    Args:
        config: The tap's settings.
        thorough: Also try every table and view, whether it may be read.
        needed: Tables to try where not all of them are, and of which columns, by names in lower case.

    Raises:
        SourceError: A setting is wrong, or the server cannot be reached, refuses or fails.
    """
    settings = Settings.of(config)
    connection = connect(settings, LOGGER)
    try:
        with explained(settings, "looking at the database"):
            tables = list_tables(connection)
            with connection.cursor() as cursor:
                cursor.execute("select version()")
                row = cursor.fetchone()
                cursor.execute("show session status like 'Ssl_version'")
                tls = cursor.fetchone()
            return SourceReport(
                place=settings.place,
                user=settings.user,
                database=settings.database,
                server_version=str(row[0]) if row else "",
                tls=(str(tls[1]) or None) if tls else None,
                is_verified=settings.tls_verify,
                tables=tables,
                snapshot_refusal=_refusal(
                    connection, "start transaction with consistent snapshot, read only"
                ),
                unreadable=_unreadable(connection, tables, settings, None if thorough else (needed or {})),
            )
    finally:
        connection.close()


def _unreadable(
    connection: Connection[Any],
    tables: Iterable[Table],
    settings: Settings,
    needed: Mapping[str, Collection[str]] | None,
) -> dict[str, str]:
    found = {}
    for table in tables:
        if needed is not None and table.name not in needed:
            continue
        wanted = [c for c in table.columns if needed is None or c.name in needed[table.name]]
        columns = ", ".join(quoted_name(column.source_name) for column in wanted) or "1"
        attempt = f"select {columns} from {quoted_name(table.source_name)} limit 0"  # noqa: S608 - quoted
        with explained(settings, f"looking at the table {table.name}", table.name):
            why = _refusal(connection, attempt)
        if why is not None:
            found[table.name] = why
    return found


def _refusal(connection: Connection[Any], statement: str) -> str | None:
    """Return why the server refuses a statement; None if it does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except MySQLError as error:
        if not connection.open or is_locked(error):
            raise
        return str(error.args[-1])
    return None


def _about(table: Table) -> str:
    if table.is_view:
        return " (view)"
    return "" if table.estimated_rows is None else f" (about {table.estimated_rows} rows)"


def _some(names: list[str]) -> str:
    if not names:
        return "none"
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
