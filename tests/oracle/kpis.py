"""What the marts of days, weeks and orders' progress must hold, worked out from the oracle's own sessions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from .logs import machine_of_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from .erp import ShutterOrder
    from .logs import ExpectedLogs, SessionKey


@dataclass(frozen=True, slots=True)
class Totals:
    """What can be added of a session, and what is worked out of the sums; rates None without a span."""

    piece_count: int
    job_count: int
    stop_count: int
    wait_count: int
    rejected_line_count: int
    span_seconds: Decimal
    productive_seconds: Decimal
    waiting_seconds: Decimal
    stopped_seconds: Decimal
    occupancy_rate: Decimal | None
    waiting_rate: Decimal | None
    stop_rate: Decimal | None
    pieces_per_productive_hour: Decimal | None


@dataclass(frozen=True, slots=True)
class Week:
    """A row of fct_machine_weeks."""

    machine_id: str
    week_starts_on: date
    iso_week: str
    day_count: int
    totals: Totals


@dataclass(frozen=True, slots=True)
class Progress:
    """A row of fct_order_progress."""

    order_id: str
    piece_count: int
    first_piece_at: datetime | None
    last_piece_at: datetime | None
    last_machine_id: str | None


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row of fct_log_files for the latest version of a path; `session` is None where it counts in none."""

    machine_id: str
    path: str
    session: SessionKey | None
    production_date: date | None
    size_bytes: int
    line_count: int
    event_count: int
    rejected_count: int
    blank_count: int
    first_event_at: datetime | None
    last_event_at: datetime | None


def expected_days(expected: ExpectedLogs) -> dict[SessionKey, Totals]:
    """The totals of each machine and production day."""
    return {key: _totals(expected, [key]) for key in sorted(expected.sessions)}


def expected_weeks(expected: ExpectedLogs) -> list[Week]:
    """The totals of each machine and ISO week, in that order."""
    days: dict[tuple[str, date], list[SessionKey]] = defaultdict(list)
    for machine_id, day in expected.sessions:
        days[machine_id, day - timedelta(days=day.weekday())].append((machine_id, day))
    weeks = []
    for (machine_id, monday), keys in sorted(days.items()):
        year, week, _ = monday.isocalendar()
        weeks.append(Week(machine_id, monday, f"{year}-W{week:02}", len(keys), _totals(expected, keys)))
    return weeks


def _totals(expected: ExpectedLogs, keys: Iterable[SessionKey]) -> Totals:
    sessions = [expected.sessions[key] for key in keys]
    states = [stretch.state for key in keys for stretch in expected.states[key]]
    span = sum((session.span_seconds for session in sessions), Decimal(0))
    productive = sum((session.productive_seconds for session in sessions), Decimal(0))
    waiting = sum((session.waiting_seconds for session in sessions), Decimal(0))
    stopped = sum((session.stopped_seconds for session in sessions), Decimal(0))
    pieces = sum(session.piece_count for session in sessions)
    return Totals(
        piece_count=pieces,
        job_count=sum(session.job_count for session in sessions),
        stop_count=states.count("stopped"),
        wait_count=states.count("waiting"),
        rejected_line_count=sum(session.rejected_line_count for session in sessions),
        span_seconds=span,
        productive_seconds=productive,
        waiting_seconds=waiting,
        stopped_seconds=stopped,
        occupancy_rate=productive / span if span else None,
        waiting_rate=waiting / span if span else None,
        stop_rate=stopped / span if span else None,
        pieces_per_productive_hour=pieces / (productive / 3600) if productive else None,
    )


def expected_progress(orders: Iterable[ShutterOrder], expected: ExpectedLogs) -> list[Progress]:
    """The pieces of each order to plan, by its id."""
    pieces = [
        (piece.produced_at, machine_id, piece.order_number, piece.extension)
        for (machine_id, _), made in expected.pieces.items()
        for piece in made
    ]
    rows = []
    for order in orders:
        made = sorted(
            (produced_at, machine_id)
            for produced_at, machine_id, number, extension in pieces
            if number == order.order_number
            and (extension is None or extension.casefold() == order.extension.strip().casefold())
        )
        rows.append(
            Progress(
                order.order_id,
                len(made),
                made[0][0] if made else None,
                made[-1][0] if made else None,
                made[-1][1] if made else None,
            )
        )
    return rows


def expected_files(expected: ExpectedLogs) -> list[FileRow]:
    """The latest version of each path, by path."""
    rows = []
    for path, file in sorted(expected.files.items()):
        machine_id = machine_of_folder(file.machine_folder)[0]
        day = None if file.first_event_at is None else file.first_event_at.date()
        first_event_at, last_event_at = expected.file_times.get(path, (None, None))
        rows.append(
            FileRow(
                machine_id=machine_id,
                path=path,
                session=None if day is None else (machine_id, day),
                production_date=day,
                size_bytes=file.size_bytes,
                line_count=file.line_count,
                event_count=file.event_count,
                rejected_count=file.rejected_count,
                blank_count=file.blank_count,
                first_event_at=first_event_at,
                last_event_at=last_event_at,
            )
        )
    return rows
