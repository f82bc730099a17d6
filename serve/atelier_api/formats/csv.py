"""CSV as French Excel opens it: UTF-8 with a mark, semicolons, decimal commas, CRLF."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import TYPE_CHECKING, Any

from atelier_api import labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_api.labels import Language

MEDIA_TYPE = "text/csv; charset=utf-8"
BYTE_ORDER_MARK = "\ufeff"

#: What makes Excel and its like take a text for a formula; the texts come from logs and an ERP.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def lines(rows: Sequence[Sequence[Any]], language: Language) -> str:
    """Return rows as lines of CSV."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    writer.writerows([_cell(value, language) for value in row] for row in rows)
    return buffer.getvalue()


def _cell(value: Any, language: Language) -> str:  # noqa: ANN401 # a value of any type of column
    if value is None:
        return ""
    if isinstance(value, bool):
        return labels.value("boolean", "true" if value else "false", language)
    if isinstance(value, float):
        return f"{value:.12g}".replace(".", ",") if abs(value) < 1e12 else f"{value:f}".replace(".", ",")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        # The plant's wall clock: Excel reads neither a T nor an offset.
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return harmless(str(value))
