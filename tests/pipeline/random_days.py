"""Random days of machines: ties within a second, resent tails, two stations, nights of 23 and 25 hours."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta, timezone
from itertools import cycle, islice, pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Days of one machine: as many autumn nights as the years have, then spring nights, then others.
DAYS_OF_A_MACHINE = 10
YEARS = (2023, 2024, 2025)
#: No day is later, so that no event is in the future of a plant of the tests.
LAST_DAY = date(2025, 11, 10)

_TEXTS = (
    *("StukUitgevoerd",) * 3,
    "StukUitgevoerd: 230001/A pos 2",
    "StukUitgevoerd: 2507748-004",
    "StukUitgevoerd: 2025/05/28 pos 1",
    "StukUitgevoerd: 28-05-2025 1200-800 RAL 7016-G",
    "StukUitgevoerd: 20250528-1, 230002/YG0",
    *("MachineStop", "MachineStart") * 2,
    "MachineWait: 45 sec",
    "MachineWait: 12,5 sec",
    "MachineWait: 1800",
    "JobProfiel: R:215023 L:3359.0 C:7016 G ALU",
    "JobProfiel: R:215024 L:6000",
    "Alarme moteur: 3",
)
_OTHER_LINES = (b"", b"garbage", b"garbage 2", b"20250231 07:00:00|@X", b"20250528 07:00:00 no event")


def write_random_days(root: Path, *, seed: int, days: int, zone: str = "Europe/Paris") -> dict[Path, bytes]:
    """Write the files of a number of days, each of one machine.

    Args:
        root: The folder of the logs.
        seed: The same gives the same files.
        days: How many; ten make a machine.
        zone: The zone whose clocks the machines show.

    Returns:
        Files that arrive later: further copies, and files that have grown.
    """
    chance = random.Random(seed)  # noqa: S311 # examples, not secrets
    late: dict[Path, bytes] = {}
    for number in range(-(-days // DAYS_OF_A_MACHINE)):
        folder = root / f"R{seed}{number:02} (PVC)"
        wanted = min(DAYS_OF_A_MACHINE, days - number * DAYS_OF_A_MACHINE)
        for start in islice(_starts(chance, ZoneInfo(zone)), wanted):
            for name, (early, whole) in _files(chance, start).items():
                path = folder / name.replace("DAY", f"{start:%Y%m%d}")
                path.parent.mkdir(parents=True, exist_ok=True)
                if early:
                    path.write_bytes(early)
                if early != whole:
                    late[path] = whole
    return late


def changes_of_the_clock(zone: ZoneInfo) -> list[tuple[datetime, bool]]:
    """Return the instants at which the zone's clocks change, to the minute, and whether they are put back."""
    found = []
    for year in YEARS:
        for day in range(366):
            noon = datetime(year, 1, 1, 12, tzinfo=timezone.utc) + timedelta(days=day)
            offsets = [(noon + timedelta(days=days)).astimezone(zone).utcoffset() for days in (0, 1)]
            if offsets[0] != offsets[1]:
                minutes = (noon + timedelta(minutes=each) for each in range(24 * 60 + 1))
                change = next(each for each in minutes if each.astimezone(zone).utcoffset() == offsets[1])
                found.append((change, (offsets[0] or timedelta()) > (offsets[1] or timedelta())))
    return [(change, is_back) for change, is_back in found if change.date() <= LAST_DAY]


def _starts(chance: random.Random, zone: ZoneInfo) -> Iterator[datetime]:
    """When the days of one machine begin, each on a date of its own."""
    changes = changes_of_the_clock(zone)
    for wanted in (True, False):
        for change, is_back in changes:
            if is_back == wanted:
                yield (change - timedelta(seconds=chance.randrange(4 * 3600))).astimezone(zone)
    first = date(2025, 1, 10)
    for week in cycle(range(40)):
        day = first + timedelta(days=7 * week + 2)
        clock = time(chance.randrange(4, 23), chance.randrange(60))
        yield datetime.combine(day, clock, zone)


def _lines(chance: random.Random, start: datetime) -> list[bytes]:
    """The lines of one station, in the order in which it writes them."""
    zone = start.tzinfo
    # A clock that is neither put forward nor back, now and then.
    fixed = timezone(start.utcoffset() or timedelta()) if chance.random() < 0.1 else None
    at = start.astimezone(timezone.utc)
    moments: list[datetime] = []
    for _ in range(chance.randrange(3, 60)):
        longest = chance.choice((0, 0, 30, 30, 300, 300, 1500, 4000))
        at += timedelta(seconds=chance.randint(0, longest))
        moments.append(at)
    lines = [
        f"{moment.astimezone(fixed or zone):%Y%m%d %H:%M:%S}|@{chance.choice(_TEXTS)}".encode()
        for moment in moments
    ]
    for place, (one, two) in enumerate(pairwise(moments)):
        if two - one < timedelta(seconds=90) and chance.random() < 0.1:
            lines[place], lines[place + 1] = lines[place + 1], lines[place]
    for _ in range(chance.randrange(4)):
        lines.insert(chance.randrange(1, len(lines) + 1), chance.choice(_OTHER_LINES))
    return lines


def _files(chance: random.Random, start: datetime) -> dict[str, tuple[bytes, bytes]]:
    """The files of a day by name: what is there at first, and what is there in the end."""
    names = ["DAY.LOG", "DAY (1).LOG", "poste 2/DAY.LOG", "a DAY.log", "Z DAY.LOG"]
    chance.shuffle(names)
    day = _lines(chance, start)
    cuts = sorted(chance.randrange(len(day) + 1) for _ in range(2))
    copies = (day[cuts[0] :], day[: cuts[1]], day[cuts[0] : cuts[1]], day)
    parts = [day, *(chance.choice(copies) for _ in range(chance.choice((0, 1, 1, 2))))]
    if chance.random() < 0.3:
        # The day as a whole was never sent, only parts that overlap.
        parts[0] = day[: cuts[1]]
        parts.append(day[cuts[0] :])
    if chance.random() < 0.4:
        parts.append(_lines(chance, start + timedelta(seconds=chance.choice((0, 0, 600, 3000)))))
    files = {}
    for name, lines in zip(names, parts, strict=False):
        ending = chance.choice((b"\n", b"\r\n"))
        early = chance.choice((len(lines), len(lines), len(lines), 0, chance.randrange(len(lines) + 1)))
        content = [line + ending for line in lines]
        files[name] = (b"".join(content[:early]), b"".join(content))
    return files
