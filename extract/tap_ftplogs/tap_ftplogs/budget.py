"""How long a run may take and how much it may receive, and how it is told to stop before that."""

from __future__ import annotations

import threading
import time

from tap_ftplogs.errors import SourceError
from tap_ftplogs.limits import MAX_RUN_BYTES


class Budget:
    """The time and the bytes that are left to a run; every wait of every connection asks it.

    Safe to be used by several threads.
    """

    def __init__(self, seconds: float | None = None) -> None:
        """Start the clock; None is a run without limit."""
        self._limit = seconds
        self._end = None if seconds is None else time.monotonic() + seconds
        self._stopped = threading.Event()
        self._bytes_left = MAX_RUN_BYTES
        self._lock = threading.Lock()

    def stop(self) -> None:
        """End all waiting: the run is over, for whatever reason."""
        self._stopped.set()

    @property
    def is_stopped(self) -> bool:
        """Whether the run is over."""
        return self._stopped.is_set()

    def check(self) -> None:
        """Raise SourceError when no time is left."""
        if self._stopped.is_set():
            raise SourceError("the run was stopped: run again, what was read is kept")
        if self._end is not None and time.monotonic() >= self._end:
            raise SourceError(
                f"the run has taken its {self._limit:g} s (time_limit): what was read is kept, run again to "
                "go on, or allow it more time"
            )

    def take(self, size: int) -> None:
        """Count bytes that were received of files and listings.

        Raises:
            SourceError: More came than a run reads.
        """
        with self._lock:
            self._bytes_left -= size
            is_spent = self._bytes_left < 0
        if is_spent:
            raise SourceError(
                f"the run has received more than {MAX_RUN_BYTES:,} bytes: what was read is kept, run "
                "again to go on; if the machines do not write as much, look for what fills the FTP server"
            )

    def within(self, seconds: float) -> float:
        """Return how long something may wait that wants to wait so many seconds.

        Raises:
            SourceError: No time is left.
        """
        self.check()
        if self._end is None:
            return seconds
        return max(0.001, min(seconds, self._end - time.monotonic()))

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end of the run.

        Raises:
            SourceError: No time is left.
        """
        self._stopped.wait(self.within(seconds))
        self.check()
