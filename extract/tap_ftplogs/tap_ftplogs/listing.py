"""Reads what a server answers to LIST and MLSD. Pure: text in, entries out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["file", "folder", "link"]


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of a folder.

    `wire_name` has one character per byte. `size` is -1 where MLSD does not tell it. `time_text` is the time
    as listed, good for nothing but to see that it is as it was; `day` is its day as YYYYMMDD, None where it
    cannot be read. `modified` (seconds since 1970) is known from MLSD only.
    """

    wire_name: str
    kind: Kind
    size: int
    time_text: str
    modified: int | None = None
    day: int | None = None


_UNIX = re.compile(
    r"""(?P<kind>[-dlbcps])[-rwxsStTlL]{9}[.+@]?\s+
        (?:\d+\s+)?(?:\S.*?\s)?(?P<size>\d+)\s+
        (?P<time>(?:[^\W\d_]{3,9}\.?\s+\d{1,2}|\d{1,2}\.?\s+[^\W\d_]{3,9}\.?)\s+(?:\d{1,2}:\d{2}|\d{4})
            |\d{4}-\d{2}-\d{2}\s+\d{2}:\d{2})
        \s(?P<name>.+)""",
    re.VERBOSE,
)
_DOS = re.compile(
    r"(?P<time>\d{2}-\d{2}-\d{2,4}\s+\d{1,2}:\d{2}(?:[AP]M)?)\s+"
    r"(?:(?P<folder><DIR>)\s+|(?P<size>\d+)\s)(?P<name>.+)"
)
_KINDS: dict[str, Kind] = {"-": "file", "d": "folder", "l": "link"}
_MONTHS = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)  # noqa: SIM905
}


def parse_list(lines: Iterable[str], now: datetime) -> tuple[list[Listed], list[str]]:
    """Read the answer to LIST.

    Args:
        lines: Its lines, one character per byte.
        now: The present in UTC: listings leave out the year of recent files.

    Returns:
        The entries, and the lines that could not be understood.
    """
    entries: list[Listed] = []
    odd: list[str] = []
    for line in lines:
        if not line.strip() or re.fullmatch(r"\s*total\s+\d+\s*", line, re.IGNORECASE):
            continue
        match = _UNIX.fullmatch(line)
        if match is not None:
            kind = _KINDS.get(match["kind"])
            if kind is None:
                continue  # devices, sockets and pipes are nobody's log
            name = match["name"].partition(" -> ")[0] if kind == "link" else match["name"]
            time_text = " ".join(match["time"].split())
            entries.append(Listed(name, kind, int(match["size"]), time_text, day=_day(time_text, now)))
            continue
        match = _DOS.fullmatch(line)
        if match is not None:
            kind = "folder" if match["folder"] else "file"
            time_text = " ".join(match["time"].split())
            entries.append(Listed(match["name"], kind, int(match["size"] or 0), time_text))
            continue
        odd.append(line)
    return entries, odd


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
        if not separator or not name or not kind_text:
            odd.append(line)
            continue
        kind: Kind
        if kind_text == "file":
            kind = "file"
        elif kind_text == "dir":
            kind = "folder"
        elif "slink" in kind_text or "symlink" in kind_text:
            kind = "link"
        else:
            continue  # cdir and pdir are the folder itself and its parent
        modify = facts.get("modify", "")
        modified = parse_time_value(modify)
        size = facts.get("size", "")
        entries.append(
            Listed(
                name,
                kind,
                int(size) if size.isascii() and size.isdigit() else -1,
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


def _day(time_text: str, now: datetime) -> int | None:
    """Return the day of a listed time as YYYYMMDD: the same whether the year or the time of day is shown."""
    iso = re.match(r"(\d{4})-(\d{2})-(\d{2})", time_text)
    if iso is not None:
        return int("".join(iso.groups()))
    parts = time_text.replace(".", "").split()
    if parts[0].isdigit():
        parts[0], parts[1] = parts[1], parts[0]
    month = _MONTHS.get(parts[0].lower()[:3])
    if month is None:
        return None
    day = int(parts[1])
    if ":" not in parts[2]:
        return int(parts[2]) * 10000 + month * 100 + day
    # Without a year it is the last such day, give or take a clock or a time zone that runs ahead.
    latest = now + timedelta(days=2)
    year = latest.year if (month, day) <= (latest.month, latest.day) else latest.year - 1
    return year * 10000 + month * 100 + day
