"""When schedules are due: as crontab(5) says, whatever the clocks do, and as APScheduler elsewhere."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from atelier.connections import project_root
from atelier.errors import AtelierError
from atelier.schedules.read import Schedule, read, trigger
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

PARIS = ZoneInfo("Europe/Paris")
UTC = timezone.utc


def due(interval: str, after: datetime, count: int, zone: ZoneInfo = PARIS) -> list[str]:
    """The next times by the plant's clock, with the distance from UTC in hours."""
    found = trigger(Schedule("s", "j", interval), zone)
    moment: datetime | None = None
    times = []
    for _ in range(count):
        moment = found.get_next_fire_time(moment, after)
        assert moment is not None
        times.append(moment.astimezone(zone).strftime("%a %d.%m. %H:%M %z").removesuffix("00"))
    return times


@pytest.mark.parametrize(
    ("interval", "times"),
    [
        ("*/15 * * * *", ["Fri 02.01. 00:00 +01", "Fri 02.01. 00:15 +01", "Fri 02.01. 00:30 +01"]),
        ("0 9,14 * * *", ["Fri 02.01. 09:00 +01", "Fri 02.01. 14:00 +01", "Sat 03.01. 09:00 +01"]),
        # Sunday is 0 and 7; Monday to Friday is 1-5: what APScheduler's own reading has a day late.
        ("0 6 * * 0", ["Sun 04.01. 06:00 +01", "Sun 11.01. 06:00 +01"]),
        ("0 6 * * 7", ["Sun 04.01. 06:00 +01", "Sun 11.01. 06:00 +01"]),
        ("0 6 * * 1-5", ["Fri 02.01. 06:00 +01", "Mon 05.01. 06:00 +01"]),
        ("0 6 * * mon-FRI", ["Fri 02.01. 06:00 +01", "Mon 05.01. 06:00 +01"]),
        ("0 6 * * 5-7", ["Fri 02.01. 06:00 +01", "Sat 03.01. 06:00 +01", "Sun 04.01. 06:00 +01"]),
        ("0 6 * * */2", ["Sat 03.01. 06:00 +01", "Sun 04.01. 06:00 +01", "Tue 06.01. 06:00 +01"]),
        ("0 6 * feb,mar *", ["Sun 01.02. 06:00 +01", "Mon 02.02. 06:00 +01"]),
        # Either of the two, where both are given; both, where one begins with a star.
        ("0 6 13 * fri", ["Fri 02.01. 06:00 +01", "Fri 09.01. 06:00 +01", "Tue 13.01. 06:00 +01"]),
        ("0 6 */2 * fri", ["Fri 09.01. 06:00 +01", "Fri 23.01. 06:00 +01"]),
        ("10-20/5,55 6 * * *", [f"Fri 02.01. 06:{minute} +01" for minute in (10, 15, 20, 55)]),
        # A step beyond the field leaves its first number.
        ("*/60 6 * * *", ["Fri 02.01. 06:00 +01", "Sat 03.01. 06:00 +01"]),
        ("@daily", ["Fri 02.01. 00:00 +01", "Sat 03.01. 00:00 +01"]),
        ("@weekly", ["Sun 04.01. 00:00 +01"]),
        ("@Hourly", ["Fri 02.01. 00:00 +01", "Fri 02.01. 01:00 +01"]),
    ],
)
def test_times_are_those_of_crontab(interval: str, times: list[str]) -> None:
    assert due(interval, datetime(2026, 1, 1, 22, 59, 1, tzinfo=UTC), len(times)) == times


def test_leap_days_are_found_across_a_century_without_one() -> None:
    found = trigger(Schedule("s", "j", "0 0 29 2 *"), PARIS)
    moment = found.get_next_fire_time(None, datetime(2097, 1, 1, tzinfo=UTC))
    assert moment is not None
    assert moment.astimezone(PARIS).date().isoformat() == "2104-02-29"


