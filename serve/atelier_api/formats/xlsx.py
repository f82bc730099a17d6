"""XLSX with real numbers, dates and times."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import xlsxwriter

from atelier_api import labels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from atelier_api.labels import Language

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

#: What a cell of Excel holds; the texts of logs can be longer.
_LONGEST_TEXT = 32_767
_WIDEST_COLUMN = 40


class Sheet:
    """A workbook with one sheet, written row by row to a file and never held as a whole."""

    def __init__(self, path: Path, title: str, names: Sequence[str], language: Language) -> None:
        self._language = language
        self._book = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                # A text stays a text: no formulas, links or numbers are read into it.
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "tmpdir": str(path.parent),
            },
        )
        self._sheet = self._book.add_worksheet(title[:31])
        head = self._book.add_format({"bold": True, "bottom": 1})
        formats = {
            "date": self._book.add_format({"num_format": "yyyy-mm-dd"}),
            "instant": self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            "rate": self._book.add_format({"num_format": "0.0%"}),
        }
        self._instant, self._date = formats["instant"], formats["date"]
        self._formats = [formats["rate"] if name.endswith("_rate") else None for name in names]
        headings = [labels.column(name, language) for name in names]
        for number, heading in enumerate(headings):
            wide = 19 if names[number].endswith(("_at", "_from", "_to")) else 12
            self._sheet.set_column(number, number, min(max(len(heading) + 2, wide), _WIDEST_COLUMN))
            self._sheet.write_string(0, number, heading, head)
        self._sheet.freeze_panes(1, 0)
        self._columns = len(names)
        self._rows = 0

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Write some rows."""
        for row in rows:
            self._rows += 1
            for number, value in enumerate(row):
                self._write(number, value)

    def close(self) -> None:
        """Finish the file."""
        if self._columns:
            self._sheet.autofilter(0, 0, self._rows, self._columns - 1)
        self._book.close()

    def _write(self, number: int, value: Any) -> None:  # noqa: ANN401 # a value of any type of column
        place = (self._rows, number)
        if value is None:
            return
        if isinstance(value, bool):
            self._sheet.write_string(
                *place, labels.value("boolean", "true" if value else "false", self._language)
            )
        elif isinstance(value, (int, float)):
            self._sheet.write_number(*place, value, self._formats[number])
        elif isinstance(value, datetime):
            # The plant's wall clock: a cell of Excel knows no time zone.
            self._sheet.write_datetime(*place, value.replace(tzinfo=None), self._instant)
        elif isinstance(value, date):
            self._sheet.write_datetime(*place, datetime(value.year, value.month, value.day), self._date)  # noqa: DTZ001 # a date
        else:
            self._sheet.write_string(*place, str(value)[:_LONGEST_TEXT])
