"""How a table follows a stream whose columns have changed: wider where that is safe, else not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from target_warehouse.dependents import dependents_set_aside
from target_warehouse.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]


class SchemaRefusedError(LoadError):
    """A stream has columns that its table cannot take; nothing was changed."""


@dataclass(frozen=True)
class Change:
    """A column that a table gets, or gets wider."""

    column: str
    new_type: sa.types.TypeEngine[object]
    is_new: bool


def changes(
    table: sa.Table, wanted: Mapping[str, sa.types.TypeEngine[object]], key: Sequence[str]
) -> list[Change]:
    """Return what a table needs to take a stream's rows.

    Args:
        table: The table as it is.
        wanted: The stream's columns and the types that they would have in a new table.
        key: The stream's key.

    Raises:
        SchemaRefusedError: A column holds something else now, or the table has no column of the key.
    """
    if lacking := [name for name in key if name not in table.columns]:
        raise SchemaRefusedError(
            f"{table.fullname} has no column {', '.join(lacking)} in the warehouse, by which the source "
            "tells its rows apart now: nothing was changed; let the source have the old key again, or drop "
            "the table in the warehouse, as it is loaded whole"
        )
    found = []
    for name, new_type in wanted.items():
        if name not in table.columns:
            found.append(Change(name, new_type, is_new=True))
            continue
        held = table.columns[name].type
        family, width = _width(held)
        new_family, new_width = _width(new_type)
        if family != new_family:
            raise SchemaRefusedError(
                f"the column {name} of {table.fullname} is {_named(held)} in the warehouse, and the source "
                f"sends {_named(new_type)} now: nothing was changed; let the source have the old type "
                "again, or select the column no more"
            )
        if new_width > width:
            found.append(Change(name, new_type, is_new=False))
    return found


def check_key(table: sa.Table, key: Sequence[str]) -> None:
    """Refuse rows that come with another key than those that are there, and do not take their place.

    Raises:
        SchemaRefusedError: The key is another one.
    """
    held_key = [column.name for column in table.primary_key.columns]
    if held_key and set(held_key) != set(key):
        raise SchemaRefusedError(
            f"the rows of {table.fullname} have the key {', '.join(held_key)} in the warehouse, and the "
            f"source gives them the key {', '.join(key) or 'none'}: nothing was changed; let the source "
            "have the old key again, or set it as the stream's table-key-properties"
        )


def changed(table: sa.Table, found: Sequence[Change], key: Sequence[str]) -> sa.Table:
    """Return a table as it is after changes, with a key."""
    types = {column.name: column.type for column in table.columns}
    types |= {change.column: change.new_type for change in found}
    columns = [
        sa.Column(name, held, primary_key=name in key, autoincrement=False) for name, held in types.items()
    ]
    return sa.Table(table.name, sa.MetaData(), *columns, schema=table.schema)


def follow(connection: Connection, table: sa.Table, found: Sequence[Change]) -> None:
    """Change a table in the caller's transaction, and the views on it with it.

    Raises:
        LoadError: Something is built on a column that has to become wider, and is not ours to make again.
    """
    name = _DIALECT.identifier_preparer.format_table(table)
    parts = [
        f"add column {_quoted(change.column)} {_named(change.new_type)}"
        if change.is_new
        else f"alter column {_quoted(change.column)} type {_named(change.new_type)}"
        for change in found
    ]
    if not parts:
        return
    statement = f"alter table {name} {', '.join(parts)}"
    wider = [change.column for change in found if not change.is_new]
    if wider:
        with dependents_set_aside(connection, table, wider) as alter:
            alter(statement)
    else:
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _width(held: sa.types.TypeEngine[object]) -> tuple[str, int]:
    """Return what kind of values a type holds, and how wide it is among its like."""
    widths = (
        (sa.SmallInteger, "number", 1),
        (sa.BigInteger, "number", 3),
        (sa.Integer, "number", 2),
        (sa.String, "text", 1),
        (sa.Date, "moment", 1),
    )
    for kind, family, width in widths:
        if isinstance(held, kind):
            return family, width
    if isinstance(held, sa.Numeric) and not isinstance(held, sa.Float) and held.precision is None:
        return "number", 4
    if isinstance(held, sa.DateTime) and not held.timezone:
        return "moment", 2
    return _named(held), 1


def _named(held: sa.types.TypeEngine[object]) -> str:
    return held.compile(dialect=_DIALECT).lower()


def _quoted(name: str) -> str:
    return _DIALECT.identifier_preparer.quote(name)