@pytest.mark.parametrize(
    ("interval", "times"),
    [
        # A time that is left out comes an hour later, once, also beside one that is there.
        ("30 2 * * *", ["Sun 29.03. 03:30 +02", "Mon 30.03. 02:30 +02"]),
        ("30 2,3 * * *", ["Sun 29.03. 03:30 +02", "Mon 30.03. 02:30 +02"]),
        ("0 * * * *", ["Sun 29.03. 00:00 +01", "Sun 29.03. 01:00 +01", "Sun 29.03. 03:00 +02"]),
    ],
)
def test_spring(interval: str, times: list[str]) -> None:
    assert due(interval, datetime(2026, 3, 28, 22, 59, tzinfo=UTC), len(times)) == times


@pytest.mark.parametrize(
    ("interval", "times"),
    [
        # A night's work is done once; what comes each hour comes each hour.
        ("30 2 * * *", ["Sun 25.10. 02:30 +02", "Mon 26.10. 02:30 +01"]),
        ("0 * * * *", ["Sun 25.10. 02:00 +02", "Sun 25.10. 02:00 +01", "Sun 25.10. 03:00 +01"]),
        ("*/30 * * * *", [f"Sun 25.10. 02:{m} +0{h}" for h in (2, 1) for m in ("00", "30")]),
    ],
)
def test_autumn(interval: str, times: list[str]) -> None:
    assert due(interval, datetime(2026, 10, 24, 23, 59, tzinfo=UTC), len(times)) == times


def test_apscheduler_agrees_all_year_but_for_the_repeated_hour() -> None:
    """Its own trigger runs a night's work twice in autumn; else a year of times is the same."""
    for schedule in read(project_root()):
        ours, theirs = (
            trigger(schedule, PARIS),
            CronTrigger.from_crontab(schedule.interval, timezone=PARIS),
        )
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        end = moment + timedelta(days=366)
        times: list[set[datetime]] = [set(), set()]
        for found, which in zip(times, (ours, theirs), strict=True):
            at = which.get_next_fire_time(None, moment)
            while at < end:
                found.add(at.astimezone(UTC))
                at = which.get_next_fire_time(at, at)
        twice = (
            {datetime(2026, 10, 25, 1, 30, tzinfo=UTC)} if schedule.name == "retention-at-night" else set()
        )
        assert times[1] - times[0] - twice == set(), schedule.name
        assert times[0] - times[1] == set(), schedule.name


MINUTES = st.lists(st.integers(0, 59), min_size=1, max_size=3).map(lambda found: ",".join(map(str, found)))
HOURS = st.lists(st.integers(4, 23), min_size=1, max_size=3).map(lambda found: ",".join(map(str, found)))
DAYS = st.sampled_from(["*", "1", "*/3", "10-20", "1-31/7"])
MONTHS = st.sampled_from(["*", "1", "2-4", "*/5", "dec"])
NAMED = st.sampled_from(["mon", "tue-fri", "sat,sun", "sun"])


@given(MINUTES, HOURS, DAYS, MONTHS, NAMED, st.booleans(), st.integers(0, 8784))
def test_apscheduler_agrees_on_any_interval_that_means_the_same_to_it(  # one for each field
    minute: str,
    hour: str,
    day: str,
    month: str,
    weekday: str,
    by_day: bool,  # noqa: FBT001 # drawn by Hypothesis
    start: int,
) -> None:
    """Weekdays by their names, days of months or weekdays, outside the hours that the clocks leave out."""
    day, weekday = (day, "*") if by_day else ("*", weekday)
    interval = f"{minute} {hour} {day} {month} {weekday}"
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=start)
    ours = trigger(Schedule("s", "j", interval), PARIS).get_next_fire_time(None, moment)
    theirs = CronTrigger.from_crontab(interval, timezone=PARIS).get_next_fire_time(None, moment)
    assert ours == theirs.astimezone(UTC), interval


