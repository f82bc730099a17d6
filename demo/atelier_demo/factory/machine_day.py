"""One machine's day, made up: events, states that tile the span, pieces and jobs, as rows of marts."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    Row = dict[str, Any]

PARIS = ZoneInfo("Europe/Paris")
_COLOURS = ("7016 G ALU", "BLANC", None)


def key_of(*parts: object) -> str:
    """Return a key as the marts have them."""
    return hashlib.md5("-".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def rates(sums: Row) -> Row:
    """Return the rates that are made from sums, as the marts make them."""
    span, productive = sums["span_seconds"], sums["productive_seconds"]
    return {
        "occupancy_rate": round(productive / span, 12) if span else None,
        "waiting_rate": round(sums["waiting_seconds"] / span, 12) if span else None,
        "stop_rate": round(sums["stopped_seconds"] / span, 12) if span else None,
        "pieces_per_productive_hour": (
            round(sums["piece_count"] * 3600 / productive, 6) if productive else None
        ),
    }


class MachineDay:
    """A machine's day: events one after the other, states that tile the span, pieces and jobs."""

    def __init__(  # what a day is made from
        self, machine_id: str, folder: str, day: date, chance: Random, orders: list[Row], pieces: int
    ) -> None:
        self._chance = chance
        self._now = datetime.combine(day, time(6, chance.randrange(60)), PARIS)
        self._key = key_of(machine_id, day)
        self._base = {"session_id": self._key, "machine_id": machine_id, "input_digest": self._key}
        self._path = f"{folder}/{day:%Y%m%d}.LOG"
        self._events: list[Row] = []
        self._states: list[Row] = []
        self._pieces: list[Row] = []
        self._jobs: list[Row] = []
        self.made: list[tuple[str, datetime]] = []
        self._work(orders, pieces)
        self._sum_up(day, machine_id)

    def tables(self) -> Iterator[tuple[str, list[Row]]]:
        """Yield the rows of each mart that has some of a day."""
        yield "fct_sessions", [self.session]
        yield "fct_machine_days", [self.figures]
        yield "fct_log_files", [self._file]
        yield "fct_session_events", self._events
        yield "fct_machine_states", self._states
        yield "fct_pieces", self._pieces
        yield "fct_jobs", self._jobs

    def _work(self, orders: list[Row], pieces: int) -> None:
        self._event("start")
        for number in range(pieces + self._chance.randrange(10)):
            if number % 8 == 0:
                self._pass(5, "productive")
                self._begin_job()
            luck = self._chance.random()
            if luck < 0.04:
                self._event("stop")
                self._pass(self._chance.randrange(200, 1500), "stopped")
                self._event("start")
            elif luck < 0.15:
                self._event("wait")
                self._pass(self._chance.randrange(20, 90) + 0.5, "waiting")
            if luck > 0.99:
                self._event("other")
            cycle = self._chance.randrange(60, 160)
            self._pass(cycle, "productive")
            self._event("piece")
            self._finish_piece(cycle, orders)

    def _event(self, kind: str) -> None:
        number = len(self._events) + 1
        self._events.append(
            {
                **self._base,
                "event_id": key_of(self._key, "event", number),
                "event_number": number,
                "kind": kind,
                "occurred_at": self._now,
                "file_path": self._path,
                "line_number": number,
                "byte_offset": (number - 1) * 40,
            }
        )

    def _pass(self, seconds: float, state: str) -> None:
        """Let time pass in a state; states begin with the first piece."""
        began, self._now = self._now, self._now + timedelta(seconds=seconds)
        if not self._pieces:
            return
        if self._states and self._states[-1]["state"] == state:
            self._states[-1]["ended_at"] = self._now
            self._states[-1]["duration_seconds"] += seconds
            return
        number = len(self._states) + 1
        self._states.append(
            {
                **self._base,
                "machine_state_id": key_of(self._key, "state", number),
                "state_number": number,
                "state": state,
                "started_at": began,
                "ended_at": self._now,
                "duration_seconds": seconds,
            }
        )

    def _begin_job(self) -> None:
        self._event("job")
        number = len(self._jobs) + 1
        self._jobs.append(
            {
                **self._base,
                "job_id": key_of(self._key, "job", number),
                "job_number": number,
                "profile_reference": str(215000 + self._chance.randrange(400)),
                "colour": self._chance.choice(_COLOURS),
                "length_mm": self._chance.randrange(8000, 65000) / 10,
                "piece_count": 0,
                "started_at": self._now,
            }
        )

    def _finish_piece(self, cycle: int, orders: list[Row]) -> None:
        order = self._chance.choice(orders) if orders and self._chance.random() < 0.8 else None
        number = len(self._pieces) + 1
        self._jobs[-1]["piece_count"] += 1
        self._pieces.append(
            {
                **self._base,
                "piece_id": key_of(self._key, "piece", number),
                "job_id": self._jobs[-1]["job_id"],
                "piece_number": number,
                "order_number": order["order_number"] if order else None,
                "extension": order["extension"] or None if order else None,
                "details": f"{order['order_number']}/{order['extension']} pos {number}" if order else "essai",
                "cycle_seconds": cycle if number > 1 else None,
                "produced_at": self._now,
            }
        )
        if order:
            self.made.append((order["order_id"], self._now))

    def _sum_up(self, day: date, machine_id: str) -> None:
        def seconds(state: str) -> float:
            return float(sum(one["duration_seconds"] for one in self._states if one["state"] == state))

        def first(kind: str, place: int) -> datetime | None:
            found = [one["occurred_at"] for one in self._events if one["kind"] == kind]
            return found[place] if found else None

        sums = {
            "piece_count": len(self._pieces),
            "job_count": len(self._jobs),
            "stop_count": sum(one["state"] == "stopped" for one in self._states),
            "wait_count": sum(one["state"] == "waiting" for one in self._states),
            "rejected_line_count": self._chance.choice((0, 0, 0, 2)),
            "productive_seconds": seconds("productive"),
            "waiting_seconds": seconds("waiting"),
            "stopped_seconds": seconds("stopped"),
        }
        sums["span_seconds"] = sums["productive_seconds"] + sums["waiting_seconds"] + sums["stopped_seconds"]
        self.figures: Row = {**self._base, "production_date": day, **sums, **rates(sums)}
        self.session: Row = {
            **self.figures,
            "first_event_at": self._events[0]["occurred_at"],
            "last_event_at": self._events[-1]["occurred_at"],
            "first_piece_at": first("piece", 0),
            "last_piece_at": first("piece", -1),
            "first_machine_start_at": first("start", 0),
            "last_machine_stop_at": first("stop", -1),
        }
        rejected, blank = sums["rejected_line_count"], 3
        self._file: Row = {
            "log_file_id": key_of(self._path),
            "machine_id": machine_id,
            "path": self._path,
            "session_id": self._key,
            "production_date": day,
            "size_bytes": len(self._events) * 40,
            "modified_at": self._now,
            "read_at": self._now + timedelta(minutes=10),
            "line_count": len(self._events) + rejected + blank,
            "event_count": len(self._events),
            "rejected_count": rejected,
            "blank_count": blank,
            "first_event_at": self._events[0]["occurred_at"],
            "last_event_at": self._events[-1]["occurred_at"],
            "is_complete": True,
            "is_current": True,
        }
