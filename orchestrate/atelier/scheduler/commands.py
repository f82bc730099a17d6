"""The commands `atelier scheduler run`, `status` and `health`."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import closing
from datetime import datetime, timezone
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Final

from atelier import places, warehouse
from atelier.alerts import notify
from atelier.alerts.settings import AlertSettings
from atelier.connections import Warehouse, project_root, resolve
from atelier.errors import AtelierError
from atelier.ops import migrations
from atelier.ops.logs import JsonLines
from atelier.scheduler import heartbeat
from atelier.scheduler.service import Service
from atelier.schedules import read

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from pathlib import Path

_LOG_BYTES: Final = 5_000_000
_LOG_FILES: Final = 5


def run(arguments: argparse.Namespace) -> str:
    """Serve until asked to stop.

    Raises:
        AtelierError: It cannot serve: the configuration makes no sense, or another scheduler is there.
    """
    root = project_root()
    variables = resolve(root, arguments.environment, os.environ)
    state = places.state_folder(root, arguments.environment, variables)
    # What makes no sense is said now, while somebody looks, and not by a service that tells nobody.
    AlertSettings.of(variables)
    places.run_keep_days(variables)
    logger = _logger(places.log_folder(root, arguments.environment, variables))

    said = ""

    def tell(problems: Sequence[notify.Problem]) -> None:
        nonlocal said
        try:
            sentence = notify.run(variables, None, problems, arguments.environment).sentence
        except AtelierError as error:
            sentence = f"they could not be looked after: {error}"
        if sentence != said:
            # Every minute the same is no news.
            logger.info("alerts: %s", sentence)
            said = sentence

    Service(root, arguments.environment, variables, state, logger, on_beat=tell).run()
    return "The scheduler was stopped."


def health(arguments: argparse.Namespace) -> str:
    """Say that the scheduler of this machine lives.

    Raises:
        AtelierError: It does not.
    """
    state = _state(arguments)
    found = heartbeat.read(state)
    if found is None or not found.is_alive:
        since = f"was last seen {found.age_seconds:.0f} s ago" if found else "does not run"
        raise AtelierError(f"the scheduler {since}: start it with `.venv/bin/atelier scheduler run`")
    return f"The scheduler lives (process {found.content['process_id']})."


def status(arguments: argparse.Namespace) -> str:
    """Return each schedule with its last run and the next one.

    Raises:
        AtelierError: The schedules make no sense, or the warehouse cannot be reached.
    """
    root = project_root()
    variables = resolve(root, arguments.environment, os.environ)
    zone = read.plant_zone(variables["PLANT_TIMEZONE"])
    target = Warehouse.of(variables)
    with closing(warehouse.connect(target)) as connection:
        migrations.apply(connection, target)
        with connection.cursor() as cursor:
            cursor.execute(
                "select distinct on (schedule) schedule, due_at, outcome, coalesce(message, '') "
                "from ops.runs where environment = %s and schedule is not null "
                "order by schedule, started_at desc",
                (arguments.environment,),
            )
            last = {name: rest for name, *rest in cursor.fetchall()}
    found = heartbeat.read(_state(arguments))
    lives = found is not None and found.is_alive
    lines = ["The scheduler lives." if lives else "The scheduler does not run on this machine."]
    for schedule in read.read(root):
        due = schedule.calendar.after(datetime.now(timezone.utc), zone).astimezone(zone)
        line = f"  {schedule.name:<24} {schedule.job:<18} next {due:%a %d %b %H:%M}"
        if schedule.name in last:
            due_at, outcome, message = last[schedule.name]
            line += f"   last {due_at.astimezone(zone):%a %d %b %H:%M} {outcome}"
            line += f": {message}" if message else ""
        lines.append(line)
    return "\n".join(lines)


COMMANDS: Final[dict[str, tuple[str, Callable[[argparse.Namespace], str]]]] = {
    "run": ("start runs when Meltano's schedules say so, until stopped", run),
    "status": ("each schedule: its last run and the next one", status),
    "health": ("does the scheduler of this machine live? exit status 1 if not", health),
}


def _state(arguments: argparse.Namespace) -> Path:
    root = project_root()
    return places.state_folder(root, arguments.environment, resolve(root, arguments.environment, os.environ))


def _logger(folder: Path) -> logging.Logger:
    """Return the service's own logger: readable lines on standard output, JSON in a file that rotates."""
    logger = logging.getLogger("atelier.scheduler")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    console = logging.StreamHandler(sys.stdout)
    console.setFormatter(logging.Formatter("%(asctime)s scheduler: %(message)s"))
    path = folder / "scheduler.jsonl"
    with places.usable(path):
        file = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=_LOG_FILES - 1, encoding="utf-8")
    file.setFormatter(JsonLines())
    logger.addHandler(console)
    logger.addHandler(file)
    return logger
