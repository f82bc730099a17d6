"""Until when a plant's sources have been written: until now, or to the end of a day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from atelier_demo.factory.shifts import PLANT

if TYPE_CHECKING:
    from pathlib import Path

#: Until then after midnight a machine may not have begun to work, and the day before is not over.
ALL_AT_WORK = timedelta(hours=5, minutes=20)


@dataclass(frozen=True)
class Ending:
    """The last production day of the logs, the Unix time of their last line, the last day of the ERP."""

    day: date
    now: float
    erp_day: date

    @classmethod
    def of_day(cls, day: date) -> Ending:
        """Return the end of a day that is over."""
        return cls(day, math.inf, day)

    @classmethod
    def of_moment(cls, now: datetime) -> Ending:
        """Return an end in the midst of a day, by the plant's clock; the ERP ends the evening before."""
        wall = now.astimezone(PLANT).replace(tzinfo=None)
        return cls((wall - ALL_AT_WORK).date(), now.timestamp(), wall.date() - timedelta(days=1))


def remembered(note: Path) -> Ending:
    """Return the end that a file remembers, so that the sources stay the same; the first time it is now."""
    if not note.is_file():
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(datetime.now(PLANT).isoformat(timespec="seconds"), encoding="ascii")
    text = note.read_text(encoding="ascii").strip()
    # Up to version 1 it was a day.
    if len(text) == len("2025-06-12"):
        return Ending.of_day(date.fromisoformat(text))
    return Ending.of_moment(datetime.fromisoformat(text))
