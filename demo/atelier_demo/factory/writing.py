"""Events become the bytes of a log file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from atelier_demo.factory.shifts import DAY, HOUR, PLANT, Event, clock_change_at_night

if TYPE_CHECKING:
    from atelier_demo.factory.machines import Machine

# Formatting a time for each line would be the slowest part of writing: every second of a day once.
CLOCK = [f" {s // HOUR:02}:{s // 60 % 60:02}:{s % 60:02}|@" for s in range(DAY)]
STAMP_LENGTH = len("20250528 07:02:11")


@dataclass
class Draft:
    """A file about to be written: its lines without their ends, and how it ends.

    `torn` is a last line without a line end; `head` stands before the first line (a byte-order mark).
    """

    lines: list[bytes]
    line_end: bytes
    head: bytes = b""
    torn: bytes = b""

    def content(self) -> bytes:
        """Give the file's bytes."""
        body = self.line_end.join(self.lines) + self.line_end if self.lines else b""
        return self.head + body + self.torn


def draft(machine: Machine, day: date, events: list[Event]) -> Draft:
    """Write the events as the machine's logger does, by the plant's wall clock."""
    text = "\n".join(_lines(day, events))
    return Draft(text.encode(machine.encoding).split(b"\n") if events else [], machine.line_end)


def _lines(day: date, events: list[Event]) -> list[str]:
    today, tomorrow = (f"{d:%Y%m%d}" for d in (day, day + timedelta(days=1)))
    moved = clock_change_at_night(day)
    if moved:
        # Clocks go forward at 02:00 and back at 03:00, so the hour from 02:00 is missing or there twice.
        change = DAY + (2 if moved > 0 else 3) * HOUR
        events = [(second + moved if second >= change else second, text) for second, text in events]
    return [
        f"{today}{CLOCK[second]}{text}" if second < DAY else f"{tomorrow}{CLOCK[second - DAY]}{text}"
        for second, text in events
    ]


def instant(day: date, elapsed: float) -> float:
    """Give the Unix time of `elapsed` seconds after the midnight that begins a production day.

    Counted from noon, which no change of the clocks lies between and the shifts of the day.
    """
    return datetime.combine(day, time(12), PLANT).timestamp() + elapsed - DAY / 2
