"""What was due and did not run: so that a run missed while the machine was off is caught up once."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from atelier import warehouse
from atelier.ops import migrations, runs
from atelier.schedules.read import Schedule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from atelier.connections import Warehouse


@dataclass(frozen=True)
class Due:
    """A run that a schedule asks for."""

    schedule: Schedule
    due_at: datetime

    def command(self, root: Path, environment: str) -> list[str]:
        """Return the command of the run."""
        program = str(root / ".venv" / "bin" / "meltano")
        return [program, f"--environment={environment}", "run", self.schedule.job]

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables by which the run is recorded as this one."""
        return {runs.SCHEDULE: self.schedule.name, runs.DUE_AT: self.due_at.isoformat()}


def latest(schedule: Schedule, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the last time up to now at which a schedule was due."""
    calendar = schedule.calendar
    # From a day back, then a week, then as far as the rarest schedule wants: few steps for the frequent ones.
    for days in (1, 8, 370, 9 * 366):
        found = None
        moment = calendar.after(now - timedelta(days=days), zone)
        while moment <= now:
            found, moment = moment, calendar.after(moment, zone)
        if found is not None:
            return found
    raise AssertionError(f"{schedule.name} was never due")


def missed(
    schedules: Sequence[Schedule], zone: ZoneInfo, now: datetime, last: Mapping[str, datetime]
) -> list[Due]:
    """Return one run per job that was due after the last one that was started for any of its schedules.

    A job that was never started is caught up as well.

    Args:
        schedules: All of them.
        zone: The plant's time zone.
        now: The current moment.
        last: By the names of schedules, the latest due time for which a run was started.
    """
    found = []
    for job in dict.fromkeys(schedule.job for schedule in schedules):
        own = [schedule for schedule in schedules if schedule.job == job]
        newest = max((Due(schedule, latest(schedule, zone, now)) for schedule in own), key=lambda d: d.due_at)
        started = [last[schedule.name] for schedule in own if schedule.name in last]
        if not started or max(started) < newest.due_at:
            found.append(newest)
    return sorted(found, key=lambda due: due.due_at)


def first_load(now: datetime) -> Due:
    """Return the run that fills a new warehouse: both sources, as the marts want the tables of both."""
    return Due(Schedule("first-load", "elt", "@once"), now)


def last_started(target: Warehouse, environment: str, now: datetime) -> dict[str, datetime] | None:
    """Return, by the names of schedules, the latest due time up to now for which a run was started.

    Returns:
        None for a new warehouse, into which nothing was ever loaded.

    Raises:
        AtelierError: The warehouse cannot be reached.
    """
    with closing(warehouse.connect(target)) as connection:
        migrations.apply(connection, target)
        with connection.cursor() as cursor:
            # A backup or a check that succeeded has loaded nothing.
            cursor.execute(
                "select exists (select 1 from ops.runs join ops.run_steps using (run_id) "
                "where runs.outcome = 'succeeded' and step like 'tap-%')"
            )
            if cursor.fetchone() != (True,):
                return None
            # What a clock that was ahead has started says nothing of what is due since it was put back.
            cursor.execute(
                "select schedule, max(due_at) from ops.runs "
                "where environment = %s and schedule is not null and due_at <= %s group by schedule",
                (environment, now),
            )
            return dict(cursor.fetchall())
