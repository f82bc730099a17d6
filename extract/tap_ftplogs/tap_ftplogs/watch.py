"""Notices what is odd in the lines: names never seen, clocks that jump back, machines gone silent."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable

    from tap_ftplogs.parser import Batch
    from tap_ftplogs.settings import Settings

#: Lines come slightly out of order; a step back by more than this is a clock that was set.
CLOCK_JUMP: Final = timedelta(minutes=5)

#: So many event names are remembered, in six characters each: beyond it is no machine but garbage.
MOST_NAMES: Final = 200

_NAMED: Final = 5


@dataclass(slots=True)
class _Jumps:
    """The backward jumps of one machine's clock: how many, in how many files, and the first."""

    count: int
    files: int
    first: str
    last_path: str


class Watch:
    """Looks at every batch, and tells what is odd: of a machine when it is done, of names at the end."""

    def __init__(self, settings: Settings, names_seen: Iterable[str], logger: logging.Logger) -> None:
        """Begin a run.

        Args:
            settings: Which names are ordinary, when a machine is silent, the plant's time zone.
            names_seen: What `names_seen` returned at the end of the run before.
            logger: Where warnings go.
        """
        self._settings = settings
        self._zone = ZoneInfo(settings.plant_timezone)
        self._logger = logger
        self._seen = list(names_seen)
        self._known = set(settings.known_events)
        self._new: dict[str, str] = {}
        self._jumps: _Jumps | None = None
        self._path = ""
        self._last: str | None = None

    @property
    def names_seen(self) -> list[str]:
        """The names that have been told of, each as a short hash; only the first of very many."""
        return self._seen

    def file(self, path: str, last_event_at: str | None) -> None:
        """Begin a file, or go on in it after the event of that wall clock."""
        self._path = path
        self._last = last_event_at

    def batch(self, batch: Batch) -> None:
        """Look at the next rows of the file."""
        if not batch.events:
            return
        for name in {row[3] for row in batch.events} - self._known:
            self._known.add(name)
            short = _short(name)
            if short not in self._seen and len(self._seen) < MOST_NAMES:
                self._seen.append(short)
                line = next(row[1] for row in batch.events if row[3] == name)
                self._new[name] = f"{self._path}, line {line}"
        times = [row[2] for row in batch.events]
        if self._last is not None:
            times.insert(0, self._last)
        self._last = times[-1]
        # Nearly always they are in order already, which this finds out fastest.
        if sorted(times) != times:
            offset = len(times) - len(batch.events)
            for number in range(1, len(times)):
                if times[number] < times[number - 1] and self._is_jump(times[number - 1], times[number]):
                    self._jumped(batch.events[number - offset][1], times[number - 1], times[number])

    def machine(self, folder: str, newest_event_at: str | None, now: float) -> None:
        """End a machine.

        Args:
            folder: Its folder.
            newest_event_at: Wall clock of its newest event ever, None when it never had one.
            now: The present in seconds since 1970.
        """
        jumps, self._jumps = self._jumps, None
        if jumps is not None:
            others = f", and {jumps.count - 1} more times" if jumps.count > 1 else ""
            where = f" in {jumps.files} files" if jumps.files > 1 else ""
            self._logger.warning(
                "the clock of %s jumps back: %s%s%s: check the time of the machine",
                folder,
                jumps.first,
                others,
                where,
            )
        if newest_event_at is None:
            return
        present = datetime.fromtimestamp(now, self._zone)
        newest = datetime.fromisoformat(newest_event_at).replace(tzinfo=self._zone)
        age = present - newest
        if age > timedelta(hours=self._settings.stale_after_hours):
            self._logger.warning(
                "the newest line of %s is of %s, %s ago: check that the machine works, and that its "
                "log reaches the server",
                folder,
                newest_event_at.replace("T", " "),
                f"{age.days} days" if age > timedelta(days=2) else f"{age // timedelta(hours=1)} hours",
            )

    def end(self) -> None:
        """Tell of the event names that were never seen before."""
        if not self._new:
            return
        told = [f"{name!r} ({place})" for name, place in sorted(self._new.items())[:_NAMED]]
        more = f" and {len(self._new) - _NAMED} more" if len(self._new) > _NAMED else ""
        self._logger.warning("event names never seen before, kept as they are: %s%s", ", ".join(told), more)

    def _is_jump(self, before: str, after: str) -> bool:
        earlier, later = datetime.fromisoformat(before), datetime.fromisoformat(after)
        if earlier - later <= CLOCK_JUMP:
            return False
        # In the night when summer time ends the wall clock goes back by itself.
        first = earlier.replace(tzinfo=self._zone, fold=0).timestamp()
        second = later.replace(tzinfo=self._zone, fold=1).timestamp()
        return first - second > CLOCK_JUMP.total_seconds()

    def _jumped(self, line: int, before: str, after: str) -> None:
        if self._jumps is None:
            to = after[11:] if before[:10] == after[:10] else after.replace("T", " ")
            first = f"in {self._path}, line {line}, from {before.replace('T', ' ')} to {to}"
            self._jumps = _Jumps(1, 1, first, self._path)
            return
        self._jumps.count += 1
        if self._jumps.last_path != self._path:
            self._jumps.files += 1
            self._jumps.last_path = self._path


def _short(name: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:5]).decode()[:6]
