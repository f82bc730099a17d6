"""One run over all files: which are read, in which order, what is remembered, what is told."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from tap_ftplogs.activity import Activity, activities, has_just_grown
from tap_ftplogs.ahead import Job, ReadAhead
from tap_ftplogs.budget import Budget
from tap_ftplogs.client import FtpClient
from tap_ftplogs.discovery import discover
from tap_ftplogs.disposal import Candidate
from tap_ftplogs.errors import SourceError
from tap_ftplogs.problems import Problems
from tap_ftplogs.removals import Removals
from tap_ftplogs.state import FileState, StateBook
from tap_ftplogs.watch import Watch

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Mapping

    from tap_ftplogs.ahead import Portion
    from tap_ftplogs.discovery import LogFile, Machine, Tree
    from tap_ftplogs.parser import Batch
    from tap_ftplogs.settings import Settings

#: The state is told at least after so much was read, or so long.
BYTES_BETWEEN_STATES: Final = 4 * 1024 * 1024
SECONDS_BETWEEN_STATES: Final = 5.0

#: So often all folders are listed again while files are missing that were there.
MOST_LISTINGS: Final = 5

SECONDS_BETWEEN_REPORTS: Final = 10.0


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


class Turn:
    """A file whose turn it is; `state` covers the batches handed out so far, and no line more."""

    def __init__(self, job: Job, portions: Iterator[Portion]) -> None:
        self.job = job
        self.state = job.known or FileState(job.file.path, max(job.file.listed.size, 0), None, "")
        self.bytes_received = 0
        self.is_gone = False
        self._portions = portions
        self._ahead: Portion | None = self._next()

    @property
    def has_new_row(self) -> bool:
        """Whether the file's record is another one than the last run emitted."""
        return self.job.known is None or self.job.known.row() != self.state.row()

    @property
    def is_worth_telling(self) -> bool:
        """Whether there are rows of it, or its own row is new; not until `batches` has begun."""
        return self._ahead is not None or (self.has_new_row and not self.is_gone)

    def batches(self) -> Iterator[Batch]:
        """Yield the rows; `state` covers a batch from the moment that it is yielded."""
        while self._ahead is not None:
            portion, self._ahead = self._ahead, None
            self._note(portion)
            if portion.batch is not None:
                yield portion.batch
            self._ahead = self._next()

    def _next(self) -> Portion | None:
        """Return the next portion that has rows, having noted what others say."""
        for portion in self._portions:
            if portion.batch is not None:
                return portion
            self._note(portion)
        return None

    def _note(self, portion: Portion) -> None:
        self.state = portion.state
        self.bytes_received = portion.bytes_received
        self.is_gone = portion.is_gone


