"""What the marts must hold about the machines, worked out from the bytes of the log tree."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeAlias
from zoneinfo import ZoneInfo

from .files import LogFile, ReadFile, events_in_order, read_file, rejected_count, tell_hours_apart
from .lines import Event, order_of_piece, read_job, wait_microseconds
from .timeline import Interval, join_neighbours, tile, to_datetime, to_seconds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date, datetime
    from decimal import Decimal
    from pathlib import Path

_FOLDER = re.compile(r"\s*(?P<code>.*?)\s*(?:\((?P<material>[^()]*)\)\s*)?")

_KINDS = {
    "StukUitgevoerd": "piece",
    "MachineWait": "wait",
    "MachineStop": "stop",
    "MachineStart": "start",
    "JobProfiel": "job",
}

SessionKey: TypeAlias = "tuple[str, date]"
"""(machine_id, production_date)"""


@dataclass(frozen=True, slots=True)
class Session:
    """The columns of fct_sessions; instants in UTC, durations in seconds, rates None without a span."""

    machine_id: str
    production_date: date
    first_event_at: datetime
    last_event_at: datetime
    first_piece_at: datetime | None
    last_piece_at: datetime | None
    first_machine_start_at: datetime | None
    last_machine_stop_at: datetime | None
    piece_count: int
    job_count: int
    span_seconds: Decimal
    productive_seconds: Decimal
    waiting_seconds: Decimal
    stopped_seconds: Decimal
    occupancy_rate: Decimal | None
    waiting_rate: Decimal | None
    stop_rate: Decimal | None
    rejected_line_count: int


@dataclass(frozen=True, slots=True)
class State:
    """A stretch of fct_machine_states; adjoining stretches always differ in state."""

    started_at: datetime
    ended_at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A row of fct_pieces; `job_number` counts the jobs of the session from 1, None before the first job."""

    produced_at: datetime
    piece_number: int
    details: str
    order_number: int | None
    extension: str | None
    job_number: int | None
    job_started_at: datetime | None
    cycle_seconds: Decimal | None


@dataclass(frozen=True, slots=True)
class Job:
    """A row of fct_jobs."""

    started_at: datetime
    profile_reference: str | None
    length_mm: Decimal | None
    colour: str | None
    piece_count: int


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """A row of fct_session_events, by the copy of its line that stands foremost."""

    event_number: int
    kind: str
    occurred_at: datetime
    file_path: str
    line_number: int
    byte_offset: int


@dataclass(frozen=True, slots=True)
class Machine:
    """A row of dim_machines; dates are None while no file of the machine holds an event."""

    machine_id: str
    material: str | None
    folder: str
    first_production_date: date | None
    last_production_date: date | None


@dataclass(slots=True)
class ExpectedLogs:
    """Everything; `files` by path relative to the root, lists in the order of the session."""

    files: dict[str, LogFile] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)
    sessions: dict[SessionKey, Session] = field(default_factory=dict)
    states: dict[SessionKey, list[State]] = field(default_factory=dict)
    pieces: dict[SessionKey, list[Piece]] = field(default_factory=dict)
    jobs: dict[SessionKey, list[Job]] = field(default_factory=dict)
    events: dict[SessionKey, list[SessionEvent]] = field(default_factory=dict)
    #: The instants of the first and the last event in the order of each file that holds one.
    file_times: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)


def expected_from_logs(
    ftp_root: Path,
    plant_timezone: str = "Europe/Paris",
    *,
    take_torn_line: Collection[Path] | Literal["all", "none"] = "all",
) -> ExpectedLogs:
    """Reads every `*.log` file (either case) below the folders of `ftp_root`.

    `take_torn_line` names the files (absolute, or relative to the root) whose last line counts without
    a line end.
    """
    torn_to_take = set() if isinstance(take_torn_line, str) else {ftp_root / path for path in take_torn_line}
    expected = ExpectedLogs()
    sessions: dict[SessionKey, list[ReadFile]] = defaultdict(list)
    for path in sorted(ftp_root.rglob("*")):
        if path.suffix.lower() != ".log" or path.parent == ftp_root or not path.is_file():
            continue
        read = read_file(ftp_root, path, take_torn_line=take_torn_line == "all" or path in torn_to_take)
        expected.files[read.summary.path] = read.summary
        if read.summary.first_event_at is not None:
            machine_id = machine_of_folder(read.summary.machine_folder)[0]
            sessions[machine_id, read.summary.first_event_at.date()].append(read)
    zone = ZoneInfo(plant_timezone)
    for key, files in sorted(sessions.items(), key=lambda item: item[0]):
        _work_out_session(expected, key, files, zone)
    expected.machines = _machines(expected.files.values())
    return expected


def machine_of_folder(folder: str) -> tuple[str, str | None]:
    """`DEM12 (PVC)` is the machine DEM12, of material PVC."""
    match = _FOLDER.fullmatch(folder)
    if match is None or not match["code"]:
        return folder, None
    return match["code"], (match["material"] or "").strip() or None


def _stops(timed: Sequence[tuple[int, Event]]) -> list[Interval]:
    """From each stop to the start right after it, when no other stop or start stands between them."""
    switches = [(at, event.name) for at, event in timed if event.name in ("MachineStop", "MachineStart")]
    return [
        (at, next_at)
        for (at, name), (next_at, next_name) in pairwise(switches)
        if (name, next_name) == ("MachineStop", "MachineStart")
    ]


