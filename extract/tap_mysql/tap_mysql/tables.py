"""What the database holds: its tables and views, as information_schema tells the user."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pymysql.connections import Connection

#: Storage engines whose tables are part of a consistent snapshot.
_SNAPSHOT_ENGINES: Final = frozenset({"innodb", "rocksdb", "tokudb"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column as declared; the types are in lower case, such as `int` and `int(10) unsigned`."""

    name: str
    data_type: str
    column_type: str
    character_set: str | None
    precision: int | None
    is_key: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view.

    Attributes:
        name: Its name.
        is_view: Whether it is a view.
        engine: Its storage engine; None for a view.
        estimated_rows: How many rows the server guesses there are, if it does.
        columns: In their order; none where a view is broken or the user may see none.
    """

    name: str
    is_view: bool
    engine: str | None
    estimated_rows: int | None
    columns: tuple[Column, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The names of the primary key's columns; a unique key without NULLs does as well."""
        return tuple(column.name for column in self.columns if column.is_key)

    @property
    def is_in_snapshot(self) -> bool:
        """Whether the engine reads the table as it was when the snapshot was taken."""
        return self.engine is None or self.engine.lower() in _SNAPSHOT_ENGINES


def list_tables(connection: Connection[Any], database: str) -> list[Table]:
    """Return the tables and views that the user may see, by name, with their columns in order.

    Raises:
        pymysql.err.MySQLError: The server fails.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name, table_type, engine, table_rows from information_schema.tables"
            " where table_schema = %s and table_type in ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')",
            (database,),
        )
        found = {name: (kind == "VIEW", engine, rows) for name, kind, engine, rows in cursor.fetchall()}
        cursor.execute(
            "select table_name, column_name, data_type, column_type, character_set_name, numeric_precision,"
            " column_key from information_schema.columns where table_schema = %s"
            " order by table_name, ordinal_position",
            (database,),
        )
        columns = {
            name: tuple(
                Column(
                    column,
                    data_type.lower(),
                    column_type.lower(),
                    character_set,
                    None if precision is None else int(precision),
                    key == "PRI",
                )
                for _, column, data_type, column_type, character_set, precision, key in rows
            )
            for name, rows in groupby(cursor.fetchall(), key=lambda row: row[0])
        }
    return [Table(name, *about, columns.get(name, ())) for name, about in sorted(found.items())]


def quoted_name(name: str) -> str:
    """Return the name of a table or column as SQL wants it."""
    return "`" + name.replace("`", "``") + "`"
