"""When a schedule is due: the five fields of crontab(5), and the instants that they mean in a time zone.

APScheduler's own reading of a crontab line counts weekdays from Monday and wants both the day of the month
and the weekday to match; crontab(5) counts from Sunday and wants one of the two. Ours is crontab's, so that a
schedule means the same whoever starts it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

_ALIASES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
#: Each field: its name, least and greatest number, names of numbers.
_FIELDS: Final[tuple[tuple[str, int, int, dict[str, int]], ...]] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("weekday", 0, 7, {name: number for number, name in enumerate(_WEEKDAYS)}),
)
_PART: Final = re.compile(r"(?P<first>\*|[0-9]+|[a-z]+)(?:-(?P<last>[0-9]+|[a-z]+))?(?:/(?P<step>[0-9]+))?")
#: A 29 February is eight years away where the century has none.
_DAYS_AHEAD: Final = 8 * 366 + 2


@dataclass(frozen=True)
class Calendar:
    """When a schedule is due, by the wall clock."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    #: Counted from Sunday, which is 0.
    weekdays: tuple[int, ...]
    #: One of the days or of the weekdays is enough: so crontab, where neither field begins with `*`.
    either_day: bool
    #: Every hour as it passes, also the one that autumn repeats: so where the field of hours begins with `*`.
    by_the_hour: bool

    @classmethod
    def of(cls, interval: str) -> Calendar:
        """Read five fields of crontab(5), or an alias such as `@daily`.

        Raises:
            ValueError: It is none, or never due; the sentence says why.
        """
        words = _ALIASES.get(interval.strip().lower(), interval).lower().split()
        if len(words) != len(_FIELDS):
            raise ValueError(
                "give five fields (minute, hour, day of the month, month, weekday) or one of "
                + ", ".join(_ALIASES)
            )
        minutes, hours, days, months, weekdays = (
            _numbers(word, *field) for word, field in zip(words, _FIELDS, strict=True)
        )
        found = cls(
            minutes=minutes,
            hours=hours,
            days=days,
            months=months,
            weekdays=tuple(sorted({number % 7 for number in weekdays})),
            either_day=not words[2].startswith("*") and not words[4].startswith("*"),
            by_the_hour=words[1].startswith("*"),
        )
        # 2000 has a 29 February.
        if not any(
            found.includes(date(2000, 1, 1) + timedelta(days=number)) for number in range(_DAYS_AHEAD)
        ):
            raise ValueError("there is no such day in any month")
        return found

    def includes(self, day: date) -> bool:
        """Tell whether a day is one of its days."""
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and (
            by_day or by_weekday if self.either_day else by_day and by_weekday
        )

    def after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """Return the first instant after a moment, in UTC.

        In UTC, because Python compares two times of one zone by their wall clocks, which autumn repeats. A
        time that spring leaves out comes an hour later; a time that autumn repeats comes once, unless the
        calendar goes by the hour.
        """
        start = moment.astimezone(zone).date() - timedelta(days=1)
        for number in range(_DAYS_AHEAD):
            day = start + timedelta(days=number)
            if self.includes(day):
                for instant in self._instants(day, zone):
                    if instant > moment.astimezone(timezone.utc):
                        return instant
        raise AssertionError(f"{self} has no day")

    # Whoever walks through the times of a day asks for the same day again and again.
    @lru_cache(maxsize=8)  # noqa: B019 # a few calendars, each as long-lived as the program
    def _instants(self, day: date, zone: ZoneInfo) -> list[datetime]:
        return sorted(
            {
                wall.astimezone(timezone.utc)
                for hour in self.hours
                for minute in self.minutes
                for wall in self._walls(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone))
            }
        )

    def _walls(self, wall: datetime) -> Iterator[datetime]:
        if not self.by_the_hour:
            yield wall
        else:
            for fold in (0, 1):
                folded = wall.replace(fold=fold)
                back = folded.astimezone(timezone.utc).astimezone(wall.tzinfo)
                # A time that is left out comes back as another one.
                if (back.hour, back.minute) == (wall.hour, wall.minute):
                    yield folded


def _numbers(word: str, name: str, least: int, greatest: int, names: dict[str, int]) -> tuple[int, ...]:
    """Return the numbers that a field of crontab means."""
    found: set[int] = set()
    for part in word.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"its {name} {part!r} is no number, range or step")
        first, last, step = match["first"], match["last"], match["step"]
        if first == "*":
            if last is not None:
                raise ValueError(f"its {name} {part!r} is no number, range or step")
            # All weekdays are seven, although Sunday is both 0 and 7.
            low, high = least, 6 if names and greatest == 7 else greatest
        else:
            low = _number(first, name, least, greatest, names)
            high = low if last is None else _number(last, name, least, greatest, names)
            if step is not None and last is None:
                raise ValueError(
                    f"its {name} {part!r} has a step but no range: write {first}-{greatest}/{step}"
                )
        if high < low:
            raise ValueError(f"its {name} {part!r} ends before it begins: write two ranges")
        if step is not None and int(step) == 0:
            raise ValueError(f"its {name} {part!r} has a step of 0")
        found.update(range(low, high + 1, int(step or 1)))
    return tuple(sorted(found))


def _number(text: str, name: str, least: int, greatest: int, names: dict[str, int]) -> int:
    number = int(text) if text.isdigit() else names.get(text, -1)
    if not least <= number <= greatest:
        raise ValueError(f"its {name} {text!r} is not from {least} to {greatest}")
    return number
