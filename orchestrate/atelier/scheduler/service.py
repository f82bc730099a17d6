"""The service itself: APScheduler with Meltano's schedules, and what keeps it right over months."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

import psycopg2
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, JobEvent, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from atelier import places
from atelier.alerts.notify import Problem
from atelier.connections import Warehouse, run_wait_seconds, whole_number
from atelier.errors import AtelierError
from atelier.project_files import paths
from atelier.scheduler import due as dues
from atelier.scheduler import heartbeat
from atelier.scheduler.runner import Runner
from atelier.schedules import read

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import FrameType

    from atelier.schedules.read import Schedule

BEAT_SECONDS: Final = 15.0

#: How far the wall clock may fall behind the steady one between two beats before it counts as set back.
_JUMP_SECONDS: Final = 30.0


class Service:
    """Starts the runs of one environment when they are due, until it is asked to stop.

    One run at a time, in the order in which they are due. A schedule that is due again while its run still
    waits or works is not started twice.
    """

    def __init__(
        self,
        root: Path,
        environment: str,
        variables: Mapping[str, str],
        state: Path,
        logger: logging.Logger,
        *,
        on_beat: Callable[[Sequence[Problem]], None],
    ) -> None:
        """Read the schedules; nothing is started.

        Args:
            root: The project's folder.
            environment: The Meltano environment.
            variables: Those of the contract.
            state: Folder of the heartbeat.
            logger: Where everything is told.
            on_beat: Called every minute with what is wrong here, in a thread of its own.

        Raises:
            AtelierError: The schedules or the time zone make no sense.
        """
        self._root = root
        self._environment = environment
        self._target = Warehouse.of(variables)
        self._zone = read.plant_zone(variables["PLANT_TIMEZONE"])
        self._state = state
        self._logger = logger
        self._on_beat = on_beat
        self._stop = threading.Event()
        self._stop_seconds = _seconds(variables, "SCHEDULER_STOP_SECONDS", 60)
        self._runner = Runner(
            root,
            environment,
            logger,
            limit_seconds=_seconds(variables, "RUN_LIMIT_SECONDS", 6 * 3600),
            # Whoever works by hand may take long, and nothing is lost by waiting.
            wait_seconds=run_wait_seconds(variables, 6 * 3600),
        )
        self._schedules: list[Schedule] = read.read(root)
        self._files = self._stamp()
        self._caught_up = False
        self._problems: list[Problem] = []
        self._scheduler = BackgroundScheduler(
            timezone=timezone.utc,
            executors={"default": ThreadPoolExecutor(1)},
            # However long the machine slept, what it missed is run once.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_listener(self._on_event, EVENT_JOB_MAX_INSTANCES | EVENT_JOB_ERROR)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; the current run may end by itself for some seconds.

        Raises:
            AtelierError: Another scheduler serves this environment on this machine.
        """
        with self._alone():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._on_signal)
            self._plan()
            self._scheduler.start()
            self._logger.info(
                "the scheduler serves the environment %s, by the clock of %s", self._environment, self._zone
            )
            watch = threading.Thread(target=self._call_on_beat, daemon=True)
            watch.start()
            try:
                self._beat_until_stopped()
            finally:
                self._logger.info("stopping: nothing new is started")
                self._scheduler.shutdown(wait=False)
                self._runner.stop(self._stop_seconds)
                watch.join(10)
                heartbeat.remove(self._state)
                self._logger.info("the scheduler has stopped")

    def _beat_until_stopped(self) -> None:
        steady, wall = time.monotonic(), time.time()
        while True:
            self._beat()
            if self._stop.wait(BEAT_SECONDS):
                return
            steady_now, wall_now = time.monotonic(), time.time()
            jump = (wall_now - wall) - (steady_now - steady)
            steady, wall = steady_now, wall_now
            if jump < -_JUMP_SECONDS:
                self._logger.warning(
                    "the clock was set back by %.0f s: what is due is worked out anew", -jump
                )
                # What comes next is earlier than what APScheduler waits for.
                self._plan()
            # It waits by the steady clock, which stands still while a machine sleeps and knows of no clock
            # that was set forward: what has become due meanwhile is started now.
            self._scheduler.wakeup()

    def _beat(self) -> None:
        if not self._caught_up:
            self._catch_up()
        stamp = self._stamp()
        if stamp != self._files:
            self._files = stamp
            self._reload()
        heartbeat.write(
            self._state,
            {
                "process_id": os.getpid(),
                "running": self._runner.process_id,
                "next": {
                    job.id: job.next_run_time.isoformat()
                    for job in self._scheduler.get_jobs()
                    if job.next_run_time
                },
            },
        )

    def _plan(self) -> None:
        """Give APScheduler the schedules, each from now on."""
        for job in self._scheduler.get_jobs():
            self._scheduler.remove_job(job.id)
        for schedule in self._schedules:
            self._scheduler.add_job(
                self._run_due, read.trigger(schedule, self._zone), args=[schedule], id=schedule.name
            )

    def _run_due(self, schedule: Schedule) -> None:
        now = datetime.now(timezone.utc)
        # APScheduler wakes some milliseconds early at times.
        self._runner.run(dues.Due(schedule, dues.latest(schedule, self._zone, now + timedelta(seconds=1))))

    def _catch_up(self) -> None:
        """Start once what was missed; while the warehouse does not answer, this is tried again."""
        now = datetime.now(timezone.utc)
        try:
            last = dues.last_started(self._target, self._environment, now)
        except (AtelierError, psycopg2.Error) as error:
            self._logger.warning("not known yet whether a run was missed: %s", error)
            return
        self._caught_up = True
        if last is None:
            self._logger.info("nothing was ever loaded: a first run loads everything")
            found = [dues.first_load(now)]
        else:
            found = dues.missed(self._schedules, self._zone, now, last)
            for due in found:
                self._logger.info(
                    "%s was due at %s and did not run: it is caught up",
                    due.schedule.name,
                    self._local(due.due_at),
                )
        for due in found:
            self._scheduler.add_job(
                self._runner.run, args=[due], id=f"catch-up {due.schedule.name}", replace_existing=True
            )

    def _reload(self) -> None:
        try:
            schedules = read.read(self._root)
        except AtelierError as error:
            self._logger.error("the schedules stay as they were: %s", error)  # noqa: TRY400 # it says it all
            self._problems = [Problem("orchestration.meltano.yml", datetime.now(timezone.utc), str(error))]
            return
        self._problems = []
        if schedules != self._schedules:
            self._logger.info("the schedules were changed")
            self._schedules = schedules
            self._plan()

    def _stamp(self) -> list[tuple[str, int]]:
        """Return what tells whether a file of the project was changed."""
        try:
            return [(str(path), path.stat().st_mtime_ns) for path in paths(self._root)]
        except (AtelierError, OSError):
            return []

    def _call_on_beat(self) -> None:
        while True:
            try:
                self._on_beat(self._problems)
            except Exception:
                self._logger.exception("alerts could not be looked after")
            if self._stop.wait(60):
                return

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._stop.is_set():
            self._runner.hurry()
        self._stop.set()

    def _on_event(self, event: JobEvent) -> None:
        if event.code == EVENT_JOB_MAX_INSTANCES:
            self._logger.warning(
                "%s is due while its last run is not over: it is not started twice", event.job_id
            )
        elif isinstance(event, JobExecutionEvent):
            self._logger.error("%s could not be started: %s", event.job_id, event.exception)

    def _local(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with places.alone(self._state / "lock") as is_alone:
            if not is_alone:
                raise AtelierError(
                    f"another scheduler serves the environment {self._environment} on this machine (its "
                    f"state is in {self._state}): stop that one first"
                )
            yield


def _seconds(variables: Mapping[str, str], name: str, default: int) -> float:
    return whole_number(variables, name, default, "give a whole number of seconds, 1 or more", least=1)
