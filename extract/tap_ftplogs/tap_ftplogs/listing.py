"""Reads what a server answers to LIST and MLSD. Pure: text in, entries out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from tap_ftplogs.limits import MAX_LISTING_LINE_BYTES
from tap_ftplogs.list_lines import Kind, read_lines, size_of

__all__ = ["Listed", "parse_list", "parse_mlsd", "parse_time_value", "size_of"]

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of a folder.

    `wire_name` has one character per byte. `size` is -1 where the listing does not tell it with certainty.
    `time_text` is the time as listed, good for nothing but to see that it is as it was; `day` is its day as
    YYYYMMDD, None where it cannot be read. `modified` (seconds since 1970) is known from MLSD only.
    """

    wire_name: str
    kind: Kind
    size: int
    time_text: str
    modified: int | None = None
    day: int | None = None


def parse_list(lines: Iterable[str], now: datetime) -> tuple[list[Listed], list[str]]:
    """Read the answer to LIST.

    Args:
        lines: Its lines, one character per byte.
        now: The present in UTC: listings leave out the year of recent files.

    Returns:
        The entries, and the lines that could not be understood.
    """
    found, odd = read_lines(lines, now)
    return [
        # Devices, sockets and pipes are no logs.
        Listed(read.name, read.kind, read.size, read.time_text, day=read.day)
        for read in found
        if read.kind is not None
    ], odd


def parse_mlsd(lines: Iterable[str]) -> tuple[list[Listed], list[str]]:
    """Read the answer to MLSD.

    Returns:
        The entries, and the lines that could not be understood.
    """
    entries: list[Listed] = []
    odd: list[str] = []
    for line in lines:
        if not line.strip():
            continue
        facts_text, separator, name = line.lstrip(" ").partition(" ")
        facts = {
            key.lower(): value for key, _, value in (fact.partition("=") for fact in facts_text.split(";"))
        }
        kind_text = facts.get("type", "").lower()
        if not separator or not name or not kind_text or len(line) > MAX_LISTING_LINE_BYTES:
            odd.append(line)
            continue
        kind: Kind
        if kind_text == "file":
            kind = "file"
        elif kind_text == "dir":
            kind = "folder"
        elif "link" in kind_text or "junction" in kind_text:
            kind = "link"
        elif kind_text in ("cdir", "pdir") or kind_text.startswith("os.unix="):
            continue  # the folder itself and its parent; devices, sockets and pipes
        else:
            odd.append(line)
            continue
        modify = facts.get("modify", "")
        modified = parse_time_value(modify)
        entries.append(
            Listed(
                name,
                kind,
                -1 if (told := size_of(facts.get("size", ""))) is None else told,
                modify,
                modified=modified,
                day=int(modify[:8]) if modified is not None else None,
            )
        )
    return entries, odd


def parse_time_value(text: str) -> int | None:
    """Return the seconds since 1970 of MDTM's and MLSD's YYYYMMDDHHMMSS[.sss] (UTC), or None."""
    match = re.fullmatch(r"(\d{14})(?:\.\d+)?", text.strip(), re.ASCII)
    if match is None:
        return None
    try:
        moment = datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return int(moment.timestamp())
