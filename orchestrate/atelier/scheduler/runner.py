"""Starts one `meltano run` after another and sees that each ends."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import logging
    from pathlib import Path

    from atelier.scheduler.due import Due

#: Seconds that a run which is asked to stop has before it is killed.
_KILL_AFTER: Final = 15


class Runner:
    """Runs of one environment, one at a time: the warehouse lets no two work at once."""

    def __init__(
        self,
        root: Path,
        environment: str,
        logger: logging.Logger,
        *,
        limit_seconds: float,
        wait_seconds: float,
    ) -> None:
        """Describe it; nothing is started.

        Args:
            root: The project's folder.
            environment: The Meltano environment.
            logger: Where starts and ends are told.
            limit_seconds: How long a run may take before it is stopped.
            wait_seconds: How long it may wait for one that somebody has started by hand.
        """
        self._root = root
        self._environment = environment
        self._logger = logger
        self._limit = limit_seconds
        self._wait = wait_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._lock = threading.Lock()

    @property
    def process_id(self) -> int | None:
        """The process of the current run, or None."""
        process = self._process
        return process.pid if process is not None else None

    def run(self, due: Due) -> None:
        """Run a schedule's job to its end; how it went is in the history of runs."""
        schedule = due.schedule
        fields = {"schedule": schedule.name, "job": schedule.job, "due_at": due.due_at.isoformat()}
        with self._lock:
            if self._stopping:
                return
            self._logger.info("starting %s", schedule.job, extra=fields)
            # What it says goes where the service's own lines go; its log is a file of its own.
            process = subprocess.Popen(
                due.command(self._root, self._environment),
                cwd=self._root,
                env={**os.environ, "RUN_WAIT_SECONDS": f"{self._wait:.0f}", **due.variables},
                stdin=subprocess.DEVNULL,
                # A signal to the service is not one to the run: the service stops it itself, in good time.
                start_new_session=True,
            )
            self._process = process
        try:
            status = process.wait(self._limit)
        except subprocess.TimeoutExpired:
            self._logger.warning(
                "%s has not ended within %.0f s and is stopped", schedule.job, self._limit, extra=fields
            )
            status = self._end(process)
        finally:
            self._process = None
        if status == 0:
            self._logger.info("%s has ended well", schedule.job, extra=fields)
        else:
            self._logger.error(
                "%s has failed (exit status %d): the history of runs says why",
                schedule.job,
                status,
                extra={**fields, "status": status},
            )

    def stop(self, grace_seconds: float) -> None:
        """Start nothing any more; let the current run end by itself for some seconds, then end it."""
        with self._lock:
            self._stopping = True
            process = self._process
        if process is None:
            return
        try:
            process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            self._logger.info(
                "the run does not end by itself and is stopped: the next one goes on from there"
            )
            self._end(process)

    def hurry(self) -> None:
        """End the current run now."""
        process = self._process
        if process is not None:
            _signal(process, signal.SIGTERM)

    def _end(self, process: subprocess.Popen[bytes]) -> int:
        _signal(process, signal.SIGTERM)
        try:
            return process.wait(_KILL_AFTER)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            return process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a run with all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
