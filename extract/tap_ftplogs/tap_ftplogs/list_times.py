"""Reads the times of listings: words for months in the languages of servers, dates in figures. Pure."""

from __future__ import annotations

import functools
import re
import unicodedata
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

#: What `ls` writes for the months, without accents and full stops, and the words that others write in full.
_MONTH_WORDS: Final = (
    "jan january janv janvier januar jaen jaenner januari ene enero gen gennaio janeiro sty",
    "feb february fev fevr fevrier februar februari febrero febbraio fevereiro lut",
    "mar march mars marz maerz mrz maart mrt marzo marco",
    "apr april avr avril abr abril aprile kwi",
    "may mai mei mayo mag maggio maio maj",
    "jun june juin juni junio giu giugno junho cze",
    "jul july juil juillet juli julio lug luglio julho lip",
    "aug august aou aout ago agosto augustus augusti sie",
    "sep sept september septembre septiembre set settembre setembro wrz",
    "oct october octobre okt oktober octubre ott ottobre out outubro paz",
    "nov november novembre noviembre novembro lis",
    "dec december decembre dez dezember dic diciembre dicembre dezembro gru",
)
_MONTHS: Final = {
    word: number for number, words in enumerate(_MONTH_WORDS, start=1) for word in words.split()
}

#: How servers encode the words: the last two for Windows, in a window and in a console.
_ENCODINGS: Final = ("utf-8", "cp1252", "cp850")


@functools.lru_cache(maxsize=256)
def month_of(wire_word: str) -> int | None:
    """Return the month that a word of a listing names, None for a word of another language.

    Args:
        wire_word: The word, one character per byte.
    """
    for encoding in _ENCODINGS:
        with suppress(UnicodeDecodeError):
            word = unicodedata.normalize("NFKD", wire_word.encode("latin-1").decode(encoding).casefold())
            month = _MONTHS.get("".join(letter for letter in word if letter.isalpha()))
            if month is not None:
                return month
    return None


def day_in_words(month_word: str, day: str, year: str | None, now: datetime) -> int | None:
    """Return a day as YYYYMMDD, the same whether the year or the time of day is listed.

    Args:
        month_word: The month, one character per byte; a figure counts as it stands.
        day: The day of the month.
        year: The year, None where the time of day stands in its place.
        now: The present in UTC.
    """
    # Some characters count as digits and are none, such as the superscripts of latin-1.
    is_figure = month_word.isascii() and month_word.isdigit()
    month = int(month_word) if is_figure else month_of(month_word)
    if month is None:
        return None
    if year is not None:
        return _day(int(year), month, int(day))
    # Without a year it is the last such day, give or take a clock or a time zone that runs ahead.
    latest = now + timedelta(days=2)
    is_past = (month, int(day)) <= (latest.month, latest.day)
    return _day(latest.year if is_past else latest.year - 1, month, int(day))


def day_in_figures(date: str, *, is_month_first: bool = False) -> int | None:
    """Return the day of a date in figures as YYYYMMDD; None where day and month may be the other way round.

    Args:
        date: Such as 2025-05-28, 28.05.25 or 05/28/2025.
        is_month_first: Whether the server is known to write the month first.
    """
    first, second, third = (int(part) for part in re.split("[./-]", date.rstrip(".")))
    if first > 31:
        return _day(first, second, third)
    year = third if third > 99 else 2000 + third
    if "." in date or first > 12:
        return _day(year, second, first)
    return _day(year, first, second) if is_month_first or second > 12 else None


def _day(year: int, month: int, day: int) -> int | None:
    return year * 10000 + month * 100 + day if 1 <= month <= 12 and 1 <= day <= 31 else None
