"""Instants and stretches of time as whole microseconds, so that decimal waits stay exact."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

Interval = tuple[int, int]
"""From, to: microseconds since 1970-01-01 UTC; of no length when `to` is not after `from`."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


def instant(wall_clock: datetime, zone: ZoneInfo, *, is_first: bool = False) -> int:
    """The instant of a wall-clock time.

    A time that occurs twice in autumn is the second of the two, or the first where `is_first`. A time that is
    skipped in spring is read with the offset in force before the jump.
    """
    offsets = [_offset(wall_clock, zone, fold) for fold in (0, 1)]
    offset = max(offsets) if is_first and is_repeated(wall_clock, zone) else min(offsets)
    return (wall_clock.replace(tzinfo=timezone.utc) - _EPOCH - offset) // _MICROSECOND


def is_repeated(wall_clock: datetime, zone: ZoneInfo) -> bool:
    """Whether a wall-clock time occurs twice; one that spring skips has the smaller offset first."""
    return _offset(wall_clock, zone, 0) > _offset(wall_clock, zone, 1)


def repeated_stretch(wall_clock: datetime, zone: ZoneInfo) -> timedelta:
    """By how much the clocks are put back, of a wall-clock time that occurs twice."""
    return _offset(wall_clock, zone, 0) - _offset(wall_clock, zone, 1)


def _offset(wall_clock: datetime, zone: ZoneInfo, fold: int) -> timedelta:
    return wall_clock.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta(0)


def to_datetime(at: int) -> datetime:
    """An instant as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=at)


def to_seconds(microseconds: int) -> Decimal:
    """A duration in seconds, exactly."""
    return Decimal(microseconds) / 1_000_000


def tile(
    span: Interval, stopped: Iterable[Interval], waiting: Iterable[Interval], cuts: Iterable[int] = ()
) -> list[tuple[int, int, str]]:
    """Cuts a span into pieces of one state; stopped wins over waiting, waiting over productive.

    The pieces are elementary: nothing begins or ends inside one, neighbours may have the same state. Every
    instant of `cuts` that lies in the span is a boundary as well.
    """
    first, last = span
    changes: dict[int, list[int]] = {cut: [0, 0] for cut in (first, last, *cuts) if first <= cut <= last}
    for which, intervals in enumerate((stopped, waiting)):
        for begin, end in intervals:
            begin_in, end_in = max(begin, first), min(end, last)
            if begin_in < end_in:
                changes.setdefault(begin_in, [0, 0])[which] += 1
                changes.setdefault(end_in, [0, 0])[which] -= 1
    boundaries = sorted(changes)
    pieces = []
    open_stops = open_waits = 0
    for begin, end in pairwise(boundaries):
        open_stops += changes[begin][0]
        open_waits += changes[begin][1]
        pieces.append((begin, end, "stopped" if open_stops else "waiting" if open_waits else "productive"))
    return pieces


def join_neighbours(pieces: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Adjoining pieces of the same state become one stretch."""
    stretches: list[tuple[int, int, str]] = []
    for begin, end, state in pieces:
        if stretches and stretches[-1][1:] == (begin, state):
            stretches[-1] = (stretches[-1][0], end, state)
        else:
            stretches.append((begin, end, state))
    return stretches
