"""The commands `atelier schedules list`, `run`, `cron` and `systemd`."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from atelier.connections import project_root, resolve
from atelier.errors import AtelierError
from atelier.scheduler.due import Due, latest
from atelier.schedules import crontab, environment_files, read, units
from atelier.secret_files import API, PIPELINE, SERVICES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from atelier.schedules.read import Schedule


def add_arguments(
    parser: argparse.ArgumentParser, add_environment: Callable[[argparse.ArgumentParser], None]
) -> None:
    """Add the commands.

    Args:
        parser: Of `atelier schedules`.
        add_environment: Adds the option `--environment`.
    """
    parts = parser.add_subparsers(dest="part", required=True)
    part = parts.add_parser("list", help="each schedule and when it is due next")
    part.set_defaults(run=show)
    part = parts.add_parser("run", help="run a schedule's job now, recorded as the run that was due last")
    part.add_argument("name", help="the schedule")
    part.set_defaults(run=start)
    part = parts.add_parser("cron", help="print a crontab, for the user who runs the pipeline")
    part.add_argument("--mail-to", metavar="ADDRESS", help="who is told of runs that fail")
    part.set_defaults(run=cron)
    part = parts.add_parser("systemd", help="write systemd's units: services, and a timer for each schedule")
    part.add_argument("--folder", type=Path, required=True, help="where to, as in /etc/systemd/system")
    part.add_argument("--user", default="atelier", help="whom scheduler and runs run as (atelier)")
    part.add_argument("--api-user", default="atelier-api", help="whom the API runs as (atelier-api)")
    part.set_defaults(run=systemd)
    part = parts.add_parser("split-secrets", help="give each service a file of its own secrets")
    part.add_argument(
        "--folder",
        type=Path,
        default=Path(environment_files.FOLDER),
        help=f"where {environment_files.SHARED} is ({environment_files.FOLDER})",
    )
    part.set_defaults(run=split_secrets)
    for part in parts.choices.values():
        add_environment(part)


def show(arguments: argparse.Namespace) -> str:
    """Return each schedule with its next time at the plant.

    Raises:
        AtelierError: The schedules make no sense.
    """
    root, zone, found = _all(arguments)
    place = read.plant_zone(zone)
    now = datetime.now(timezone.utc)
    lines = [f"By the clock of {zone}, as {root / 'meltano.yml'} and its parts have it:"]
    for schedule in found:
        following = schedule.calendar.after(now, place).astimezone(place)
        lines.append(
            f"  {schedule.name:24} {schedule.job:18} {schedule.interval:16} next {following:%a %d %b %H:%M}"
        )
    return "\n".join(lines)


def start(arguments: argparse.Namespace) -> str:
    """Become the run of a schedule's job.

    Raises:
        AtelierError: There is no such schedule.
    """
    root, zone, found = _all(arguments)
    schedule = next((each for each in found if each.name == arguments.name), None)
    if schedule is None:
        names = ", ".join(each.name for each in found)
        raise AtelierError(f"there is no schedule {arguments.name!r}: name one of {names}")
    due_at = latest(schedule, read.plant_zone(zone), datetime.now(timezone.utc))
    due = Due(schedule, due_at)
    command = due.command(root, arguments.environment)
    os.chdir(root)
    os.execve(command[0], command, {**os.environ, **due.variables})  # noqa: S606 # it becomes the run


def cron(arguments: argparse.Namespace) -> str:
    """Return a crontab.

    Raises:
        AtelierError: The schedules make no sense, or the project's path cannot stand in a crontab.
    """
    root, zone, found = _all(arguments)
    return crontab.render(found, zone, root, arguments.environment, arguments.mail_to).rstrip("\n")


def systemd(arguments: argparse.Namespace) -> str:
    """Write units; timers of schedules that are no more are removed.

    Raises:
        AtelierError: The schedules make no sense, or the folder cannot be written.
    """
    root, zone, found = _all(arguments)
    folder: Path = arguments.folder
    users = {PIPELINE: arguments.user, API: arguments.api_user}
    made = units.render(found, zone, root, arguments.environment, users)
    try:
        for name, text in made.items():
            (folder / name).write_text(text, encoding="utf-8")
        gone = sorted(path for path in folder.glob("atelier-*.timer") if path.name not in made)
        for path in gone:
            path.unlink()
    except OSError as error:
        raise AtelierError(
            f"the units cannot be written to {folder} ({error.strerror}): make the folder, or be root"
        ) from None
    timers = " ".join(sorted(name for name in made if name.endswith(".timer")))
    said = [f"Written to {folder}: {', '.join(sorted(made))}."]
    if gone:
        said.append(f"Removed, as their schedules are no more: {', '.join(path.name for path in gone)}.")
    said.append(
        "Then: systemctl daemon-reload, and one of both: systemctl enable --now atelier-scheduler.service, "
        f"or systemctl enable --now {timers}"
    )
    return "\n".join(said)


def _all(arguments: argparse.Namespace) -> tuple[Path, str, list[Schedule]]:
    root = project_root()
    zone = resolve(root, arguments.environment, os.environ)["PLANT_TIMEZONE"]
    read.plant_zone(zone)
    return root, zone, read.read(root)


def split_secrets(arguments: argparse.Namespace) -> str:
    """Move the secrets of one service into its own file.

    Raises:
        AtelierError: A file cannot be read or written.
    """
    moved = environment_files.split(arguments.folder)
    names = ", ".join(environment_files.name_of(service) for service in SERVICES)
    return f"In {arguments.folder}: {', '.join(moved) or 'nothing'} moved to {names}."
