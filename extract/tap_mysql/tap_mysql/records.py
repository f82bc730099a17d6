"""Turns the rows of one table into JSON lines, and keeps count of what could not be told as it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tap_mysql import values
from tap_mysql.errors import SourceError
from tap_mysql.wire import fields

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence

    from tap_mysql.tables import Column
    from tap_mysql.values import Kind


class RecordFormatter:
    """Formats the rows of one table.

    Attributes:
        row_count: How many rows were formatted.
    """

    def __init__(
        self, table: str, columns: Sequence[tuple[Column, Kind]], offset: str, logger: logging.Logger
    ) -> None:
        """Prepare for rows.

        Args:
            table: Its name, for warnings.
            columns: The columns of the rows, in their order.
            offset: The session's offset from UTC.
            logger: Takes warnings.
        """
        self._table = table
        self._kinds = columns
        self._columns = [column for column, _ in columns]
        self._logger = logger
        self._oddities = [values.Oddities() for _ in columns]
        self._formatters = [
            values.formatter(column, kind, offset, oddities)
            for (column, kind), oddities in zip(columns, self._oddities, strict=True)
        ]
        prefixes = [f",{json.dumps(column.name)}:" for column in self._columns]
        prefixes[0] = prefixes[0][1:]
        self._members = list(zip(prefixes, self._formatters, strict=True))
        self._located: set[int] = set()
        self.row_count = 0

    def lines(self, packets: Sequence[bytes], head: str, end: str) -> str:
        """Return rows as one text.

        Args:
            packets: The rows.
            head: What stands before the members of each row's object, its brace included.
            end: What follows them, likewise.

        Raises:
            SourceError: A column holds what cannot be a value of its type, or a binary one that is told as
                text something else; or a packet is no row of the table.
        """
        members = self._members
        parts: list[str] = []
        add = parts.append
        for packet in packets:
            add(head)
            row = self._row(packet)
            for (prefix, formatter), value in zip(members, row, strict=True):
                add(prefix)
                try:
                    add("null" if value is None else formatter(value))
                except ValueError:
                    raise self._no_value(prefix) from None
            add(end)
        self.row_count += len(packets)
        self._warn_of_invalid_texts(packets)
        return "".join(parts)

    def value(self, packet: bytes, column: str) -> str | None:
        """Return one value of a row: a text as it is, anything else as JSON text; None for NULL."""
        index = [each.name for each in self._columns].index(column)
        value = fields(packet)[index]
        if value is None:
            return None
        told = json.loads(self._formatters[index](value), parse_int=str, parse_float=str)
        return None if told is None else str(told)

    @property
    def impossible_dates(self) -> dict[str, int]:
        """How many dates of each column are in no calendar and came as NULL; only columns with some."""
        return {
            column.name: oddities.impossible_dates
            for column, oddities in zip(self._columns, self._oddities, strict=True)
            if oddities.impossible_dates
        }

    @property
    def invalid_texts(self) -> dict[str, int]:
        """How many texts of each column held bytes that are no text; only columns with some."""
        return {
            column.name: oddities.invalid_texts
            for column, oddities in zip(self._columns, self._oddities, strict=True)
            if oddities.invalid_texts
        }

    def warn(self) -> None:
        """Warn of what was counted, once the table is read."""
        for column, count in self.impossible_dates.items():
            self._logger.warning(
                "%s.%s: %d dates are in no calendar, such as 0000-00-00, and came as NULL",
                self._table,
                column,
                count,
            )
        for column, count in self.invalid_texts.items():
            self._logger.warning(
                r"%s.%s: %d texts hold bytes that are no text, which came as \xff", self._table, column, count
            )

    def _row(self, packet: bytes) -> list[bytes | None]:
        try:
            row = fields(packet)
        except ValueError:
            row = []
        if len(row) != len(self._members):
            raise SourceError(
                f"the server sends what is no row of the {len(self._members)} columns of the table "
                f"{self._table}: check what answers there, and its version"
            )
        return row

    def _no_value(self, prefix: str) -> SourceError:
        column, kind = self._kinds[[member for member, _ in self._members].index(prefix)]
        if kind.name != "bytes":
            return SourceError(
                f"the column {column.name} of the table {self._table} is of the type {column.column_type}, "
                "and the server sends what is none: check what answers there, and its version"
            )
        return SourceError(
            f"the column {column.name} of the table {self._table} is of the type {column.column_type} and "
            "holds bytes that are no text: let the source have it as a text again, or select it no more"
        )

    def _warn_of_invalid_texts(self, packets: Sequence[bytes]) -> None:
        """Name the key of a column's first invalid text, so that someone can look at it."""
        for index, oddities in enumerate(self._oddities):
            if not oddities.invalid_texts or index in self._located:
                continue
            self._located.add(index)
            self._logger.warning(
                r"%s.%s holds bytes that are no text, first in the row %s: they came as \xff",
                self._table,
                self._columns[index].name,
                self._key_of_first_invalid(packets, index),
            )

    def _key_of_first_invalid(self, packets: Sequence[bytes], index: int) -> str:
        for packet in packets:
            row = fields(packet)
            value = row[index]
            if value is None or values.decoded(value).encode() == value:
                continue
            key = [
                f"{column.name} = {values.NULL if part is None else values.decoded(part)}"
                for column, part in zip(self._columns, row, strict=True)
                if column.is_key
            ]
            return ", ".join(key) or "of a table without a key"
        return "of an unknown key"
