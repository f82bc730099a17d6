"""The plant's machines and its office: logs that grow line by line, orders that come, change and go."""

from __future__ import annotations

import os
import random
import re
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pymysql
from atelier_demo.factory.erp_operations import add_order, change_status, delete_order
from atelier_demo.factory.logs import make_logs
from crash.sources import FIRST_NUMBER, LIFE
from pipeline.conftest import erp_connection

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.plant import Plant

#: Days of logs that are there when the soak begins.
HISTORY_DAYS = 8

_STAMP = re.compile(rb"\d{8} \d\d:\d\d:\d\d")
_DAY = re.compile(r"(\d{8})")


class Machines:
    """What machines write, whole in advance, and let be seen up to the plant's time."""

    def __init__(self, plant: Plant, staging: Path, seed: int, first: date, days: int) -> None:
        """Make all that will be written.

        Args:
            plant: Whose FTP folder it goes to.
            staging: A folder beside it.
            seed: The same seed, the same logs.
            first: The day on which the soak begins.
            days: How many days there are from then on, the first one included.
        """
        self._plant = plant
        self._dice = random.Random(seed)  # noqa: S311 # to be repeated, not to be secret
        # The factory leaves its last day half written, so one more is made than is used.
        until = first + timedelta(days=days)
        make_logs(staging, seed=seed, days=HISTORY_DAYS + days + 1, machines=3, until=until, oddities=False)
        self._files = {
            path.relative_to(staging): _seen_from(path.read_bytes())
            for path in sorted(staging.rglob("*"))
            if path.is_file() and _day_of(path) < until
        }
        self.codes = sorted({path.parts[0] for path in self._files})
        #: Folders, or files, that are not written on for the time being.
        self.held: set[str] = set()

    def write(self, now: datetime, zone_now: datetime) -> None:
        """Let files have what was written up to now; a line may be torn.

        Args:
            now: The plant's time, with its zone.
            zone_now: The same by the plant's wall clock, without it.
        """
        for name, (content, moments) in self._files.items():
            if {name.parts[0], name.name, str(name)} & self.held:
                continue
            size = self._size(moments, zone_now, len(content))
            path = self._plant.logs / name
            there = path.stat().st_size if path.exists() else 0
            if size > there:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("ab") as file:
                    file.write(content[there:size])
                # The server's time of change is the plant's; of a whole file of the past, that of its end.
                written = moments[-1][0] if size == len(content) else zone_now
                moment = now.timestamp() - (zone_now - min(written, zone_now)).total_seconds()
                os.utime(path, (moment, moment))

    def finish(self, now: datetime, zone_now: datetime) -> None:
        """Hold nothing back any more, and end every line that was begun."""
        self.held.clear()
        self.write(now, zone_now)
        for name, (content, _) in self._files.items():
            path = self._plant.logs / name
            if path.exists() and (there := path.stat().st_size) < len(content):
                end = content.find(b"\n", there - 1) + 1
                with path.open("ab") as file:
                    file.write(content[there:end])
                os.utime(path, (now.timestamp(),) * 2)

    def _size(self, moments: list[tuple[datetime, int]], now: datetime, whole: int) -> int:
        seen = [end for moment, end in moments if moment <= now]
        if not seen:
            return 0
        size = seen[-1]
        # Now and then somebody looks while a line is being written.
        return min(size + self._dice.choice((0, 0, 0, 5)), whole)


def _seen_from(content: bytes) -> tuple[bytes, list[tuple[datetime, int]]]:
    """Return a file's bytes, and from which time on it has how many of them."""
    moments: list[tuple[datetime, int]] = []
    end = 0
    for line in re.findall(rb"[^\n]*\n|[^\n]+$", content):
        end += len(line)
        stamp = _STAMP.search(line)
        moment = _wall(stamp[0].decode()) if stamp else None
        if moment is None:
            moment = moments[-1][0] if moments else datetime.min  # noqa: DTZ901 # a wall clock
        elif moments:
            moment = max(moment, moments[-1][0])
        moments.append((moment, end))
    return content, moments


def _wall(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%d %H:%M:%S")  # noqa: DTZ007 # a wall clock
    except ValueError:
        return None


def _day_of(path: Path) -> date:
    match = _DAY.search(path.name)
    assert match is not None, path
    return datetime.strptime(match[1], "%Y%m%d").date()  # noqa: DTZ007 # a wall clock


class Office:
    """People who write, change and delete orders while their server is there."""

    def __init__(self, plant: Plant, seed: int) -> None:
        """Begin with nothing of its own."""
        self._plant = plant
        self._dice = random.Random(seed)  # noqa: S311 # to be repeated, not to be secret
        self._orders: dict[str, int] = {}
        self._count = 0
        self.changes = 0

    def work(self) -> None:
        """Do a little; nothing while the server is not there."""
        try:
            with closing(erp_connection(self._plant)) as connection:
                self._work(connection)
        except pymysql.err.OperationalError:
            return

    def _work(self, connection: pymysql.connections.Connection) -> None:
        number = FIRST_NUMBER + self._count
        self._count += 1
        self._orders[add_order(connection, number=number, status=LIFE[0], event_number="VR1")] = 0
        for order in self._dice.sample(sorted(self._orders), min(2, len(self._orders))):
            place = self._orders[order] + 1
            if place < len(LIFE):
                change_status(connection, order, LIFE[place])
                self._orders[order] = place
            else:
                delete_order(connection, order)
                del self._orders[order]
            self.changes += 1
