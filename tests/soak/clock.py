"""The plant's time, which runs faster than ours."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crash.clock import Clock

#: So often the clock that processes see is put forward. Between, it goes as ours does.
STEP_SECONDS = 0.25


class PlantClock:
    """Runs from a moment on, so many times as fast as ours, for every process that has its variables.

    Only what time it is is made up: waiting lasts as long as ever, as no program of ours could live with
    waits that end before they have begun.
    """

    def __init__(self, clock: Clock, start: datetime, speed: float) -> None:
        """Begin; `start` has a time zone."""
        self._clock = clock
        self._start = start
        self._speed = speed
        self._began = time.time()
        self._steady = time.monotonic()
        self._over = threading.Event()
        self._set()
        self._thread = threading.Thread(target=self._go, daemon=True)
        self._thread.start()

    def now(self) -> datetime:
        """Return what time it is in the plant."""
        return self._start + timedelta(seconds=(time.monotonic() - self._steady) * self._speed)

    def wait_until(self, moment: datetime) -> None:
        """Wait until it is that time in the plant."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            time.sleep(min(left / self._speed, 1))

    def real_seconds(self, plant: timedelta) -> float:
        """Return how long a stretch of the plant's time lasts for us."""
        return plant.total_seconds() / self._speed

    def stop(self) -> None:
        """Let it stand."""
        self._over.set()
        self._thread.join()

    def environment(self, *, files: bool) -> dict[str, str]:
        """Return the variables of a process that sees this time; `files`: the times of its files as well."""
        variables = dict(self._clock.variables)
        if files:
            del variables["NO_FAKE_STAT"]
        return variables

    @contextmanager
    def for_children(self) -> Iterator[None]:
        """Let the processes that are started here see this time."""
        variables = self.environment(files=False)
        os.environ.update(variables)
        try:
            yield
        finally:
            for name in variables:
                del os.environ[name]

    def _go(self) -> None:
        while not self._over.wait(STEP_SECONDS):
            self._set()

    def _set(self) -> None:
        self._clock.ahead(self.now().timestamp() - time.time())
