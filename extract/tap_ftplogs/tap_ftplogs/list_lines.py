"""Reads the lines of LIST, which no standard describes: as `ls` and as Windows write them. Pure.

A name is read only where it is certain where it begins. All else may be missing: the server tells a size when
it is asked.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from tap_ftplogs.limits import MAX_LISTING_LINE_BYTES, MAX_SIZE_DIGITS
from tap_ftplogs.list_times import day_in_figures, day_in_words, month_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

Kind = Literal["file", "folder", "link"]

#: One byte is one character here. Only ASCII's blanks are blanks: 0x85 and 0xA0 may be parts of letters.
_FLAGS: Final = re.ASCII

_GROUP_MARK = r"(?:[.,'\x92\xa0\xff]|\xc2\xa0|\xe2\x80[\x89\xaf\x99])"
_GROUPED = rf"\d{{1,3}}(?:{_GROUP_MARK}\d{{3}})+"
_YEAR = r"(?:19|20)\d{2}"
_CLOCK = r"\d{1,2}[:.]\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:[AaPp]\.?[Mm]\.?)?"
_HALF = r"[AaPp]\.?(?:[ ]|\xa0|\xc2\xa0)?[Mm]\.?"
_MONTH = r"(?P<month>[^ \t0-9:/<>()-]{3,24})"
_DAY = r"(?P<day>\d{1,2})"
_CHARACTER = r"[\x80-\xff][\x40-\xff]{1,2}"
_DATE = r"(?P<date>\d{1,4}[./-]\d{1,2}[./-]\d{2,4}\.?)"

#: The whole of nearly every line: the rest is tried only where this does not fit.
_USUAL = re.compile(
    rf"""(?P<kind>[-dl])[-rwxsStTlL]{{9}}[.+@]?[ ]+\d+[ ]+[^ ]+[ ]+[^ ]+[ ]+(?P<size>\d+)[ ]+
        (?P<time>(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[ ]+{_DAY}[ ]+
        (?:(?P<clock>\d\d:\d\d)(?![ ]{_HALF}[ ])|(?P<year>{_YEAR})(?![ ]+{_CLOCK}[ ])))[ ](?P<name>.+)""",
    re.VERBOSE | _FLAGS,
)
_KINDS: Final[dict[str, Kind]] = {"-": "file", "d": "folder", "l": "link"}
_MODE = re.compile(r"(?P<kind>[-dlbcpsD])[-rwxsStTlL]{9}[.+@]?[ \t]+", _FLAGS)
_TIMES: Final = [
    re.compile(f"(?:{form})(?=[ \t])", _FLAGS)
    for form in (
        rf"{_MONTH}[ \t]+{_DAY}[.,]?[ \t]+(?:(?P<clock>{_CLOCK})|(?P<year>{_YEAR}))",
        rf"{_DAY}\.?[ \t]+{_MONTH}[ \t]+(?:(?P<clock>{_CLOCK})|(?P<year>{_YEAR}))",
        rf"{_DAY}-{_MONTH}-(?P<year>{_YEAR})(?:[ \t]+(?P<clock>{_CLOCK}))?",
        # Chinese, Japanese and Korean: figures, each before a character of two or three bytes.
        rf"(?:(?P<year>{_YEAR}){_CHARACTER}[ \t]*)?"
        rf"(?P<month>\d{{1,2}}){_CHARACTER}[ \t]*{_DAY}(?:{_CHARACTER})?"
        rf"(?:[ \t]+(?:(?P<clock>{_CLOCK})|(?P<last_year>{_YEAR})(?:{_CHARACTER})?))?",
        rf"{_DATE}[ \t]+(?P<clock>{_CLOCK})(?:[ \t]+[+-]\d{{4}})?",
        rf"(?P<month>\d\d)-(?P<day>\d\d)[ \t]+(?P<clock>{_CLOCK})",
    )
]
_HALF_APART = re.compile(rf" {_HALF} ", _FLAGS)
_DIGIT = re.compile(r"\d", _FLAGS)
_CLOCK_AFTER = re.compile(rf"[ \t]+{_CLOCK}[ \t]", _FLAGS)
_YEAR_AFTER = re.compile(rf"[ \t]+{_YEAR}[ \t]", _FLAGS)
_DOS = re.compile(
    rf"""(?:{_DATE}|{_DAY}-{_MONTH}-(?P<year>\d{{2,4}}))[ \t]+
        (?P<clock>(?:[\x80-\xff]{{4,6}}[ ]?)?{_CLOCK}(?:[ \t]*(?:{_HALF}|[AaPp]))?)[ \t]+
        (?:<(?P<mark>[^<> \t]+)>(?:[ ]{{10}}|[ \t]+)|(?P<size>{_GROUPED}|\d+)[ ])(?P<name>.+)""",
    re.VERBOSE | _FLAGS,
)
#: Where an owner is not shown, or has a name of several words: so many words stand before the time.
_MOST_WORDS: Final = 8
_WORDS_OF_LS: Final = 4

_TOTAL_WORDS: Final = (
    *(
        "total",
        "totale",
        "totaal",
        "totalt",
        "insgesamt",
        "gesamt",
        "razem",
        "celkem",
        "yhteensä",
        "összesen",
    ),
    *("итого", "总用量", "總計", "合計", "합계"),
)


class LineRead(NamedTuple):
    """What a line says; `size` is -1 where it is uncertain, `kind` None for neither file nor folder."""

    name: str
    kind: Kind | None
    size: int
    time_text: str
    day: int | None


class _Reading(NamedTuple):
    """A line as it is read by itself; what is doubtful about it the other lines decide."""

    read: LineRead
    #: The half of the day and a blank, where that may be the first word of the name as well.
    half: str = ""
    has_clock: bool = False
    #: Where the name begins, and the other reading of a size that is perhaps written in groups.
    column: int = 0
    other: LineRead | None = None
    other_column: int = 0


def read_lines(lines: Iterable[str], now: datetime) -> tuple[list[LineRead], list[str]]:
    """Read the answer to LIST.

    Args:
        lines: Its lines, one character per byte.
        now: The present in UTC.

    Returns:
        What they say, and the lines that could not be understood.
    """
    readings = [
        (line, _reading(line, now) if len(line) <= MAX_LISTING_LINE_BYTES else None)
        for line in lines
        if line.strip(" \t\r") and not _is_total(line)
    ]
    known = [reading for _, reading in readings if reading is not None]
    halves = Counter(bool(reading.half) for reading in known if reading.has_clock)
    columns = {reading.column for reading in known if reading.column and reading.other is None}
    found: list[LineRead] = []
    odd: list[str] = []
    for line, reading in readings:
        read = None if reading is None else _decided(reading, halves, columns)
        if read is None:
            odd.append(line)
        else:
            found.append(read)
    return found, odd


def size_of(text: str) -> int | None:
    """Return the size that a text is; None for what is no size of any file."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_SIZE_DIGITS else None


def _listed_size(text: str) -> int:
    """Return the size that figures tell, -1 where there is no file of that size."""
    size = size_of(text)
    return -1 if size is None else size


def _reading(line: str, now: datetime) -> _Reading | None:
    return _usual(line, now) or _as_ls(line, now) or _as_windows(line)


def _decided(reading: _Reading, halves: Counter[bool], columns: set[int]) -> LineRead | None:
    """Return what a line says, None where the other lines do not settle what is doubtful about it."""
    if reading.half:
        if halves[False]:
            # Others show no half of the day, so the clock has 24 hours.
            return reading.read._replace(name=reading.half + reading.read.name)
        return reading.read if halves[True] > 1 else None
    if reading.other is not None:
        # Windows writes all names below each other.
        fitting = [
            read
            for read, column in ((reading.read, reading.column), (reading.other, reading.other_column))
            if columns == {column}
        ]
        return fitting[0] if fitting else None
    return reading.read


def _usual(line: str, now: datetime) -> _Reading | None:
    match = _USUAL.fullmatch(line)
    if match is None:
        return None
    kind = _KINDS[match["kind"]]
    day = day_in_words(match["month"], match["day"], match["year"], now)
    name, time_text = _without_target(match["name"], kind), _spaced(match["time"])
    return _Reading(
        LineRead(name, kind, _listed_size(match["size"]), time_text, day), has_clock=bool(match["clock"])
    )


def _as_ls(line: str, now: datetime) -> _Reading | None:
    """Read a line that begins with a mode: the time is looked for, a size before it, the name behind it."""
    mode = _MODE.match(line)
    if mode is None:
        return None
    kind = _KINDS.get(mode["kind"])
    if kind is None:
        return _Reading(LineRead("", None, -1, "", None))
    found: list[tuple[int, re.Match[str], int]] = []
    for count, word in enumerate(re.finditer(r"[^ \t]+", line[mode.end() :])):
        start = mode.end() + word.start()
        before = line[mode.end() : start].rstrip(" \t")
        if count > _MOST_WORDS or re.search(r"\d:\d\d", before):
            break
        match = next(filter(None, (form.match(line, start) for form in _TIMES)), None)
        if match is not None and (size := _size_at_end(before, count)) is not None:
            found.append((count, match, size))
    # An owner "mach 10" before a size of 2048 looks like a day; a month that is known does not err.
    found = [each for each in found if _has_known_month(each[1])] or found
    if not found or (len(found) > 1 and found[0][0] < _WORDS_OF_LS):
        return None
    _, match, size = found[0]
    parts = match.groupdict()
    end, clock, year = match.end(), parts.get("clock"), parts.get("date") or parts.get("year")
    half = _HALF_APART.match(line, end) if clock else None
    if half is not None:
        end = half.end() - 1
    elif (not clock and _CLOCK_AFTER.match(line, end)) or (
        clock and clock.count(":") > 1 and not year and _YEAR_AFTER.match(line, end)
    ):
        # What follows may be the rest of the time as well as the beginning of the name.
        return None
    name = line[end + 1 :]
    if not name:
        return None
    time_text = _spaced(line[match.start() : end])
    read = LineRead(_without_target(name, kind), kind, size, time_text, _day_of(parts, now))
    return _Reading(read, half=line[match.end() + 1 : end + 1], has_clock=bool(clock))


def _size_at_end(before: str, word_count: int) -> int | None:
    """Return the size that ends a text, -1 where it is uncertain, None where there is none."""
    # The last word by itself: a search for it would take its square in time.
    last = before[max(before.rfind(" "), before.rfind("\t")) + 1 :]
    if not _DIGIT.search(last):
        return None
    if re.fullmatch(_GROUPED, last, _FLAGS):
        return _listed_size(re.sub(r"\D", "", last, flags=_FLAGS))
    is_group = re.search(r"(?:^|[ \t])\d{1,3} \d{3}$", before, _FLAGS) is not None
    if is_group and (word_count > _WORDS_OF_LS or last.startswith("0")):
        return -1
    return _listed_size(last)


def _has_known_month(match: re.Match[str]) -> bool:
    month = match.groupdict().get("month")
    return month is None or month.isdigit() or month_of(month) is not None


def _day_of(parts: dict[str, str | None], now: datetime) -> int | None:
    if date := parts.get("date"):
        return day_in_figures(date)
    return day_in_words(
        parts["month"] or "", parts["day"] or "", parts.get("year") or parts.get("last_year"), now
    )


def _as_windows(line: str) -> _Reading | None:
    match = _DOS.fullmatch(line)
    if match is None:
        return None
    name, mark, size = match["name"], match["mark"], match["size"]
    kind: Kind = "file"
    if mark is not None and mark.upper() in ("DIR", "REP"):
        kind = "folder"
    elif mark is not None:
        kind, name = "link", name.partition(" [")[0]
    if match["date"]:
        clock = match["clock"].upper()
        # IIS does so, whatever the language.
        is_month_first = re.fullmatch(r"\d\d-\d\d-\d\d", match["date"]) is not None and clock.endswith("M")
        day = day_in_figures(match["date"], is_month_first=is_month_first)
        time_text = f"{match['date']} {match['clock']}"
    else:
        year = match["year"] if len(match["year"]) > 2 else f"20{match['year']}"
        month = month_of(match["month"])
        day = None if month is None else int(year) * 10000 + month * 100 + int(match["day"])
        time_text = line[: match.end("clock")]
    figures = re.sub(r"\D", "", size or "0", flags=_FLAGS)
    read = LineRead(name, kind, _listed_size(figures), _spaced(time_text), day)
    groups = re.match(r"(?:\d{3} )+", name) if size else None
    if groups is None or len(size) > 3 or not name[groups.end() :]:
        return _Reading(read, column=match.start("name"))
    # "1 068 x.log" is 1,068 bytes of x.log, or one byte of "068 x.log".
    other = read._replace(name=name[groups.end() :], size=_listed_size(size + groups[0].replace(" ", "")))
    return _Reading(
        read, column=match.start("name"), other=other, other_column=match.start("name") + groups.end()
    )


def _without_target(name: str, kind: str) -> str:
    return name.partition(" -> ")[0] if kind == "link" else name


def _spaced(text: str) -> str:
    return re.sub("[ \t]+", " ", text.strip(" \t"))


def _is_total(line: str) -> bool:
    """Whether a line is the sum that `ls` begins with, in any of its languages."""
    words = line.strip(" \t\r").split()
    if len(words) != 2 or not words[1][0].isdigit():
        return False
    try:
        word = words[0].encode("latin-1").decode()
    except UnicodeDecodeError:
        return False
    return word.rstrip(":").casefold() in _TOTAL_WORDS