@pytest.mark.parametrize(
    ("interval", "says"),
    [
        ("", "give five fields"),
        ("* * * *", "give five fields"),
        ("@reboot", "give five fields"),
        ("60 * * * *", "its minute '60' is not from 0 to 59"),
        ("0 24 * * *", "its hour '24' is not from 0 to 23"),
        ("0 0 0 * *", "its day of the month '0' is not from 1 to 31"),
        ("0 0 * dez *", "its month 'dez' is not from 1 to 12"),
        ("0 0 * * 8", "its weekday '8' is not from 0 to 7"),
        ("0 0 * * fri-mon", "ends before it begins"),
        ("*/0 * * * *", "has a step of 0"),
        ("5/15 * * * *", "has a step but no range: write 5-59/15"),
        ("*-5 * * * *", "is no number, range or step"),
        ("1,,2 * * * *", "is no number, range or step"),
        ("²  * * * *", "is no number, range or step"),
        ("0 0 30 2 *", "there is no such day in any month"),
    ],
)
def test_an_interval_that_is_none_is_said_with_its_schedule(interval: str, says: str) -> None:
    with pytest.raises(AtelierError, match="the schedule at-night has the interval") as caught:
        trigger(Schedule("at-night", "retention", interval), "Europe/Paris")
    assert says in str(caught.value)


def test_a_time_zone_that_is_none_is_said() -> None:
    with pytest.raises(AtelierError, match="'Europe/Atelier', which is no time zone"):
        trigger(Schedule("s", "j", "@daily"), "Europe/Atelier")


def project(folder: Path, schedules: str) -> Path:
    """A Meltano project with a job and schedules, in a file of its own."""
    (folder / "meltano.yml").write_text("include_paths: [orchestrate/*.meltano.yml]\n")
    (folder / "orchestrate").mkdir()
    text = f"jobs: [{{name: night, tasks: [dbt:build]}}]\nschedules: {schedules}\n"
    (folder / "orchestrate" / "o.meltano.yml").write_text(text)
    return folder


def test_schedules_are_read_in_their_order_without_those_by_hand(tmp_path: Path) -> None:
    entries = ", ".join(
        f"{{name: {name}, job: night, interval: '{interval}'}}"
        for name, interval in (("b", "@daily"), ("by-hand", "@once"), ("a", "0 2 * * *"))
    )
    assert read(project(tmp_path, f"[{entries}]")) == [
        Schedule("b", "night", "@daily"),
        Schedule("a", "night", "0 2 * * *"),
    ]


@pytest.mark.parametrize(
    ("schedules", "says"),
    [
        ("[{name: ../x, job: night, interval: '@daily'}]", r"'\.\./x' has no usable name"),
        ("[{name: x, job: day, interval: '@daily'}]", "x starts the job 'day', which is not there"),
        ("[{name: x, job: night, interval: later}]", "x has the interval 'later', but give five fields"),
        (
            "[{name: x, job: night, interval: '@daily'}, {name: x, job: night, interval: '@daily'}]",
            "two schedules x",
        ),
        ("[", "cannot be read"),
        ("[logs]", r"o\.meltano\.yml: schedules must be a list of entries"),
        ("{name: logs}", "schedules must be a list of entries"),
        ("[{job: night, interval: '@daily'}]", "schedules must be a list of entries"),
        ("[{name: 7, job: night, interval: '@daily'}]", "schedules must be a list of entries"),
        ("later", "schedules must be a list of entries"),
    ],
)
def test_what_is_wrong_with_a_schedule_is_said(tmp_path: Path, schedules: str, says: str) -> None:
    with pytest.raises(AtelierError, match=says):
        read(project(tmp_path, schedules))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("include_paths: [/etc/*.yml]", r"meltano\.yml: include_paths must be a list of paths below"),
        ("include_paths: orchestrate", "include_paths must be a list of paths below"),
        ("include_paths: [{a: b}]", "include_paths must be a list of paths below"),
        ("- jobs", "it must be `name: value` lines"),
        ("jobs: {name: elt}", "jobs must be a list of entries"),
    ],
)
def test_a_project_of_a_wrong_shape_is_said(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "meltano.yml").write_text(content + "\n")
    with pytest.raises(AtelierError, match=says):
        read(tmp_path)


def test_an_empty_file_of_the_project_has_no_schedules(tmp_path: Path) -> None:
    (tmp_path / "meltano.yml").write_text("# nothing yet\njobs:\nplugins:\n")
    assert read(tmp_path) == []
