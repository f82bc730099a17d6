"""Reads Meltano's schedules, the only place where times are written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.base import BaseTrigger

from atelier.errors import AtelierError
from atelier.project_files import documents
from atelier.schedules.calendar import Calendar, fields

if TYPE_CHECKING:
    from pathlib import Path

#: A name becomes part of names of files, units and tasks.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
#: Intervals with which Meltano says that a job is started by hand alone.
_BY_HAND = frozenset({"@once", "@manual", "@none"})


@dataclass(frozen=True)
class Schedule:
    """A job and when it is due, by the plant's clock."""

    name: str
    job: str
    #: Five fields of crontab(5) or an alias, as Meltano has it.
    interval: str

    @property
    def fields(self) -> tuple[str, ...]:
        """The five fields of crontab(5)."""
        return fields(self.interval)

    @property
    def calendar(self) -> Calendar:
        """The interval, understood.

        Raises:
            AtelierError: It is none; the sentence names the schedule.
        """
        try:
            return Calendar.of(self.interval)
        except ValueError as error:
            raise AtelierError(
                f"the schedule {self.name} has the interval {self.interval!r}, but {error}: "
                "mend it in orchestrate/orchestration.meltano.yml"
            ) from None


class PlantTrigger(BaseTrigger):
    """Tells APScheduler when a schedule is due."""

    def __init__(self, calendar: Calendar, zone: ZoneInfo) -> None:
        self.calendar = calendar
        self.zone = zone

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the first time after the previous one, in UTC; without one, the first not before now."""
        moment = previous_fire_time or now - timedelta(microseconds=1)
        return self.calendar.after(moment.astimezone(timezone.utc), self.zone)

    def __repr__(self) -> str:
        return f"<PlantTrigger {self.calendar} in {self.zone}>"


def trigger(schedule: Schedule, timezone: ZoneInfo | str) -> PlantTrigger:
    """Return APScheduler's trigger of a schedule.

    Args:
        schedule: It.
        timezone: The plant's.

    Raises:
        AtelierError: The interval is none, or the time zone; the sentence names it.
    """
    return PlantTrigger(
        schedule.calendar, timezone if isinstance(timezone, ZoneInfo) else plant_zone(timezone)
    )


def plant_zone(name: str) -> ZoneInfo:
    """Return a time zone by its name.

    Raises:
        AtelierError: There is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise AtelierError(f"PLANT_TIMEZONE is {name!r}, which is no time zone: as in Europe/Paris") from None


def read(root: Path) -> list[Schedule]:
    """Return the schedules of a project in the order of its files; those by hand alone are left out.

    Args:
        root: The folder of `meltano.yml`.

    Raises:
        AtelierError: A file cannot be read, or a schedule makes no sense; the sentence names it.
    """
    files = list(documents(root))
    jobs = {job["name"] for file in files for job in file.entries("jobs")}
    found: dict[str, Schedule] = {}
    for entry in (entry for file in files for entry in file.entries("schedules")):
        name, job, interval = (str(entry.get(key) or "") for key in ("name", "job", "interval"))
        if not _NAME.fullmatch(name):
            raise AtelierError(
                f"the schedule {name!r} has no usable name: small letters, digits, - and _, as in erp-morning"
            )
        if name in found:
            raise AtelierError(f"there are two schedules {name}: give each a name of its own")
        if job not in jobs:
            raise AtelierError(
                f"the schedule {name} starts the job {job!r}, which is not there: name one of the jobs"
            )
        schedule = Schedule(name, job, interval)
        if interval.strip().lower() not in _BY_HAND:
            # Read here, so that what is wrong is said before anything is started by it.
            _ = schedule.calendar
            found[name] = schedule
    return list(found.values())
