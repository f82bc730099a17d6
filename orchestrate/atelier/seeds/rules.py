"""The rules that concern several cells of a seed, each as the dbt test of the same name has it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from atelier.seeds import messages_fr, values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from atelier.seeds.definitions import Column, Limit, Rows
    from atelier.seeds.tables import Table


def check(table: Table) -> None:
    """Add what is wrong between the cells of a table, each of which is right by itself."""
    if table.seed.has_rows and not table.rows:
        table.wrong(messages_fr.NO_ROW)
    for position, column in enumerate(table.seed.columns):
        if column.is_unique or column.is_unique_in_normal_form:
            _check_unique(table, [position], column.name, in_normal_form=column.is_unique_in_normal_form)
        if column.has_some_true and "true" not in table.values_of(column.name):
            table.wrong(messages_fr.NONE_TRUE, column=column.name)
        for limit in column.limits:
            _check_limit(table, column, limit)
        _check_empty(table, column)
        _check_smallest(table, column)
    for key in table.seed.keys:
        names = [column.name for column in table.seed.columns]
        _check_unique(table, [names.index(name) for name in key], ", ".join(key))
    for line, entry in _entries(table):
        for columns in table.seed.exclusive:
            if all(entry[name] == "true" for name in columns):
                table.wrong(messages_fr.BOTH_TRUE, line, ", ".join(columns))
        for first, last in table.seed.ordered:
            if entry[first] and entry[last] and entry[last] < entry[first]:
                table.wrong(
                    messages_fr.OUT_OF_ORDER, line, last, value=entry[last], other=entry[first], first=first
                )
    # Last: what is missing matters less than what is wrong in a line.
    for column in table.seed.columns:
        for value in column.every:
            if value not in table.values_of(column.name):
                table.wrong(messages_fr.VALUE_MISSING, column=column.name, value=value)


def check_references(table: Table, tables: Mapping[str, Table]) -> None:
    """Add the values that do not stand in the other seed in which they must."""
    for position, column in enumerate(table.seed.columns):
        if column.reference is None or column.reference.seed not in tables:
            continue
        known = tables[column.reference.seed].values_of(column.reference.column)
        rule = messages_fr.ONE_OF.format(values=", ".join([*known, "*"]))
        for line, row in table.rows:
            # An asterisk stands for all of them.
            if row[position] not in ("", "*", *known):
                table.wrong(messages_fr.NOT_ALLOWED, line, column.name, value=row[position], allowed=rule)


def _entries(table: Table) -> Iterator[tuple[int, dict[str, str]]]:
    for (line, _), entry in zip(table.rows, table.entries(), strict=True):
        yield line, entry


def _are(rows: Rows | None) -> Callable[[dict[str, str]], bool]:
    """Return what tells whether an entry is one of these rows; all are where none are named."""
    return lambda entry: rows is None or entry[rows.column] in rows.values


def _check_unique(table: Table, positions: list[int], column: str, *, in_normal_form: bool = False) -> None:
    first: dict[tuple[str, ...], int] = {}
    for line, row in table.rows:
        shown = [row[position] for position in positions]
        key = tuple(values.normal_form(value) if in_normal_form else value for value in shown)
        if any(shown) and (other := first.setdefault(key, line)) != line:
            table.wrong(messages_fr.TWICE, line, column, value=", ".join(shown), other=other)


def _check_limit(table: Table, column: Column, limit: Limit) -> None:
    is_meant = _are(limit.rows)
    for line, entry in _entries(table):
        value = entry[column.name]
        if not value or not is_meant(entry):
            continue
        if limit.least is not None and Decimal(value) < limit.least:
            rule = messages_fr.AT_LEAST.format(least=values.shown_number(limit.least))
        elif limit.most is not None and Decimal(value) > limit.most:
            rule = messages_fr.AT_MOST.format(most=values.shown_number(limit.most))
        else:
            continue
        table.wrong(
            messages_fr.NOT_ALLOWED,
            line,
            column.name,
            value=values.shown_number(Decimal(value)),
            allowed=rule,
        )


def _check_empty(table: Table, column: Column) -> None:
    rows = column.empty_rows
    if rows is None:
        return
    where = {"other": rows.column, "values": ", ".join(rows.values)}
    for line, entry in _entries(table):
        value, is_meant = entry[column.name], _are(rows)(entry)
        if value and is_meant:
            table.wrong(
                messages_fr.NOT_ALLOWED,
                line,
                column.name,
                value=value,
                allowed=messages_fr.EMPTY.format(**where),
            )
        elif not value and not is_meant:
            table.wrong(
                messages_fr.REQUIRED, line, column.name, allowed=messages_fr.NOT_EMPTY.format(**where)
            )


def _check_smallest(table: Table, column: Column) -> None:
    if column.smallest_rows is None:
        return
    is_meant = _are(column.smallest_rows)
    smallest = min(map(Decimal, table.values_of(column.name)), default=Decimal(0))
    rule = messages_fr.SMALLEST.format(
        most=values.shown_number(smallest), values=", ".join(column.smallest_rows.values)
    )
    for line, entry in _entries(table):
        value = entry[column.name]
        if value and is_meant(entry) and Decimal(value) > smallest:
            table.wrong(messages_fr.NOT_ALLOWED, line, column.name, value=value, allowed=rule)
