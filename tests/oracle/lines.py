"""Machine log lines: bytes to events, rejected lines and blank lines; what the details of an event say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BOM = b"\xef\xbb\xbf"

_TIME = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})")
_EVENT = re.compile(r"\s*\|@\s*(\w+)\s*:?(.*)", re.DOTALL)
_NUMBER = r"([0-9]+(?:[.,][0-9]+)?)"
_NUMBER_BEFORE_SEC = re.compile(_NUMBER + r"\s*sec", re.IGNORECASE)
_ANY_NUMBER = re.compile(_NUMBER)
_ORDER = re.compile(r"(?<!\d)(\d{4,9})([/-])([A-Za-z0-9]{1,5})(?![A-Za-z0-9])", re.ASCII)
_YEAR = re.compile(r"(19|20)\d\d")
_JOB_TOKEN = re.compile(r"(?<!\w)([RLC]):")


@dataclass(frozen=True, slots=True)
class Event:
    """An event line: the plant's wall clock as written, the name, the trimmed details ('' when none)."""

    at: datetime
    name: str
    details: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is neither blank nor an event: its decoded text without line end, and why."""

    text: str
    reason: str


def decode(line: bytes) -> str:
    """UTF-8; where that fails cp1252; the bytes that cp1252 leaves undefined as latin-1."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError:
        return "".join(_decode_byte(bytes([byte])) for byte in line)


def _decode_byte(byte: bytes) -> str:
    try:
        return byte.decode("cp1252")
    except UnicodeDecodeError:
        return byte.decode("latin-1")


def parse_line(line: bytes) -> Event | Rejected | None:
    """Reads one line, without its line end; None is a blank line."""
    text = decode(line.replace(b"\x00", b"")).strip()
    if not text:
        return None
    time = _TIME.match(text)
    if time is None:
        return Rejected(_as_written(line), "no_time")
    year, month, day, hour, minute, second = (int(group) for group in time.groups())
    try:
        at = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the plant's wall clock, as written
    except ValueError:
        return Rejected(_as_written(line), "impossible_time")
    event = _EVENT.fullmatch(text, time.end())
    if event is None:
        return Rejected(_as_written(line), "no_event")
    return Event(at, event[1], event[2].strip())


def _as_written(line: bytes) -> str:
    return decode(line.removesuffix(b"\r"))


def split_lines(content: bytes, *, take_torn_line: bool) -> Iterator[tuple[int, bytes]]:
    """The lines of a file as (byte offset, bytes without LF); a last line without LF only on demand."""
    offset = 0
    while offset < len(content):
        end = content.find(b"\n", offset)
        if end < 0:
            if not take_torn_line:
                return
            end = len(content)
        line = content[offset:end]
        yield offset, line.removeprefix(BOM) if offset == 0 else line
        offset = end + 1


def wait_microseconds(details: str) -> int:
    """How long a MachineWait lasts, to the warehouse's resolution of a microsecond; 0 is no wait."""
    number = _NUMBER_BEFORE_SEC.search(details) or _ANY_NUMBER.search(details)
    if number is None:
        return 0
    seconds = Decimal(number[1].replace(",", "."))
    return int((seconds * 1_000_000).to_integral_value(ROUND_HALF_EVEN))


def order_of_piece(details: str) -> tuple[int | None, str | None]:
    """Order number and extension that the details of a piece carry, such as `230001/A` or `2507748-004`."""
    for found in _ORDER.finditer(details):
        number, mark, extension = found.groups()
        before, after = details[: found.start()], details[found.end() :]
        if before[-1:] == "." and before[-2:-1].isdigit():
            continue  # the digits after a decimal point
        if mark == "-" and len(number) == 4:  # as many as a measure or a colour has
            continue
        if not _is_of_a_date(before, number, extension, after):
            return int(number), extension
    return None, None


def _is_of_a_date(before: str, number: str, extension: str, after: str) -> bool:
    """Whether `number/extension` is a date or a part of one, whatever the order of its parts."""
    if re.fullmatch(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", number):
        return True  # 20250528
    if re.fullmatch(r"(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])(19|20)\d\d", number):
        return True  # 28052025
    if len(number) != len("2025"):
        return False
    if re.search(r"\d{1,2}[/.-]\d{1,2}[/.-]$", before):
        return True  # 28/05/2025
    if re.fullmatch(r"\d{1,2}", extension) and re.match(r"[/.-]\d{1,2}(?!\d)", after):
        return True  # 2025/05/28
    is_part_of_year = re.fullmatch(r"\d{1,2}|[WSQT]\d{1,2}", extension, re.IGNORECASE)
    return bool(_YEAR.fullmatch(number) and (is_part_of_year or _YEAR.fullmatch(extension)))


def read_job(details: str) -> tuple[str | None, Decimal | None, str | None]:
    """Profile reference, length in mm and colour of a JobProfiel; what is missing is None."""
    values: dict[str, str] = {}
    tokens = list(_JOB_TOKEN.finditer(details))
    ends = [token.start() for token in tokens[1:]] + [len(details)]
    for token, end in zip(tokens, ends, strict=False):
        letter = token[1]
        if letter == "C":  # the colour runs to the end of the line, whatever it contains
            values["C"] = details[token.end() :].strip()
            break
        text = details[token.end() : end].split()
        if text:
            values.setdefault(letter, text[0])
    length = _ANY_NUMBER.fullmatch(values.get("L", ""))
    return (
        values.get("R"),
        Decimal(length[1].replace(",", ".")) if length else None,
        values.get("C") or None,
    )
