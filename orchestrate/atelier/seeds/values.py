"""A cell as people write it, and as the warehouse takes it."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import TYPE_CHECKING, Final

from atelier.seeds import messages_fr

if TYPE_CHECKING:
    from decimal import Decimal

    from atelier.seeds.definitions import Column

_TRUE: Final = frozenset({"oui", "vrai", "true", "yes", "o", "v", "1"})
_FALSE: Final = frozenset({"non", "faux", "false", "no", "n", "f", "0"})

_MIDNIGHT: Final = r"(?:[ T]00:00(?::00)?)?"
_FRENCH_DATE: Final = re.compile(
    r"(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4})" + _MIDNIGHT, re.ASCII
)
_ISO_DATE: Final = re.compile(
    r"(?P<year>\d{4})[/-](?P<month>\d{1,2})[/-](?P<day>\d{1,2})" + _MIDNIGHT, re.ASCII
)
_NUMBER: Final = re.compile(r"(?P<whole>[+-]?\d+)(?:[.,](?P<fraction>\d+))?", re.ASCII)
_NUMERIC: Final = re.compile(r"numeric\((?P<digits>\d+),\s*(?P<scale>\d+)\)")
_TIME: Final = re.compile(r"(?P<hour>\d{1,2})(?:[:hH](?P<minute>\d{2})?)?(?::00)?", re.ASCII)

_MOST_INTEGER: Final = 2**31 - 1


class NotAllowedError(ValueError):
    """A value that a column cannot hold; the message says in French what is allowed."""


def normal_form(text: str) -> str:
    """Return a text without case, accents and repeated blanks: equal for two spellings of one word."""
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKD", text.casefold())
        if not unicodedata.combining(character)
    )
    return " ".join(plain.split())


def trimmed(cell: str) -> str:
    """Return a cell without blanks around it, no-break ones included."""
    return cell.strip().strip("\xa0\u202f\ufeff").strip()


def canonical(cell: str, column: Column) -> str:
    """Return a cell that is not empty as the warehouse takes it.

    Args:
        cell: The cell, without blanks around it.
        column: Its column.

    Raises:
        NotAllowedError: The column cannot hold it.
    """
    if column.is_opening_time or column.is_closing_time:
        cell = _time_of_day(cell, most_hours=24 if column.is_closing_time else 23)
    elif column.type == "boolean":
        cell = _boolean(cell)
    elif column.type == "date":
        cell = _date(cell)
    elif column.type in {"integer", "bigint", "smallint"}:
        cell = _integer(cell)
    elif column.type.startswith("numeric"):
        cell = _number(cell, column.type)
    if not column.accepted:
        return cell
    spellings = {normal_form(value): value for value in column.accepted}
    if (form := normal_form(cell)) not in spellings:
        raise NotAllowedError(allowed(column))
    return spellings[form]


def allowed(column: Column) -> str:
    """Return in French what a column may hold."""
    if column.accepted:
        return messages_fr.ONE_OF.format(values=", ".join(column.accepted))
    if column.is_closing_time:
        return messages_fr.CLOSING_TIME
    if column.is_opening_time:
        return messages_fr.OPENING_TIME
    return {
        "boolean": messages_fr.BOOLEAN,
        "date": messages_fr.DATE,
        "integer": messages_fr.INTEGER,
        "bigint": messages_fr.INTEGER,
        "smallint": messages_fr.INTEGER,
        "text": messages_fr.TEXT,
    }.get(column.type, messages_fr.NUMBER)


def shown_number(number: Decimal) -> str:
    """Return a number as people write it in France."""
    return f"{number:f}".replace(".", ",")


def _boolean(cell: str) -> str:
    form = normal_form(cell)
    if form in _TRUE:
        return "true"
    if form in _FALSE:
        return "false"
    raise NotAllowedError(messages_fr.BOOLEAN)


def _date(cell: str) -> str:
    match = _FRENCH_DATE.fullmatch(cell) or _ISO_DATE.fullmatch(cell)
    try:
        if match is None:
            raise NotAllowedError(messages_fr.DATE)
        return date(*(int(match[part]) for part in ("year", "month", "day"))).isoformat()
    except ValueError:
        raise NotAllowedError(messages_fr.DATE) from None


def _parts(cell: str, rule: str) -> re.Match[str]:
    """Return a number's parts; blanks that part its thousands do not count."""
    match = _NUMBER.fullmatch(re.sub(r"(?<=\d)[ \xa0\u202f](?=\d{3}(?!\d))", "", cell))
    if match is None:
        raise NotAllowedError(rule)
    return match


def _integer(cell: str) -> str:
    match = _parts(cell, messages_fr.INTEGER)
    # A spreadsheet may show two decimals of a whole number; three may be a thousand.
    if match["fraction"] and (match["fraction"].strip("0") or len(match["fraction"]) == 3):
        raise NotAllowedError(messages_fr.INTEGER)
    if len(match["whole"]) > 11 or abs(int(match["whole"])) > _MOST_INTEGER:
        raise NotAllowedError(messages_fr.INTEGER)
    return str(int(match["whole"]))


def _number(cell: str, kind: str) -> str:
    match = _parts(cell, messages_fr.NUMBER)
    size = _NUMERIC.fullmatch(kind)
    most = int(size["digits"]) - int(size["scale"]) if size else 30
    if len(match["whole"].lstrip("+-").lstrip("0")) > most:
        raise NotAllowedError(messages_fr.NUMBER)
    return match["whole"] + (f".{match['fraction']}" if match["fraction"] else "")


def _time_of_day(cell: str, *, most_hours: int) -> str:
    rule = messages_fr.CLOSING_TIME if most_hours == 24 else messages_fr.OPENING_TIME
    match = _TIME.fullmatch(cell)
    hour, minute = (int(match["hour"]), int(match["minute"] or 0)) if match else (99, 0)
    if hour > most_hours or minute > 59 or (hour == 24 and minute):
        raise NotAllowedError(rule)
    return f"{hour:02}:{minute:02}"
