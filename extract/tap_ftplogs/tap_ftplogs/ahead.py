"""Reads files over several connections at once, and hands them on one after the other, in their order.

The files after the one that is being written are read ahead, as far as the memory that is set aside for them
goes; so the round trips of many small files overlap, and the records come as if there were one connection.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from tap_ftplogs.client import FtpClient
from tap_ftplogs.plan import is_quiet
from tap_ftplogs.reader import FileReading

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Sequence

    from tap_ftplogs.activity import Activity
    from tap_ftplogs.budget import Budget
    from tap_ftplogs.discovery import LogFile, Machine
    from tap_ftplogs.parser import Batch
    from tap_ftplogs.state import FileState

#: So many rows may wait for their turn, of all files together: some 20 MB.
ROWS_AHEAD: Final = 50_000

#: A connection costs about as many round trips as so many files: for fewer it does not pay.
FILES_PER_CONNECTION: Final = 3

_GOODBYE_SECONDS: Final = 5.0


class Job(NamedTuple):
    """A file to look at, what is known of it, and whether it may be archived or deleted."""

    machine: Machine
    file: LogFile
    known: FileState | None
    activity: Activity
    was_packed: bool
    may_go: bool


class Portion(NamedTuple):
    """What was read of a file since the portion before; `state` covers it and all before it."""

    batch: Batch | None
    state: FileState
    bytes_received: int
    is_gone: bool = False

    @property
    def row_count(self) -> int:
        """How many rows it holds."""
        return len(self.batch.events) + len(self.batch.rejected) if self.batch else 0


class ReadAhead:
    """The workers, each with a connection of its own, and what they have read so far."""

    def __init__(
        self,
        jobs: Sequence[Job],
        client: FtpClient,
        budget: Budget,
        clock: Callable[[], int],
        logger: logging.Logger,
    ) -> None:
        """Describe the work; `with` begins it.

        Args:
            jobs: The files, in the order in which they are wanted.
            client: The connection that is there already.
            budget: Ends all waiting when the time is over.
            clock: Gives the present in seconds since 1970.
            logger: For warnings.
        """
        self._jobs = jobs
        self._budget = budget
        self._clock = clock
        self._logger = logger
        busy = sum(
            not is_quiet(job.known, job.file.listed, is_asked_for=job.activity.is_asked_for) for job in jobs
        )
        wanted = max(1, min(client.settings.connections, busy // FILES_PER_CONNECTION))
        self._clients = [client, *(FtpClient(client.settings, logger, budget) for _ in range(wanted - 1))]
        self._threads = [
            threading.Thread(target=self._work, args=(each,), name=f"ftp-{number}", daemon=True)
            for number, each in enumerate(self._clients, 1)
        ]
        self._changed = threading.Condition()
        self._next = 0
        self._wanted = 0
        self._rows_held = 0
        self._read: dict[int, deque[Portion | BaseException]] = {}

    def __enter__(self) -> ReadAhead:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            # What the workers still wait for is of no use any more.
            self._budget.stop()
            with self._changed:
                self._changed.notify_all()
            for client in self._clients:
                client.interrupt()
        for thread in self._threads:
            thread.join(_GOODBYE_SECONDS)
        for client in self._clients[1:]:
            client.close()

    def portions(self, number: int) -> Iterator[Portion]:
        """Yield what is read of a job, the last portion without a batch; ask for every job once, in order.

        Raises:
            SourceError: The file could not be read to its end.
        """
        with self._changed:
            self._wanted = number
            self._changed.notify_all()
        while True:
            with self._changed:
                while not (waiting := self._read.setdefault(number, deque())):
                    self._changed.wait()
                portion = waiting.popleft()
                if isinstance(portion, BaseException):
                    raise portion
                self._rows_held -= portion.row_count
                if portion.batch is None:
                    del self._read[number]
                self._changed.notify_all()
            self._budget.check()
            yield portion
            if portion.batch is None:
                return

    def _work(self, client: FtpClient) -> None:
        if client is not self._clients[0]:
            reason = client.connect_once()
            if reason is not None:
                if not self._budget.is_stopped:
                    self._logger.info("the FTP server grants no further connection (%s): fewer do", reason)
                return
        while (number := self._take()) is not None:
            try:
                self._read_file(client, number)
            except BaseException as error:  # noqa: BLE001, PERF203 # raised where the file is wanted
                self._hand_over(number, error)
                return

    def _take(self) -> int | None:
        with self._changed:
            number = self._next
            if number >= len(self._jobs) or self._budget.is_stopped:
                return None
            self._next += 1
            return number

    def _read_file(self, client: FtpClient, number: int) -> None:
        job = self._jobs[number]
        reading = FileReading(
            client,
            job.file,
            job.known,
            activity=job.activity,
            was_packed=job.was_packed,
            clock=self._clock,
        )
        for batch in reading.batches():
            self._hand_over(number, Portion(batch, reading.state.snapshot(), reading.bytes_received))
        self._hand_over(number, Portion(None, reading.state, reading.bytes_received, reading.is_gone))

    def _hand_over(self, number: int, portion: Portion | BaseException) -> None:
        """Keep a portion until it is wanted; wait while too many rows are held already."""
        rows = portion.row_count if isinstance(portion, Portion) else 0
        with self._changed:
            while rows and self._rows_held + rows > ROWS_AHEAD and not self._budget.is_stopped:
                if number == self._wanted and not self._read.get(number):
                    break  # the very rows that everybody waits for
                self._changed.wait()
            self._rows_held += rows
            self._read.setdefault(number, deque()).append(portion)
            self._changed.notify_all()