def _work_out_session(
    expected: ExpectedLogs, key: SessionKey, files: Sequence[ReadFile], zone: ZoneInfo
) -> None:
    tell_hours_apart(files, zone)
    placed = events_in_order(files, zone)
    timed = [(line.at, line.event) for _, _, line in placed]
    waits = [
        (at, at + wait_microseconds(event.details)) for at, event in timed if event.name == "MachineWait"
    ]
    piece_times = _times(timed, "StukUitgevoerd")
    tiles = []
    if piece_times:
        span = (min(piece_times), max(piece_times))
        tiles = tile(span, _stops(timed), waits, cuts=piece_times)
    expected.sessions[key] = _session(key, timed, tiles, rejected_count(files))
    expected.states[key] = [
        State(to_datetime(begin), to_datetime(end), state) for begin, end, state in join_neighbours(tiles)
    ]
    expected.pieces[key] = _pieces(timed, tiles)
    expected.jobs[key] = _jobs(timed, expected.pieces[key])
    expected.events[key] = [
        SessionEvent(
            number,
            _KINDS.get(line.event.name, "other"),
            to_datetime(line.at),
            place.path,
            line_number,
            place.byte_offset,
        )
        for number, (place, line_number, line) in enumerate(placed, start=1)
    ]
    for file in files:
        times = file.timed(zone)
        expected.file_times[file.summary.path] = (to_datetime(times[0].at), to_datetime(times[-1].at))


def _times(timed: Iterable[tuple[int, Event]], name: str) -> list[int]:
    return [at for at, event in timed if event.name == name]


def _session(
    key: SessionKey, timed: Sequence[tuple[int, Event]], tiles: Sequence[tuple[int, int, str]], rejected: int
) -> Session:
    pieces = _times(timed, "StukUitgevoerd")
    starts = _times(timed, "MachineStart")
    stops = _times(timed, "MachineStop")
    in_state = dict.fromkeys(("productive", "waiting", "stopped"), 0)
    for begin, end, state in tiles:
        in_state[state] += end - begin
    seconds = {state: to_seconds(microseconds) for state, microseconds in in_state.items()}
    span = to_seconds(max(pieces) - min(pieces)) if pieces else to_seconds(0)
    if sum(seconds.values()) != span:
        raise AssertionError(f"The oracle's states do not add up to the span of {key}: mend the oracle.")
    return Session(
        machine_id=key[0],
        production_date=key[1],
        first_event_at=to_datetime(min(at for at, _ in timed)),
        last_event_at=to_datetime(max(at for at, _ in timed)),
        first_piece_at=to_datetime(min(pieces)) if pieces else None,
        last_piece_at=to_datetime(max(pieces)) if pieces else None,
        first_machine_start_at=to_datetime(min(starts)) if starts else None,
        last_machine_stop_at=to_datetime(max(stops)) if stops else None,
        piece_count=len(pieces),
        job_count=len(_times(timed, "JobProfiel")),
        span_seconds=span,
        productive_seconds=seconds["productive"],
        waiting_seconds=seconds["waiting"],
        stopped_seconds=seconds["stopped"],
        occupancy_rate=seconds["productive"] / span if span else None,
        waiting_rate=seconds["waiting"] / span if span else None,
        stop_rate=seconds["stopped"] / span if span else None,
        rejected_line_count=rejected,
    )


def _pieces(timed: Sequence[tuple[int, Event]], tiles: Sequence[tuple[int, int, str]]) -> list[Piece]:
    # Every piece is a boundary of the tiles, so the productive time up to each piece needs no splitting.
    productive_until = {tiles[0][0]: 0} if tiles else {}
    for begin, end, state in tiles:
        productive_until[end] = productive_until[begin] + (end - begin if state == "productive" else 0)
    pieces: list[Piece] = []
    job_number, job_at, previous_at = 0, None, None
    for at, event in timed:
        if event.name == "JobProfiel":
            job_number, job_at = job_number + 1, to_datetime(at)
        elif event.name == "StukUitgevoerd":
            cycle = None
            if previous_at is not None:
                cycle = productive_until.get(at, 0) - productive_until.get(previous_at, 0)
            order_number, extension = order_of_piece(event.details)
            pieces.append(
                Piece(
                    produced_at=to_datetime(at),
                    piece_number=len(pieces) + 1,
                    details=event.details,
                    order_number=order_number,
                    extension=extension,
                    job_number=job_number or None,
                    job_started_at=job_at,
                    cycle_seconds=None if cycle is None else to_seconds(cycle),
                )
            )
            previous_at = at
    return pieces


def _jobs(timed: Iterable[tuple[int, Event]], pieces: Iterable[Piece]) -> list[Job]:
    counts = Counter(piece.job_number for piece in pieces)
    started = [(at, event) for at, event in timed if event.name == "JobProfiel"]
    return [
        Job(to_datetime(at), *read_job(event.details), piece_count=counts[number])
        for number, (at, event) in enumerate(started, start=1)
    ]


def _machines(files: Iterable[LogFile]) -> dict[str, Machine]:
    """One machine per folder code; of several folders with one code, the one used last (then by name)."""
    days: dict[str, list[date]] = defaultdict(list)
    folders: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for file in files:
        machine_id = machine_of_folder(file.machine_folder)[0]
        if file.first_event_at is not None:
            days[machine_id].append(file.first_event_at.date())
        folders[machine_id].append((str(file.first_event_at or ""), file.machine_folder))
    machines = {}
    for machine_id, known in sorted(folders.items()):
        folder = max(known)[1]
        machines[machine_id] = Machine(
            machine_id,
            machine_of_folder(folder)[1],
            folder,
            min(days[machine_id], default=None),
            max(days[machine_id], default=None),
        )
    return machines
