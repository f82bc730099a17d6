"""What a line of a machine log is: an event, a rejected line or blank. Pure: text in, values out."""

from __future__ import annotations

import codecs
import re
from datetime import date
from functools import lru_cache
from typing import Final, TypeAlias

NO_TIME: Final = "no_time"
IMPOSSIBLE_TIME: Final = "impossible_time"
NO_EVENT: Final = "no_event"

BOM: Final = codecs.BOM_UTF8

#: Longest text of a rejected line that is kept, in characters.
MAX_REJECTED_CHARACTERS: Final = 4000

Event: TypeAlias = "tuple[str, str, str]"
"""Wall clock as "YYYY-MM-DDTHH:MM:SS", event name, details ('' when there are none)."""

_EVENT = re.compile(r"([0-9]{8}) ([0-9]{2}:[0-9]{2}:[0-9]{2})\s*\|@\s*(\w+)\s*:?\s*(.*)", re.DOTALL)
_TIME = re.compile(r"([0-9]{8}) ([0-9]{2}:[0-9]{2}:[0-9]{2})")
_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}

#: What latin-1 text becomes when its bytes are cp1252, but for the five bytes that cp1252 leaves undefined.
_LEGACY_CHARACTERS = {
    byte: bytes([byte]).decode("cp1252") for byte in range(256) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


def decode(line: bytes) -> str:
    """Decode a line as UTF-8, and where that fails as cp1252 (bytes that it leaves undefined as latin-1)."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1").translate(_LEGACY_CHARACTERS)


def decode_beginning(line: bytes) -> str:
    """Decode the beginning of a line that was cut anywhere, even within a character."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(line, final=False)
    except UnicodeDecodeError:
        return decode(line)


def classify(text: str) -> Event | str | None:
    """Say what a line is.

    Args:
        text: The line, decoded, without NULs.

    Returns:
        An event; the reason why the line is rejected; or None for a blank line.
    """
    text = text.strip()
    match = _EVENT.match(text)
    if match is not None:
        day, time, name, details = match.groups()
        iso_day = calendar_day(day)
        if iso_day is not None and time < "24" and time[3] < "6" and time[6] < "6":
            return f"{iso_day}T{time}", name, details
        return IMPOSSIBLE_TIME
    if not text:
        return None
    match = _TIME.match(text)
    if match is None:
        return NO_TIME
    day, time = match.groups()
    if calendar_day(day) is None or not (time < "24" and time[3] < "6" and time[6] < "6"):
        return IMPOSSIBLE_TIME
    return NO_EVENT


@lru_cache(maxsize=4096)
def calendar_day(digits: str) -> str | None:
    """Return "YYYY-MM-DD" for YYYYMMDD, or None for a day that no calendar has."""
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
    except ValueError:
        return None


def shown(text: str) -> tuple[str, bool]:
    r"""Make the text of a rejected line storable.

    Returns:
        The text with control characters as `\x1b`, cut to 4,000 characters; whether it was cut.
    """
    escaped = text[: MAX_REJECTED_CHARACTERS + 1].translate(_ESCAPES)
    return escaped[:MAX_REJECTED_CHARACTERS], len(escaped) > MAX_REJECTED_CHARACTERS
