"""One moment of the database: every table of a run is read in the same transaction."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pymysql.err import MySQLError

from tap_mysql import wire
from tap_mysql.plain_text import plain_text
from tap_mysql.source import connect, explained
from tap_mysql.tables import list_tables, quoted_name

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Sequence

    from pymysql.connections import Connection

    from tap_mysql.settings import Settings
    from tap_mysql.tables import Table


_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", re.ASCII)
_LONGEST_VERSION: Final = 200


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the server's binary log the moment lies, as far as the user may know."""

    binlog_file: str | None = None
    binlog_position: int | None = None
    gtid_set: str | None = None


class Snapshot:
    """A read-only transaction with a consistent view.

    Attributes:
        server_version: What the server calls itself.
        taken_at: The server's clock right after the snapshot was taken, in UTC, such as
            `2025-05-28T07:02:11.123456`.
        position: Where in the binary log it lies.
        version: Milliseconds since 1970 by our own clock: the `version` of full tables read in it.
    """

    def __init__(self, settings: Settings, logger: logging.Logger) -> None:
        """Log in and take the snapshot.

        Raises:
            SourceError: The server cannot be reached, refuses or fails.
        """
        self._settings = settings
        self._connection: Connection[Any] = connect(settings, logger)
        with explained(settings, "taking a consistent snapshot"):
            before = _position(self._connection)
            with self._connection.cursor() as cursor:
                cursor.execute("start transaction with consistent snapshot, read only")
                cursor.execute("select version(), date_format(utc_timestamp(6), '%Y-%m-%dT%H:%i:%s.%f')")
                row = cursor.fetchone() or ("", "")
            self.server_version, self.taken_at = plain_text(str(row[0]), _LONGEST_VERSION), str(row[1])
            if not _MOMENT.fullmatch(self.taken_at):
                raise ValueError("its clock tells no time")
            exact = _position_of_snapshot(self._connection)
            # Elsewhere the position is only sure when it did not move while the snapshot was taken.
            after = exact or _position(self._connection)
            self.position = after if after in (exact, before) else Position()
        self.version = time.time_ns() // 1_000_000

    @property
    def timezone(self) -> str:
        """The offset of the session from UTC, such as `+00:00`; empty for that of the server."""
        return self._settings.offset

    @property
    def is_open(self) -> bool:
        """Whether the transaction still lasts, as far as we know."""
        return self._connection.open

    def close(self) -> None:
        """End the transaction."""
        if self.is_open:
            self._connection.close()

    def tables(self) -> list[Table]:
        """Return the tables and views that the user may see.

        Raises:
            SourceError: The server fails.
        """
        with explained(self._settings, "listing the tables"):
            return list_tables(self._connection)

    def literal(self, value: str) -> str:
        """Return a text as a constant in SQL."""
        with self._connection.cursor() as cursor:
            text: str = cursor.mogrify("%s", (value,))
        return text

    def count(self, table: str, where: str) -> int:
        """Return how many rows of a table a condition holds for, all if it is empty.

        Raises:
            SourceError: The server refuses or fails.
        """
        sql = f"select count(*) from {self._source(table, where)}"  # noqa: S608 - quoted
        with explained(self._settings, f"counting the rows of the table {table}", table):
            return self._number(sql)

    def ambiguous_keys(self, table: str, key: Sequence[str]) -> tuple[int, int]:
        """Count the values of a key that several rows have by the collation, and the rows with NULL in it.

        Raises:
            SourceError: The server refuses or fails.
        """
        names = [quoted_name(name) for name in key]
        source = self._source(table, "")
        repeated = f"select 1 from {source} group by {', '.join(names)} having count(*) > 1"  # noqa: S608
        is_null = " or ".join(f"{name} is null" for name in names)
        with explained(self._settings, f"looking whether the key of the table {table} is one", table):
            return (
                self._number(f"select count(*) from ({repeated}) repeated"),  # noqa: S608 - quoted
                self._number(f"select count(*) from {self._source(table, is_null)}"),  # noqa: S608 - quoted
            )

    def read(self, table: str, columns: Sequence[str], where: str, order_by: str) -> Iterator[list[bytes]]:
        """Yield the rows of a table, some at a time, as packets that `wire.fields` takes apart.

        Raises:
            SourceError: The server refuses or fails, or the connection is lost.
        """
        names = ", ".join(map(quoted_name, columns))
        sql = f"select {names} from {self._source(table, where)}"  # noqa: S608 - quoted
        if order_by:
            sql += f" order by {quoted_name(order_by)}"
        with explained(self._settings, f"reading the table {table}", table):
            yield from wire.query(self._connection, sql)

    def _number(self, sql: str) -> int:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            row = cursor.fetchone()
        return int(row[0]) if row else 0

    def _source(self, table: str, where: str) -> str:
        source = f"{quoted_name(self._settings.database)}.{quoted_name(table)}"
        return f"{source} where {where}" if where else source


def _position_of_snapshot(connection: Connection[Any]) -> Position | None:
    """Return where the snapshot itself lies, which only MariaDB tells."""
    with connection.cursor() as cursor:
        cursor.execute("show session status like 'binlog_snapshot_%'")
        told = {name.lower(): value for name, value in cursor.fetchall()}
        file, offset = told.get("binlog_snapshot_file"), told.get("binlog_snapshot_position")
        if not file or not offset:
            return None
        cursor.execute("select binlog_gtid_pos(%s, %s)", (file, int(offset)))
        row = cursor.fetchone()
        return Position(file, int(offset), row[0] or None if row else None)


def _position(connection: Connection[Any]) -> Position:
    """Return where the server is now; nothing where there is no binary log, or the user may not know."""
    file, offset, gtid_set = None, None, None
    with connection.cursor() as cursor:
        # Until MySQL 8.3 and in MariaDB, and from MySQL 8.2 on.
        for statement in ("show master status", "show binary log status"):
            try:
                cursor.execute(statement)
            except MySQLError:
                continue
            row = cursor.fetchone()
            if row:
                file, offset = row[0], int(row[1])
            break
        try:
            cursor.execute("select @@global.gtid_executed")
        except MySQLError:
            pass
        else:
            row = cursor.fetchone()
            gtid_set = row[0] or None if row else None
    return Position(file, offset, gtid_set)
