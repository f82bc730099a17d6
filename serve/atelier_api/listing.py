"""Lists of rows: one engine for filters, order, sparse fields, pages and formats of every list route.

A list is declared by its row (a pydantic model, which is also its description in OpenAPI), what it is read
from, and its key. Queries are put together from those declarations alone; what a client says is a parameter.
"""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass, field
from datetime import date, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Union, get_args, get_origin

from atelier_api import labels
from atelier_api.errors import ProblemError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    from atelier_api.labels import Language
    from atelier_api.paging import Position

#: PostgreSQL's names of our types, for the values of a cursor.
_SQL_TYPES: Final = {
    str: "text",
    int: "bigint",
    float: "numeric",
    bool: "boolean",
    date: "date",
    datetime: "timestamptz",
}


@dataclass(frozen=True)
class Column:
    """One column of a list."""

    name: str
    type: type
    nullable: bool
    #: The SQL that yields it; of a label none, for it is made from another column.
    expression: str
    #: Kind of the label and the column that has its code.
    label_of: tuple[str, str] | None = None


@dataclass(frozen=True)
class Listing:
    """What a list route reads and how.

    Args:
        row: The model of a row; its fields are the columns, in order.
        source: What stands after `from`.
        key: Columns that identify a row; always part of the answer.
        conditions: SQL by query parameter, in which `%(name)s` is the parameter's value.
        expressions: SQL of columns that are not just columns of the source.
        labels: Columns that are labels: the kind of code, and the column with the code.
        restricted: Columns that need a permission, by name.
        always: Conditions that hold whatever is asked.
        inner: Query parameters that stand in the source itself, as NULL where they are not asked for.
    """

    row: type[BaseModel]
    source: str
    key: tuple[str, ...]
    conditions: Mapping[str, str] = field(default_factory=dict)
    expressions: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    restricted: Mapping[str, str] = field(default_factory=dict)
    always: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        columns = {
            name: Column(
                name, *_type_of(info.annotation), self.expressions.get(name, name), self.labels.get(name)
            )
            for name, info in self.row.model_fields.items()
        }
        object.__setattr__(self, "columns", columns)
        unknown = {*self.key, *self.expressions, *self.labels, *self.restricted} - set(columns)
        if unknown:
            raise ValueError(f"{self.row.__name__} has no {', '.join(sorted(unknown))}")

    columns: dict[str, Column] = field(init=False, repr=False)

    def chosen(self, fields: str | None, permissions: frozenset[str]) -> list[Column]:
        """Return the columns that are to be shown, in the order of the row.

        Raises:
            ProblemError: A column is unknown, or not open to the one who asks.
        """
        closed = {name for name, permission in self.restricted.items() if permission not in permissions}
        if fields is None:
            return [column for name, column in self.columns.items() if name not in closed]
        asked = set(fields.split(","))
        if unknown := asked - set(self.columns):
            raise ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "fields names something that the rows of this list do not have",
                errors=[("query.fields", f"unknown: {', '.join(sorted(unknown))}")],
            )
        self._refuse(asked & closed)
        # A label is made from its code, so the code comes with it.
        asked |= {self.labels[name][1] for name in asked & set(self.labels)} | set(self.key)
        return [column for name, column in self.columns.items() if name in asked]

    def order(self, sort: str, permissions: frozenset[str]) -> tuple[Column, bool]:
        """Return the column to sort by, and whether it falls.

        Raises:
            ProblemError: The column is not open to the one who asks: its order would give it away.
        """
        column = self.columns[sort.removeprefix("-")]
        if self.restricted.get(column.name, "") not in {"", *permissions}:
            self._refuse({column.name})
        return column, sort.startswith("-")

    def _refuse(self, names: set[str]) -> None:
        if names:
            raise ProblemError(
                HTTPStatus.FORBIDDEN,
                f"your role may not see {', '.join(sorted(names))}: leave it out, or ask an administrator",
                kind="field-not-permitted",
            )

    def query(  # the parts of a query
        self,
        columns: Sequence[Column],
        filters: Mapping[str, Any],
        order: tuple[Column, bool],
        *,
        after: Position | None,
        limit: int | None,
    ) -> tuple[str, dict[str, Any]]:
        """Return the query of a page and its parameters; its rows end with the values of the next cursor.

        Args:
            columns: What to show; labels are left to the one who reads the rows.
            filters: Values by query parameter; None means not asked for.
            order: Column to sort by, and whether it falls.
            after: Where the page before ended.
            limit: Rows at most; None for all.
        """
        parameters: dict[str, Any] = {
            name: value for name, value in filters.items() if value is not None and name in self.conditions
        }
        wheres = [*self.always, *(f"({self.conditions[name]})" for name in parameters)]
        parameters.update({name: filters.get(name) for name in self.inner})
        column, falls = order
        keys = [self.columns[name] for name in self.key if name != column.name]
        if after is not None:
            wheres.append(_beyond(column, keys, after, parameters, falls=falls))
        selected = [one.expression for one in columns if one.label_of is None]
        selected += [one.expression for one in (column, *keys)]
        way = "desc" if falls else "asc"
        ordering = [f"{column.expression} {way}" + (" nulls last" if column.nullable else "")]
        ordering += [f"{one.expression} {way}" for one in keys]
        text = f"select {', '.join(selected)} from {self.source}"  # noqa: S608 # declarations only
        if wheres:
            text += f" where {' and '.join(wheres)}"
        text += f" order by {', '.join(ordering)}"
        if limit is not None:
            text += " limit %(page_limit)s"
            parameters["page_limit"] = limit
        return text, parameters


def named(
    columns: Sequence[Column], rows: Sequence[tuple[Any, ...]], language: Language
) -> list[dict[str, Any]]:
    """Return rows by the names of their columns, with the labels of a language."""
    plain = [column.name for column in columns if column.label_of is None]
    data = [dict(zip(plain, row, strict=False)) for row in rows]
    for column in columns:
        if column.label_of is not None:
            kind, code = column.label_of
            for one in data:
                found = one.get(code)
                one[column.name] = None if found is None else labels.value(kind, str(found), language)
    return data


def _beyond(
    column: Column, keys: Sequence[Column], after: Position, parameters: dict[str, Any], *, falls: bool
) -> str:
    """Return the condition of rows that come after a position, nulls being last either way."""
    sign = "<" if falls else ">"
    names = [f"after_{number}" for number in range(len(after))]
    parameters.update(zip(names, after, strict=True))
    values = [f"%({name})s::{_SQL_TYPES[one.type]}" for name, one in zip(names, (column, *keys), strict=True)]
    key_side = ", ".join(one.expression for one in keys)
    key_values = ", ".join(values[1:])
    if after[0] is None:
        del parameters[names[0]]
        return f"({column.expression} is null and ({key_side}) {sign} ({key_values}))"
    whole = (
        f"({', '.join([column.expression, *(one.expression for one in keys)])}) {sign} ({', '.join(values)})"
    )
    return f"({whole} or {column.expression} is null)" if column.nullable else whole


def _type_of(annotation: Any) -> tuple[type, bool]:  # noqa: ANN401 # any annotation of a model
    """Return the type of a model's field and whether it may be null."""
    nullable = False
    if get_origin(annotation) in {Union, types.UnionType}:
        options = [option for option in get_args(annotation) if option is not type(None)]
        nullable = True
        annotation = options[0]
    if get_origin(annotation) is typing.Literal:
        annotation = type(get_args(annotation)[0])
    if annotation not in _SQL_TYPES:
        raise TypeError(f"{annotation} is no type of a column")
    return annotation, nullable
