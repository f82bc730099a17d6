"""One run over all files: which are read, in which order, what is remembered, what is told."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from tap_ftplogs.client import FtpClient
from tap_ftplogs.discovery import discover, has_entry, newest_file
from tap_ftplogs.errors import SourceError
from tap_ftplogs.reader import FileReading
from tap_ftplogs.state import StateBook

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Mapping

    from tap_ftplogs.discovery import Machine
    from tap_ftplogs.parser import Batch
    from tap_ftplogs.settings import Settings

#: The state is told at least after so much was read, or so long.
BYTES_BETWEEN_STATES: Final = 4 * 1024 * 1024
SECONDS_BETWEEN_STATES: Final = 5.0

SECONDS_BETWEEN_REPORTS: Final = 10.0

_NAMED: Final = 3


@dataclass(slots=True)
class Tally:
    """What was read, of one machine or of all."""

    files: int = 0
    received: int = 0
    events: int = 0
    rejected: int = 0

    def add(self, other: Tally) -> None:
        """Count the other's as well."""
        self.files += other.files
        self.received += other.received
        self.events += other.events
        self.rejected += other.rejected

    def __str__(self) -> str:
        return f"{_bytes_text(self.received)}, {self.events:,} events, {self.rejected:,} rejected lines"


class Run:
    """Goes through the files of all machines, oldest first.

    The loop over `readings` emits each file; `batches` gives its rows, and remembers a batch when the next
    one is asked for.
    """

    def __init__(
        self,
        settings: Settings,
        bookmark: Mapping[str, Any],
        logger: logging.Logger,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._logger = logger
        self._clock = clock
        try:
            self._book = StateBook.load(bookmark)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise SourceError(
                f"the state of the last run cannot be read ({error}): use the version of tap-ftplogs "
                "that wrote it"
            ) from None
        self._problems: list[str] = []
        self._current: tuple[FileReading, Iterator[Batch]] | None = None
        self._tally = Tally()
        self._unsaved_bytes = 0
        self._saved_at = self._reported_at = time.monotonic()

    def readings(self) -> Iterator[FileReading]:
        """Yield every file that has something new to tell; call `done` for it before the next.

        Raises:
            SourceError: The source failed; or, at the end, some file or folder could not be read.
        """
        with FtpClient(self._settings, self._logger) as client:
            if not self._settings.tls_verify and self._settings.tls != "off":
                self._logger.warning(
                    "the certificate of %s is NOT verified: anyone on the way can read the password",
                    self._settings.place,
                )
            tree = discover(client)
            self._problems += tree.problems
            paths = tree.paths
            total, unchanged = Tally(), 0
            for machine in tree.machines:
                self._tally = Tally()
                yield from self._machine(client, machine, paths)
                if self._tally.files:
                    self._report(machine, "read")
                total.add(self._tally)
                unchanged += len(machine.files) - self._tally.files
        self._logger.info(
            "%d files read (%s), %d unchanged, %d machines", total.files, total, unchanged, len(tree.machines)
        )

    def _machine(self, client: FtpClient, machine: Machine, paths: set[str]) -> Iterator[FileReading]:
        newest = newest_file(client, machine)
        for file in machine.files:
            listed = file.listed
            is_newest = file is newest
            known = self._book.find(file.path, paths)
            if known is None and not is_newest and self._book.is_settled(file.path, listed.size, listed.day):
                continue
            reading = FileReading(
                client,
                file,
                known,
                is_newest=is_newest,
                was_packed=self._book.was_packed(file.path),
                clock=lambda: int(self._clock()),
            )
            batches = reading.batches(lambda found: has_entry(client, found.wire_path))
            first = next(batches, None)
            if reading.is_gone:
                self._logger.warning("%s vanished before it could be read", file.path)
                continue
            if first is not None or reading.has_new_row:
                self._current = reading, batches if first is None else chain([first], batches)
                yield reading
                self._current = None
            self._end(reading)
            if time.monotonic() - self._reported_at > SECONDS_BETWEEN_REPORTS:
                self._report(machine, "so far")

    def batches(self, reading: FileReading) -> Iterator[Batch]:
        """Yield the rows of a file that `readings` has just yielded."""
        if self._current is None or self._current[0] is not reading:
            return
        received = 0
        for batch in self._current[1]:
            yield batch
            # Both streams have written their rows of it: from here on it need not be read again.
            self._book.put(reading.state.snapshot())
            self._tally.events += len(batch.events)
            self._tally.rejected += len(batch.rejected)
            self._unsaved_bytes += reading.bytes_received - received
            received = reading.bytes_received

    @property
    def is_due(self) -> bool:
        """Whether the state should be told now."""
        return (
            self._unsaved_bytes >= BYTES_BETWEEN_STATES
            or time.monotonic() - self._saved_at > SECONDS_BETWEEN_STATES
        )

    def bookmark(self) -> dict[str, Any]:
        """Return the state: it covers the batches and files that are done."""
        self._unsaved_bytes = 0
        self._saved_at = time.monotonic()
        return self._book.dump()

    def raise_problems(self) -> None:
        """Fail if something could not be read.

        Raises:
            SourceError: Names it.
        """
        if self._problems:
            more = f" (and {len(self._problems) - _NAMED} more)" if len(self._problems) > _NAMED else ""
            raise SourceError(
                f"{'; '.join(self._problems[:_NAMED])}{more} on the FTP server {self._settings.place}: "
                f"let the user {self._settings.user} read it; everything else was read"
            )

    def _end(self, reading: FileReading) -> None:
        state = reading.state
        self._book.put(state.snapshot())
        if reading.bytes_received or reading.has_new_row:
            self._tally.files += 1
            self._tally.received += reading.bytes_received
        if state.read_error is not None:
            self._problems.append(f"{state.path} cannot be read ({state.read_error})")
            self._logger.warning("%s cannot be read: %s", state.path, state.read_error)

    def _report(self, machine: Machine, what: str) -> None:
        self._reported_at = time.monotonic()
        self._logger.info(
            "%s: %d of %d files %s (%s)",
            machine.folder,
            self._tally.files,
            len(machine.files),
            what,
            self._tally,
        )


def _bytes_text(number: float) -> str:
    for unit in ("bytes", "KB", "MB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.4g} GB"
