"""The schedules as timers of systemd, with the services that they start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from atelier.schedules import environment_files
from atelier.secret_files import API, PIPELINE, foreign

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from atelier.schedules.calendar import Calendar
    from atelier.schedules.read import Schedule

_WEEKDAYS: Final = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")

_templates = Environment(
    loader=PackageLoader("atelier.schedules", "templates"),
    autoescape=False,  # noqa: S701 # units are no pages
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def render(
    schedules: Sequence[Schedule], zone: str, root: Path, environment: str, users: Mapping[str, str]
) -> dict[str, str]:
    """Return the units by their names: services of scheduler, API and a run, and a timer per schedule.

    The scheduler and the timers do the same: one of both is to be enabled.

    Args:
        schedules: All of them.
        zone: The plant's time zone.
        root: Where the project is installed.
        environment: The Meltano environment.
        users: Whom each service runs as, by its name.
    """
    # A percent sign begins a specifier of systemd.
    place = str(root).replace("%", "%%")
    services = {
        "atelier-scheduler.service": {
            "service": PIPELINE,
            "what": "scheduler",
            "command": f"{place}/.venv/bin/atelier scheduler run",
        },
        "atelier-api.service": {
            "service": API,
            "what": "API and dashboard",
            "command": f"{place}/.venv/bin/atelier-api serve",
        },
        "atelier-run@.service": {
            "service": PIPELINE,
            "what": "run of %i",
            "command": f"{place}/.venv/bin/atelier schedules run %i",
        },
    }
    units = {
        name: _templates.get_template("service.jinja").render(
            root=place,
            user=users[values["service"]],
            environment=environment,
            is_run="@" in name,
            is_api=values["service"] == API,
            variables=[
                f"{environment_files.FOLDER}/{environment_files.SHARED}",
                f"-{environment_files.FOLDER}/{environment_files.name_of(values['service'])}",
            ],
            foreign=foreign(values["service"]),
            **values,
        )
        for name, values in services.items()
    }
    timer = _templates.get_template("timer.jinja")
    for schedule in schedules:
        units[f"atelier-{schedule.name}.timer"] = timer.render(
            schedule=schedule, times=on_calendar(schedule.calendar, zone)
        )
    return units


def on_calendar(calendar: Calendar, zone: str) -> list[str]:
    """Return what stands for a calendar in `OnCalendar=`: one line, or two where either day is enough."""
    clock = f"{_listed(calendar.hours, 24)}:{_listed(calendar.minutes, 60)}:00 {zone}"
    months = _listed(calendar.months, 12)
    by_day = f"*-{months}-{_listed(calendar.days, 31)} {clock}"
    if len(calendar.weekdays) == len(_WEEKDAYS):
        # Also where either is enough: every day is one of all weekdays.
        return [f"*-{months}-* {clock}" if calendar.either_day else by_day]
    weekdays = ",".join(_WEEKDAYS[number] for number in calendar.weekdays)
    if calendar.either_day:
        return [by_day, f"{weekdays} *-{months}-* {clock}"]
    return [f"{weekdays} {by_day}"]


def _listed(numbers: Sequence[int], count: int) -> str:
    return "*" if len(numbers) == count else ",".join(f"{number:02}" for number in numbers)
