"""Names that a server sends: what to show of them, which to refuse, which file is the newest. Pure."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress

from tap_ftplogs.grammar import calendar_day
from tap_ftplogs.limits import MAX_PATH_BYTES

_EIGHT_DIGITS = re.compile(r"(?<![0-9])[0-9]{8}(?![0-9])")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_ABOVE_ASCII = re.compile(r"[^\x00-\x7f]")


def shown_name(wire_name: str) -> str:
    """Return a name as text: UTF-8 if its bytes are, else cp1252, else latin-1.

    Args:
        wire_name: The name as it came over the wire, each byte one character (latin-1).
    """
    for encoding in ("utf-8", "cp1252"):
        with suppress(UnicodeError):
            return wire_name.encode("latin-1").decode(encoding)
    return wire_name


def wire_forms(text: str) -> list[str]:
    """Return how a server may write a text: in UTF-8, or as Windows and DOS do; each byte one character."""
    forms = []
    for encoding in ("utf-8", "cp1252", "cp850"):
        with suppress(UnicodeEncodeError):
            forms.append(text.encode(encoding).decode("latin-1"))
    return list(dict.fromkeys(forms))


def escaped_name(wire_name: str) -> str:
    r"""Return a name with every byte above ASCII as `\xe9`: for two names that would look the same."""
    return _ABOVE_ASCII.sub(lambda match: f"\\x{ord(match[0]):02x}", wire_name)


def refusal(wire_name: str) -> str | None:
    """Say why a name in a listing cannot be trusted; None when it can."""
    if not wire_name or wire_name in (".", ".."):
        return "it does not name anything inside its folder"
    if "/" in wire_name or "\\" in wire_name:
        return "it is a path, not a name"
    if any(unicodedata.category(character) == "Cc" for character in shown_name(wire_name)):
        return "it holds control characters"
    return None


def is_usable_path(wire_path: str) -> bool:
    """Whether a path that a server tells can be sent back, shown and stored."""
    return 0 < len(wire_path) <= MAX_PATH_BYTES and not _CONTROLS.search(wire_path)


def is_log_name(name: str) -> bool:
    """Whether a file of that name is a machine log."""
    return name.lower().endswith(".log")


def day_in_name(name: str) -> str:
    """Return the first calendar day (YYYY-MM-DD) in a file's name, '' when there is none."""
    for match in _EIGHT_DIGITS.finditer(name):
        day = calendar_day(match[0])
        if day is not None:
            return day
    return ""


def age_order(path: str) -> tuple[str, str, str]:
    """Return the key that sorts the files of a machine from old to new: day in the name, name, folder."""
    folder, _, name = path.rpartition("/")
    return day_in_name(name), name, folder
