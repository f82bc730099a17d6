"""The history of runs: `ops.runs` and `ops.run_steps`.

A run that could not reach the warehouse is kept in a file and recorded by the next one that can.
"""

from __future__ import annotations

import json
import os
import socket
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import psycopg2
import psycopg2.extras
from target_warehouse.plain_text import plain_text

from atelier.errors import AtelierError
from atelier.ops.steps import Step, now, totals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 # it is a class

#: Environment variables by which the scheduler says for what it starts a run.
SCHEDULE: Final = "ATELIER_SCHEDULE"
DUE_AT: Final = "ATELIER_DUE_AT"

#: How the launcher ends a run that was asked to stop: 128 and the number of SIGTERM, as shells do.
STOPPED: Final = 143

_COUNTS: Final = ("rows_loaded", "bytes_read", "lines_rejected")


@dataclass
class Run:
    """One run of a job, from the moment that it has the warehouse for itself."""

    job: str
    environment: str
    schedule: str | None = None
    due_at: datetime | None = None
    host: str = field(default_factory=socket.gethostname)
    process_id: int = field(default_factory=os.getpid)
    version: str = field(default_factory=lambda: version("atelier"))
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started_at: datetime = field(default_factory=now)
    ended_at: datetime | None = None
    outcome: str = "running"
    message: str | None = None
    steps: list[Step] = field(default_factory=list)

    @classmethod
    def of(cls, job: str, environment: str, process: Mapping[str, str]) -> Run:
        """Return a run that begins now, for the schedule that the environment names, if any.

        Raises:
            AtelierError: The time that it is due is none.
        """
        return cls(job, environment, process.get(SCHEDULE) or None, _moment_due(process.get(DUE_AT)))

    def end(self, outcome: str, message: str | None, steps: Sequence[Step]) -> None:
        """Note how it ended."""
        self.ended_at = now()
        self.outcome, self.message, self.steps = outcome, message, list(steps)


def _moment_due(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise AtelierError(f"{DUE_AT} is {text!r}, which is no moment: leave it to the scheduler")
    return moment


def begin(
    connection: Connection, run: Run, unrecorded: Path, keep_days: int, say: Callable[[str], None]
) -> None:
    """Record that a run has begun, and put the history in order first.

    Only a run that holds the warehouse may call it: what still counts as running was killed.

    Args:
        connection: To the warehouse, in autocommit.
        run: The run.
        unrecorded: Folder of runs that could not be recorded.
        keep_days: Days after which a run is forgotten.
        say: Takes a sentence about a run that cannot be recorded; it is left out, and this one goes on.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "update ops.runs set outcome = 'interrupted', ended_at = greatest(now(), started_at), "
            "message = 'it was killed, or its machine was' where outcome = 'running'"
        )
        cursor.execute(
            "delete from ops.runs where started_at < now() - make_interval(days => %s)", (keep_days,)
        )
        # The newest of each step stays: the marts say by it when a source was loaded.
        cursor.execute(
            "delete from meltano.runs r where r.ended_at < now() - make_interval(days => %s) and exists ("
            "select 1 from meltano.runs n where n.job_name = r.job_name and n.state = r.state "
            "and n.ended_at > r.ended_at)",
            (keep_days,),
        )
        for path in sorted(unrecorded.glob("*.json")):
            _record_kept(cursor, path, say)
        _write(cursor, run)


def _record_kept(cursor: Cursor, path: Path, say: Callable[[str], None]) -> None:
    try:
        if (other := _read(path)) is not None:
            _write(cursor, other)
        else:
            say(f"warning: {path} holds no run that can be read (a crash of the machine?): it is removed")
        path.unlink()
    except (OSError, psycopg2.DataError, psycopg2.IntegrityError) as error:
        why = error.strerror if isinstance(error, OSError) else error.pgcode
        say(f"warning: a run that was kept in {path} cannot be recorded or removed ({why}): remove it")


def record(connection: Connection, run: Run) -> None:
    """Record how a run has ended."""
    with connection.cursor() as cursor:
        _write(cursor, run)


def keep(unrecorded: Path, run: Run) -> None:
    """Keep a run that cannot be recorded now; a disk that is full as well leaves it to the log."""
    part = unrecorded / f"{run.run_id}.part"
    with suppress(OSError):
        unrecorded.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(asdict(run), default=str), "utf-8")
        part.replace(part.with_suffix(".json"))


def _read(path: Path) -> Run | None:
    """Read a run that was kept; None where a crash of the machine has torn the file."""
    try:
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
        steps = [Step(**{**step, **_moments(step)}) for step in values.pop("steps")]
        return Run(**{**values, **_moments(values)}, steps=steps)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _moments(values: Mapping[str, Any]) -> dict[str, datetime | None]:
    names = ("due_at", "started_at", "ended_at")
    return {name: datetime.fromisoformat(values[name]) for name in names if values.get(name)}


def _plain(message: str | None) -> str | None:
    """Return a message as it is kept: it may repeat what a server or a file says, NULs included."""
    return None if message is None else plain_text(message)


def _write(cursor: Cursor, run: Run) -> None:
    """Write a run as it is now; all of it, or nothing."""
    sums = totals(run.steps)
    values = {**asdict(run), **{name: sums.get(name) for name in _COUNTS}}
    values["message"] = _plain(run.message)
    del values["steps"]
    names = ", ".join(values)
    changing = ", ".join(f"{name} = excluded.{name}" for name in ("ended_at", "outcome", "message", *_COUNTS))
    cursor.execute("begin")
    try:
        cursor.execute(
            f"insert into ops.runs ({names}) values %s "  # noqa: S608 # names of our own
            f"on conflict (run_id) do update set {changing}",
            (tuple(values.values()),),
        )
        psycopg2.extras.execute_values(
            cursor,
            "insert into ops.run_steps (run_id, step_number, step, started_at, ended_at, outcome, message, "
            "rows_loaded, bytes_read, lines_rejected) values %s on conflict do nothing",
            [
                (
                    run.run_id,
                    number,
                    step.name,
                    step.started_at,
                    step.ended_at,
                    step.outcome,
                    _plain(step.message),
                    *(step.counts.get(name) for name in _COUNTS),
                )
                for number, step in enumerate(run.steps, start=1)
            ],
        )
        cursor.execute("commit")
    except psycopg2.Error:
        if not cursor.connection.closed:
            cursor.execute("rollback")
        raise