class Run:
    """Goes through the files of all machines, oldest first; `with` ends its connections.

    The loop over `turns` emits each file; `batches` gives its rows, and remembers a batch when the next one
    is asked for.
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
        self._budget = Budget(settings.time_limit)
        self._client = FtpClient(settings, logger, self._budget)
        self._watch = Watch(settings, self._book.names_seen, logger)
        self.problems = Problems(settings, self._book.problems)
        self.removals = Removals(settings, self._book, self._client, logger, self.problems, clock)
        self._zone = ZoneInfo(settings.plant_timezone)
        self._tally = Tally()
        self._unsaved_bytes = 0
        self._saved_at = self._reported_at = time.monotonic()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def turns(self) -> Iterator[Turn]:
        """Yield every file that has something new to tell.

        Raises:
            SourceError: The source failed.
        """
        settings, logger = self._settings, self._logger
        if not settings.tls_verify and settings.tls != "off":
            logger.warning(
                "the certificate of %s is NOT verified: anyone on the way can read the password",
                settings.place,
            )
        tree = self._discover()
        self.removals.archive_path = tree.archive_path
        for (kind, path), reason in tree.problems.items():
            self.problems.add(kind, path, reason)
        self.removals.note_vanished(tree)
        jobs = self._jobs(tree)
        total, number = Tally(), 0
        with ReadAhead(jobs, self._client, self._budget, lambda: int(self._clock()), logger) as ahead:
            for machine in tree.machines:
                self._tally = Tally()
                while number < len(jobs) and jobs[number].machine is machine:
                    yield from self._turn(jobs[number], ahead.portions(number))
                    number += 1
                if self._tally.files:
                    self._report(machine, "read")
                self._watch.machine(machine.folder, self._book.newest_event_at(machine.folder), self._clock())
                total.add(self._tally)
        self._watch.end()
        logger.info(
            "%d files read (%s), %d unchanged, %d machines",
            total.files,
            total,
            len(tree.paths) - total.files,
            len(tree.machines),
        )
        _say_metric(logger, "bytes_received", total.received)
        _say_metric(logger, "lines_rejected", total.rejected)

    def _discover(self) -> Tree:
        """List all folders; where known files have vanished, once more, as no reply tells a listing's length.

        Of a listing that is cut short a file in the middle would pass for its machine's newest.
        """
        tree = discover(self._client)
        missing = self._book.count_missing(tree.paths)
        for _ in range(MOST_LISTINGS):
            if missing <= self._book.missing:
                break
            self._logger.info("%d files that were read before are not there: listing again", missing)
            again = discover(self._client)
            if len(again.paths) <= len(tree.paths):
                break
            tree, missing = again, self._book.count_missing(again.paths)
        self._book.missing = missing
        return tree

    def batches(self, turn: Turn) -> Iterator[Batch]:
        """Yield the rows of a file that `turns` has just yielded."""
        received = 0
        for batch in turn.batches():
            self._watch.batch(batch)
            yield batch
            # Both streams have written their rows of it: from here on it need not be read again.
            self._book.put(turn.state)
            self._tally.events += len(batch.events)
            self._tally.rejected += len(batch.rejected)
            self._unsaved_bytes += turn.bytes_received - received
            received = turn.bytes_received

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
        self._book.names_seen = self._watch.names_seen
        self._book.problems = self.problems.told
        return self._book.dump()

    def _jobs(self, tree: Tree) -> list[Job]:
        """Say which files have to be looked at, in the order of their turns."""
        jobs = []
        paths = tree.paths
        for machine in tree.machines:
            states = {
                file.path: known
                for file in machine.files
                if (known := self._book.find(file.path, paths)) is not None
            }
            activity = activities(machine.files, states, int(self._clock()), self._zone, self._modified)
            for file in machine.files:
                known = states.get(file.path)
                # Of a machine that is listed in part nobody knows which files are old.
                may_go = activity[file.path] is Activity.CLOSED and tree.is_whole(machine)
                if (
                    known is None
                    and activity[file.path] is not Activity.NEWEST
                    and self._book.is_settled(file.path, file.listed.size, file.listed.day)
                ):
                    if may_go:
                        self.removals.candidates.append(Candidate(file, None))
                    continue
                jobs.append(
                    Job(
                        machine,
                        file,
                        known,
                        activity[file.path],
                        self._book.was_packed(file.path),
                        may_go,
                    )
                )
        return jobs

    def _modified(self, file: LogFile) -> int | None:
        return self._client.modified(file.wire_path)

    def _turn(self, job: Job, portions: Iterator[Portion]) -> Iterator[Turn]:
        known = job.known
        self._watch.file(job.file.path, known.position.last_event_at if known else None)
        turn = Turn(job, portions)
        if turn.is_worth_telling:
            yield turn
            # Whoever does not want the lines gets none; they count as read all the same.
            for _ in turn.batches():
                pass
        state = turn.state
        if turn.is_gone:
            self._logger.warning("%s vanished before it could be read", job.file.path)
            return
        self._book.put(state)
        self.removals.note_successor(known, state)
        if turn.bytes_received or turn.has_new_row:
            self._tally.files += 1
            self._tally.received += turn.bytes_received
        if state.read_error is not None:
            self.problems.add("file_unreadable", state.path, state.read_error)
            self._logger.warning("%s cannot be read: %s", state.path, state.read_error)
        if (
            known is not None
            and known.is_complete
            and job.may_go
            and not has_just_grown(known, int(self._clock()))
            and known.dump() == state.dump()
        ):
            self.removals.candidates.append(Candidate(job.file, known))
        if time.monotonic() - self._reported_at > SECONDS_BETWEEN_REPORTS:
            self._report(job.machine, "so far")

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

    def problem_rows(self) -> Iterator[dict[str, Any]]:
        """Yield the records of problems that are new or gone, remembering each when the next is asked for."""
        now = datetime.fromtimestamp(self._clock(), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
        yield from self.problems.rows(now)


def _bytes_text(number: float) -> str:
    for unit in ("bytes", "KB", "MB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.4g} GB"


def _say_metric(logger: logging.Logger, name: str, value: int) -> None:
    """Say a number as the Singer SDK says its own, for programs to read."""
    logger.info("METRIC: %s", json.dumps({"type": "counter", "metric": name, "value": value, "tags": {}}))
