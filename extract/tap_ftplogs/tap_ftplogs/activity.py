"""Says which files of a machine may still be written: in doubt, a file may."""

from __future__ import annotations

import re
from calendar import timegm
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from tap_ftplogs.names import day_in_name
from tap_ftplogs.plan import is_listed_as_known

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from tap_ftplogs.discovery import LogFile
    from tap_ftplogs.state import FileState

#: A file that was written so lately may go on, whatever its name: longer than a night between two shifts.
QUIET_SECONDS: Final = 12 * 3600

#: The newest file of each series of names is left alone so long: longer than a plant's summer holidays.
IDLE_SECONDS: Final = 35 * 86400

#: A time of modification further ahead than any time zone comes from a server clock that is wrong.
_AHEAD_SECONDS: Final = 86400

#: Of so many files with the newest listed day the server is asked which is the newest.
_ASKED: Final = 50

_COPY_MARKS: Final = re.compile(r"\s*\(\d+\)|\s+-\s+cop(?:y|ie)", re.IGNORECASE)
_DIGITS: Final = re.compile(r"\d+")
_MIN: Final = -(1 << 62)
_MAX: Final = 1 << 62


class Activity(Enum):
    """Whether a file may still be written."""

    NEWEST = "by the day in its name its machine writes it now"
    LATEST = "it is the latest of one writer's files, and not idle for weeks"
    OPEN = "it may be written for another reason"
    CLOSED = "nothing says that it is written"

    @property
    def is_asked_for(self) -> bool:
        """Whether its size is asked for whatever the listing says: one file of each writer, not all."""
        return self in (Activity.NEWEST, Activity.LATEST)


class _Written(NamedTuple):
    """When a file was last written, as far as is known: not before, not after (seconds since 1970)."""

    earliest: int
    latest: int


def activities(
    files: Sequence[LogFile],
    states: Mapping[str, FileState],
    now: int,
    zone: ZoneInfo,
    ask: Callable[[LogFile], int | None],
) -> dict[str, Activity]:
    """Return, by path, whether each file of a machine may still be written.

    A file may be written when one of these holds:

    - its name has today's day, a later one, or the latest before today that any of the machine's files has
      (several writers share a day; a name from a wrong clock makes no other file old);
    - it is the latest of the files that are named like it in its folder, and not idle for weeks;
    - no other file of the machine was modified later;
    - it was modified within the last hours.

    Args:
        files: The machine's files, oldest first.
        states: What is known of files, by path.
        now: The present in seconds since 1970.
        zone: The plant's time zone.
        ask: Asks the server when a file was modified.
    """
    today = datetime.fromtimestamp(now, zone).strftime("%Y-%m-%d")
    written = {file.path: _written(file, states.get(file.path)) for file in files}
    days = {file.path: day_in_name(file.path.rpartition("/")[2]) for file in files}
    newest = _newest_by_name(days, today)
    last_written = _last_written(files, written, now, ask)
    heads = _heads_of_series(days, written, today)
    found = {}
    for file in files:
        path = file.path
        if path in newest:
            found[path] = Activity.NEWEST
        elif path in heads and written[path].latest > now - IDLE_SECONDS:
            found[path] = Activity.LATEST
        elif path in last_written or is_recent(states.get(path), written[path].latest, now):
            found[path] = Activity.OPEN
        else:
            found[path] = Activity.CLOSED
    return found


def is_recent(known: FileState | None, modified: int | None, now: int) -> bool:
    """Whether a file was modified so lately that it may go on.

    Args:
        known: What is known of it, by our own clock.
        modified: When it was modified, by the server's clock.
        now: The present.
    """
    if modified is None or modified > now + _AHEAD_SECONDS:
        # The server tells no time, or none that can be right: since when we know the file has to do.
        return known is None or known.read_at > now - QUIET_SECONDS
    return modified > now - QUIET_SECONDS


def has_just_grown(known: FileState, now: int) -> bool:
    """Whether a run found new bytes in a file so lately that it may go on, by our own clock."""
    return known.changed_at > now - QUIET_SECONDS


def _written(file: LogFile, known: FileState | None) -> _Written:
    modified = file.listed.modified
    if modified is None and known is not None and is_listed_as_known(known, file.listed):
        modified = known.modified
    if modified is not None:
        return _Written(modified, modified)
    if file.listed.day is None:
        return _Written(_MIN, _MAX)
    year, month, day = file.listed.day // 10000, file.listed.day // 100 % 100, file.listed.day % 100
    midnight = timegm((year, month, day, 0, 0, 0))
    return _Written(midnight, midnight + 86400)


def _newest_by_name(days: Mapping[str, str], today: str) -> set[str]:
    """Return the paths of the files that are of the newest day, today or later."""
    newest = max((day for day in days.values() if day and day <= today), default=None)
    found = {path for path, day in days.items() if day and (day >= today or day == newest)}
    # Names without a day are numbers or words: the greatest is the best guess there is.
    return found or set(list(days)[-1:])


def _last_written(
    files: Sequence[LogFile],
    written: Mapping[str, _Written],
    now: int,
    ask: Callable[[LogFile], int | None],
) -> set[str]:
    """Return the paths of the files of which none of the others is known to be written later."""
    times = [span.earliest for span in written.values()]
    # One time that cannot be right makes no other file old.
    latest = max([time for time in times if time <= now + _AHEAD_SECONDS] or times, default=_MIN)
    rivals = [file for file in files if written[file.path].latest >= latest]
    if len(rivals) == 1 or len(rivals) > _ASKED:
        return {file.path for file in rivals}
    exact: dict[str, int | None] = {}
    for file in rivals:
        span = written[file.path]
        exact[file.path] = span.earliest if span.earliest == span.latest else ask(file)
    known = [time for time in exact.values() if time is not None]
    latest = max([time for time in known if time <= now + _AHEAD_SECONDS] or known, default=_MIN)
    return {path for path, time in exact.items() if time is None or time >= latest}


def _heads_of_series(days: Mapping[str, str], written: Mapping[str, _Written], today: str) -> set[str]:
    """Return the paths of the latest files of each series: one writer's files, by folder and name.

    Names of a series differ in digits and in the marks that a copy gets, such as ` (1)`.
    """
    series: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for path, day in days.items():
        if day <= today:
            folder, _, name = path.rpartition("/")
            pattern = _DIGITS.sub("", _COPY_MARKS.sub("", name)).casefold()
            series.setdefault((folder, pattern), []).append((day, path))
    heads = set()
    for members in series.values():
        newest = max(day for day, _ in members)
        paths = [path for day, path in members if day == newest]
        heads |= set(paths) if newest else {max(paths, key=lambda path: (written[path].latest, path))}
    return heads
