"""The files of a session: their lines, which copy of a line counts, and the order of the events."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from .lines import Event, Rejected, parse_line, split_lines
from .timeline import instant, is_repeated, repeated_stretch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

#: Lines may be a little out of order. In an hour that occurs twice, a longer step back is the change.
_DISORDER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file; first and last event are wall-clock times in the order of the file."""

    machine_folder: str
    path: str
    size_bytes: int
    line_count: int
    event_count: int
    rejected_count: int
    blank_count: int
    first_event_at: datetime | None
    last_event_at: datetime | None


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """Where a line stands, in the order that decides which copy counts and which of one second is first."""

    file_begins_at: int
    path: str
    byte_offset: int


@dataclass(frozen=True, slots=True)
class Timed:
    """An event and its instant."""

    at: int
    event: Event


@dataclass(slots=True)
class ReadFile:
    """A file: what can be said of it as a whole, and its lines."""

    summary: LogFile
    #: Byte offset, line number, event, in the order of the file.
    events: list[tuple[int, int, Event]]
    rejected: Counter[str]
    #: The offsets of those that are in the first of two occurrences of an hour.
    in_first_hour: set[int] = field(default_factory=set)

    def timed(self, zone: ZoneInfo) -> list[Timed]:
        """Its events with their instants, in the order of the file."""
        return [
            Timed(instant(event.at, zone, is_first=offset in self.in_first_hour), event)
            for offset, _, event in self.events
        ]


def read_file(root: Path, path: Path, *, take_torn_line: bool) -> ReadFile:
    """Read a file below the root; its last line without a line end counts on demand."""
    events: list[tuple[int, int, Event]] = []
    rejected: Counter[str] = Counter()
    blank = lines = 0
    relative = path.relative_to(root)
    content = path.read_bytes()
    for offset, line in split_lines(content, take_torn_line=take_torn_line):
        lines += 1
        parsed = parse_line(line)
        if parsed is None:
            blank += 1
        elif isinstance(parsed, Rejected):
            rejected[parsed.text] += 1
        else:
            events.append((offset, lines, parsed))
    summary = LogFile(
        machine_folder=relative.parts[0],
        path=relative.as_posix(),
        size_bytes=len(content),
        line_count=lines,
        event_count=len(events),
        rejected_count=rejected.total(),
        blank_count=blank,
        first_event_at=events[0][2].at if events else None,
        last_event_at=events[-1][2].at if events else None,
    )
    return ReadFile(summary, events, rejected)


def tell_hours_apart(files: Sequence[ReadFile], zone: ZoneInfo) -> None:
    """Find the lines that are in the first of the two hours, in the night that has 25.

    Where a file's wall clock goes back by an hour, the lines before are in the first one. A file that does
    not show it is a copy from before, if most of its lines of that hour stand in the first hour of a file
    that does, and in the first alone.
    """
    first: set[Event] = set()
    second: set[Event] = set()
    unclear: list[tuple[ReadFile, list[tuple[int, Event]]]] = []
    for file in files:
        lines = [(offset, event) for offset, _, event in file.events if is_repeated(event.at, zone)]
        steps = [
            offset
            for (_, _, before), (offset, _, event) in pairwise(file.events)
            if is_repeated(event.at, zone)
            and _DISORDER <= before.at - event.at <= repeated_stretch(event.at, zone) + _DISORDER
        ]
        if not steps:
            unclear.append((file, lines))
            continue
        file.in_first_hour = {offset for offset, _ in lines if offset < min(steps)}
        first |= {event for offset, event in lines if offset < min(steps)}
        second |= {event for offset, event in lines if offset >= min(steps)}
    for file, lines in unclear:
        speak_for = sum(event in first and event not in second for _, event in lines)
        speak_against = sum(event not in first for _, event in lines)
        if speak_for > speak_against:
            file.in_first_hour = {offset for offset, _ in lines}


def events_in_order(files: Sequence[ReadFile], zone: ZoneInfo) -> list[tuple[Place, int, Timed]]:
    """The events of a session, each as often as in the file that holds it most often, with line numbers.

    The k-th copy of a line is one event, in whichever files it stands; the copy of the file that begins first
    counts, then that of the smallest path. Events of one instant are in that order, too.
    """
    copies: dict[tuple[Timed, int], tuple[Place, int]] = {}
    for file in files:
        timed = file.timed(zone)
        seen: Counter[Timed] = Counter()
        for (offset, line_number, _), line in zip(file.events, timed, strict=True):
            seen[line] += 1
            place = Place(timed[0].at, file.summary.path, offset)
            copy = (line, seen[line])
            copies[copy] = min((place, line_number), copies.get(copy, (place, line_number)))
    ordered = sorted(copies.items(), key=lambda item: (item[0][0].at, item[1]))
    return [(place, line_number, line) for (line, _), (place, line_number) in ordered]


def rejected_count(files: Sequence[ReadFile]) -> int:
    """How many rejected lines a session has, each text as often as in the file that holds it most often."""
    most: Counter[str] = Counter()
    for file in files:
        most |= file.rejected  # the union of two counters is the maximum of each count
    return most.total()
