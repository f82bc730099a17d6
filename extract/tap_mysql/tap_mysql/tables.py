"""What the database holds: its tables and views, as information_schema tells the user."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymysql.connections import Connection

#: Storage engines whose tables are part of a consistent snapshot.
_SNAPSHOT_ENGINES: Final = frozenset({"innodb", "rocksdb", "tokudb"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column as declared; the types are in lower case, such as `int` and `int(10) unsigned`.

    Attributes:
        source_name: Its name, in the case that the server has it in.
    """

    source_name: str
    data_type: str
    column_type: str
    character_set: str | None
    precision: int | None
    is_key: bool
    is_nullable: bool = True

    @property
    def name(self) -> str:
        """Its name in lower case, as the catalog and the messages have it."""
        return self.source_name.lower()


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view.

    Attributes:
        source_name: Its name, in the case that the server has it in.
        is_view: Whether it is a view.
        engine: Its storage engine; None for a view.
        estimated_rows: How many rows the server guesses there are, if it does.
        columns: In their order; none where a view is broken or the user may see none.
        unique_indexes: The columns of each unique index, in lower case.
    """

    source_name: str
    is_view: bool
    engine: str | None
    estimated_rows: int | None
    columns: tuple[Column, ...]
    unique_indexes: tuple[frozenset[str], ...] = ()

    @property
    def name(self) -> str:
        """Its name in lower case, as the catalog and the messages have it."""
        return self.source_name.lower()

    @property
    def key(self) -> tuple[str, ...]:
        """The names of the primary key's columns; a unique key without NULLs does as well."""
        return tuple(column.name for column in self.columns if column.is_key)

    @property
    def is_in_snapshot(self) -> bool:
        """Whether the engine reads the table as it was when the snapshot was taken."""
        return self.engine is None or self.engine.lower() in _SNAPSHOT_ENGINES

    def is_unique(self, key: Iterable[str]) -> bool:
        """Whether the server itself keeps two rows from having the same values in columns, or NULL in any."""
        wanted = set(key)
        nullable = {column.name for column in self.columns if column.is_nullable}
        return not wanted & nullable and any(index <= wanted for index in self.unique_indexes)


def list_tables(connection: Connection[Any]) -> list[Table]:
    """Return the tables and views of the session's database that the user may see, by name.

    Raises:
        pymysql.err.MySQLError: The server fails.
    """
    columns: dict[str, list[Column]] = defaultdict(list)
    indexes: dict[tuple[str, str], set[str]] = defaultdict(set)
    with connection.cursor() as cursor:
        # The server's own spelling of the database, as names are compared with case on some servers only. By
        # position, as MySQL 8 calls the columns of information_schema by names in capitals.
        cursor.execute(
            "select table_name, table_type, engine, table_rows from information_schema.tables"
            " where table_schema = database()"
            " and table_type in ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')"
        )
        found = {name: (kind == "VIEW", engine, rows) for name, kind, engine, rows in cursor.fetchall()}
        cursor.execute(
            "select table_name, column_name, data_type, column_type, character_set_name, numeric_precision,"
            " column_key, is_nullable from information_schema.columns where table_schema = database()"
            " order by ordinal_position"
        )
        for name, column, data_type, column_type, character_set, precision, key, nullable in cursor:
            columns[name].append(
                Column(
                    column,
                    data_type.lower(),
                    column_type.lower(),
                    character_set,
                    None if precision is None else int(precision),
                    is_key=key == "PRI",
                    is_nullable=nullable == "YES",
                )
            )
        cursor.execute(
            "select table_name, index_name, column_name from information_schema.statistics"
            " where table_schema = database() and non_unique = 0"
        )
        for name, index, column in cursor:
            # An index over an expression names no column, and is unique in that alone.
            indexes[name, index].add((column or "").lower())
    unique = defaultdict(list)
    for (name, _), names in indexes.items():
        unique[name].append(frozenset(names))
    return [
        Table(name, *about, tuple(columns[name]), tuple(unique[name]))
        for name, about in sorted(found.items())
    ]


def quoted_name(name: str) -> str:
    """Return the name of a table or column as SQL wants it."""
    return "`" + name.replace("`", "``") + "`"
