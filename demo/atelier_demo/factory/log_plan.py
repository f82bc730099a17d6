"""Which files a machine sends for which day: the simulated day, made odd, as bytes.

A day's oddity follows from the date and the machine alone, so a longer period, more machines or a
later last day leave every older file as it was. Four machines and thirty days show every oddity.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from atelier_demo.factory.dice import dice
from atelier_demo.factory.event_oddities import EVENT_ODDITIES
from atelier_demo.factory.file_oddities import FILE_ODDITIES, LogFile
from atelier_demo.factory.line_oddities import BOM, LINE_ODDITIES
from atelier_demo.factory.machines import KNOWN_MACHINES, Machine, fleet, late_machine
from atelier_demo.factory.shifts import HOUR, PLANT, SUNDAY, clock_change_at_night, simulate, works_at_night
from atelier_demo.factory.writing import STAMP_LENGTH, draft, instant

if TYPE_CHECKING:
    from collections.abc import Iterator

CYCLE = 72
"""Working days after which a machine's oddities repeat; the next machine is a third of it ahead.

Thirty days hold at least 24 working days before the last, so three machines go once round the cycle;
the next three machines are five days further.
"""

DRAWN_ODDITIES = (*EVENT_ODDITIES, *LINE_ODDITIES, *FILE_ODDITIES)
# Spread over the cycle: about every second file is plain.
ODDITY_OF_SLOT = {i * CYCLE // len(DRAWN_ODDITIES): name for i, name in enumerate(DRAWN_ODDITIES)}
ALWAYS_ODDITIES = ("night_shift_past_midnight", "accented_folder", "late_machine_folder", "growing_file")
CALENDAR_ODDITIES = ("clocks_go_forward", "clocks_go_back")
"""Only where the period holds the night after the last Saturday of March or October."""


def drawn_oddity(place: int, day: date) -> str | None:
    """Name the oddity of the machine at `place` in the fleet on `day`; None for a plain file."""
    week, weekday = divmod(day.toordinal() - 1, 7)
    ahead = place * CYCLE // 3 + place // 3 * 5
    return ODDITY_OF_SLOT.get((week * 6 + weekday + ahead) % CYCLE)


def machines_at_work(count: int, *, oddities: bool) -> list[Machine]:
    """Give `count` machines; with oddities the fourth is the one that comes later."""
    if not oddities or count <= KNOWN_MACHINES:
        return fleet(count)
    return [*fleet(count - 1), late_machine()]


def production_days(days: int, until: date, *, late: bool) -> Iterator[date]:
    """Give the days with a file, oldest first: none on Sundays, always one on `until`.

    A late machine works only in the last third of the period.
    """
    for ago in reversed(range(days // 3 + 1 if late else days)):
        day = until - timedelta(days=ago)
        if day.weekday() != SUNDAY or day == until:
            yield day


def file_of_day(machine: Machine, place: int, day: date, seed: int, *, oddities: bool) -> LogFile:
    """Give the file that a machine writes on a day, complete also when the day is today.

    `place` is the machine's place in the fleet.
    """
    name = drawn_oddity(place, day) if oddities else None
    rng = dice(seed, machine.code, day, name)
    events = simulate(machine, day, seed)
    if name in EVENT_ODDITIES:
        EVENT_ODDITIES[name](events, rng)
    written = draft(machine, day, events)
    if name in LINE_ODDITIES:
        LINE_ODDITIES[name](written, rng)
    drawn = (name,) if name in EVENT_ODDITIES or name in LINE_ODDITIES else ()
    return LogFile(
        path=f"{machine.folder}/{day:%Y%m%d}.LOG",
        content=written.content(),
        modified_at=instant(day, max(second for second, _ in events) + 20),
        oddities=(*_traits(machine, day, seed), *drawn),
    )


def files_sent(file: LogFile, machine: Machine, place: int, day: date, seed: int) -> list[LogFile]:
    """Give the files that arrive for a day that is over: usually the one that the machine wrote."""
    name = drawn_oddity(place, day)
    if name not in FILE_ODDITIES:
        return [file]
    rng = dice(seed, machine.code, day, name)
    return FILE_ODDITIES[name](replace(file, oddities=(*file.oddities, name)), rng)


def _traits(machine: Machine, day: date, seed: int) -> Iterator[str]:
    """Name what is odd about a file without any oddity having been drawn for it."""
    if works_at_night(machine, day, seed):
        yield "night_shift_past_midnight"
    moved = clock_change_at_night(day)
    if moved:
        yield "clocks_go_forward" if moved > 0 else "clocks_go_back"
    if not machine.folder.isascii():
        yield "accented_folder"
    if machine == late_machine():
        yield "late_machine_folder"


def half_way(file: LogFile, day: date, now: float) -> LogFile:
    """Give a day's file as it stands in the midst of the day: up to noon, the last line half written.

    Where noon has not passed `now` by far, the machine has still written half of its lines until now.
    """
    ends, times = zip(*_lines(file.content), strict=True)
    first = next((at for at in times if at is not None), now)
    stop = min(instant(day, 12 * HOUR), (first + now) / 2)
    begun = next((number for number, at in enumerate(times) if at is not None and at >= stop), 0)
    if begun == 0:
        return replace(file, content=file.content[: len(file.content) // 2], modified_at=stop)
    start = ends[begun - 1]
    return replace(file, content=file.content[: start + (ends[begun] - start) // 2], modified_at=stop)


def written_until(file: LogFile, now: float) -> LogFile:
    """Give a file as it stands at an instant: without the lines that are written later."""
    if now >= file.modified_at:
        return file
    end = 0
    for line_end, at in _lines(file.content):
        if at is not None and at > now:
            return replace(file, content=file.content[:end], modified_at=min(file.modified_at, now))
        end = line_end
    return file


def _lines(content: bytes) -> Iterator[tuple[int, float | None]]:
    """Give where each line ends, and the Unix time at which it was written, as far as it says so.

    The order of the lines tells which of the two hours is meant that the clocks repeat in autumn.
    """
    end, latest = 0, 0.0
    for line in content.splitlines(keepends=True):
        end += len(line)
        stamp = line.replace(b"\0", b"").removeprefix(BOM).strip()[:STAMP_LENGTH]
        try:
            wall = datetime.strptime(stamp.decode("ascii"), "%Y%m%d %H:%M:%S").replace(tzinfo=PLANT)
        except ValueError:
            yield end, None
            continue
        at = wall.timestamp()
        if at < latest - HOUR / 2:
            at = wall.replace(fold=1).timestamp()
        latest = max(latest, at)
        yield end, at
