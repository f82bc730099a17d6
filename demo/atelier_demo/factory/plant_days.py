"""What machines do, day after day, and the orders that they work for: rows of marts, from a seed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from atelier_demo.factory.dice import dice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    Row = dict[str, Any]

_PARIS = ZoneInfo("Europe/Paris")
_MACHINES = (
    ("DEM12", "Centre d'usinage PVC", "PVC"),
    ("DEMALU", "Centre d'usinage aluminium", "ALU"),
    ("SU12", "Centre d'usinage hybride", "HYBRIDE"),
)
_STATUSES = ("Planifiée", "lancer en prod", "vitrage")
_JOB_NAMES = (
    "Résidence Les Tilleuls",
    "École de l'Œuvre",
    '=HYPERLINK("http://evil")',
    "+33 Dupont",
    "M. Çelik",
)
_COLOURS = ("7016 G ALU", "BLANC", None)
_MONDAY_TO_FRIDAY = 5


def key_of(*parts: object) -> str:
    """Return a key as the marts have them."""
    return hashlib.md5("-".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


@dataclass
class Plant:
    """A plant.

    Args:
        until: Its last day.
        days: Calendar days, the last one included; machines rest at weekends.
        machines: How many machines.
        orders: How many orders to plan.
        pieces: Pieces of a machine and day, about.
        seed: Names one of many possible plants.
    """

    until: date
    days: int
    machines: int = 3
    orders: int = 50
    pieces: int = 40
    seed: int = 1
    _progress: dict[str, list[tuple[datetime, str]]] = field(default_factory=lambda: defaultdict(list))

    def tables(self) -> Iterator[tuple[str, list[Row]]]:
        """Yield the name of a mart with some of its rows, again and again."""
        chance = dice("marts", self.seed)
        orders = list(self._orders(chance))
        weeks: dict[tuple[str, date], list[Row]] = defaultdict(list)
        newest: list[datetime] = []
        for machine_id, name, material in self._machines():
            folder = f"{machine_id} ({material})"
            dates = [day for day in self._dates() if day.weekday() < _MONDAY_TO_FRIDAY]
            yield (
                "dim_machines",
                [
                    {
                        "machine_id": machine_id,
                        "machine_name": name,
                        "material": material,
                        "folder": folder,
                        "first_production_date": dates[0],
                        "last_production_date": dates[-1],
                    }
                ],
            )
            for day in dates:
                made = _Day(machine_id, folder, day, chance, orders, self.pieces)
                yield from made.tables()
                weeks[machine_id, day - timedelta(day.weekday())].append(made.figures)
                newest.append(made.session["last_event_at"])
                for order_id, at in made.made:
                    self._progress[order_id].append((at, machine_id))
        yield "fct_machine_weeks", [_week(*key, rows) for key, rows in weeks.items()]
        yield from self._order_tables(orders, chance)
        until = max(newest)
        yield (
            "fct_source_freshness",
            [
                {"source": "ftplogs", "loaded_at": until + timedelta(minutes=5), "complete_until": until},
                {"source": "erp", "loaded_at": until, "complete_until": until - timedelta(minutes=1)},
            ],
        )
        yield (
            "fct_source_problems",
            [
                {
                    "problem_id": key_of("problem", 1),
                    "machine_id": "DEM12",
                    "kind": "file_unreadable",
                    "path": "DEM12 (PVC)/20250501.LOG",
                    "reason": "550 Permission denied",
                    "first_seen_at": until - timedelta(days=2),
                    "resolved_at": None,
                    "is_open": True,
                }
            ],
        )

    def _machines(self) -> Iterator[tuple[str, str, str]]:
        yield from _MACHINES[: self.machines]
        for number in range(len(_MACHINES), self.machines):
            yield f"M{number:02}", f"M{number:02}", "PVC"

    def _dates(self) -> Iterator[date]:
        for number in reversed(range(self.days)):
            yield self.until - timedelta(days=number)

    def _orders(self, chance: Random) -> Iterator[Row]:
        noon = datetime.combine(self.until, time(12), _PARIS)
        for number in range(self.orders):
            planned = noon - timedelta(hours=chance.randrange(24 * 60))
            yield {
                "order_id": f"K{number:06}",
                "order_number": 230001 + number,
                "extension": chance.choice(("A", "B", "")),
                "order_type": 1,
                "status": chance.choice(_STATUSES),
                "job_name": chance.choice(_JOB_NAMES) if number % 7 else None,
                "planned_at": planned,
                "planned_on": planned.date(),
                "box_code": chance.choice(("VR1200", "SOP25", "S P 456")),
                "accessory_count": 2,
                "accessory_quantity": 3,
                "is_stock_managed": number % 3 == 0,
                "price_eur": round(chance.uniform(200, 9000), 2) if number % 11 else None,
                "customer_key": hashlib.sha256(str(number % 20).encode()).hexdigest(),
                "window_unit_count": chance.randrange(1, 12),
                "entered_on": planned.date() - timedelta(days=10),
                "deliver_on": planned.date() + timedelta(days=30) if number % 5 else None,
            }

    def _order_tables(self, orders: list[Row], chance: Random) -> Iterator[tuple[str, list[Row]]]:
        yield "fct_shutter_orders", orders
        for order in orders:
            order_id = order["order_id"]
            yield (
                "fct_order_accessories",
                [
                    {
                        "order_id": order_id,
                        "position": position,
                        "kennung": "Z",
                        "znr": 1,
                        "accessory_code": order["box_code"],
                        "accessory_prefix": order["box_code"][:2],
                        "accessory_kind": "roller shutter",
                        "description": "Volet roulant",
                        "quantity": quantity,
                    }
                    for position, quantity in ((1, 1), (2, 2))
                ],
            )
            pieces = sorted(self._progress[order_id])
            yield (
                "fct_order_progress",
                [
                    {
                        "order_id": order_id,
                        "piece_count": len(pieces),
                        "first_piece_at": pieces[0][0] if pieces else None,
                        "last_piece_at": pieces[-1][0] if pieces else None,
                        "last_machine_id": pieces[-1][1] if pieces else None,
                    }
                ],
            )
            began = order["planned_at"] - timedelta(hours=chance.randrange(1, 48))
            yield "fct_order_status_history", [_status(order, 1, began), _status(order, 2, began)]


def _status(order: Row, number: int, began: datetime) -> Row:
    is_current = number == 2
    status_from = order["planned_at"] if is_current else began
    status_to = None if is_current else order["planned_at"]
    return {
        "order_status_history_id": key_of(order["order_id"], number),
        **{name: order[name] for name in ("order_id", "order_number", "extension", "order_type")},
        "status_number": number,
        "status": order["status"] if is_current else "En attente",
        "status_from": status_from,
        "status_to": status_to,
        "duration_seconds": (status_to - status_from).total_seconds() if status_to else None,
        "is_start_known": True,
        "is_current": is_current,
        "is_deleted": False,
    }


_SUMS = (
    "piece_count",
    "job_count",
    "stop_count",
    "wait_count",
    "rejected_line_count",
    "span_seconds",
    "productive_seconds",
    "waiting_seconds",
    "stopped_seconds",
)


def _rates(sums: Row) -> Row:
    span, productive = sums["span_seconds"], sums["productive_seconds"]
    return {
        "occupancy_rate": round(productive / span, 12) if span else None,
        "waiting_rate": round(sums["waiting_seconds"] / span, 12) if span else None,
        "stop_rate": round(sums["stopped_seconds"] / span, 12) if span else None,
        "pieces_per_productive_hour": (
            round(sums["piece_count"] * 3600 / productive, 6) if productive else None
        ),
    }


def _week(machine_id: str, monday: date, days: list[Row]) -> Row:
    year, week, _ = monday.isocalendar()
    sums = {name: sum(day[name] for day in days) for name in _SUMS}
    return {
        "machine_id": machine_id,
        "week_starts_on": monday,
        "iso_week": f"{year}-W{week:02}",
        "day_count": len(days),
        **sums,
        **_rates(sums),
    }


class _Day:
    """A machine's day: events one after the other, states that tile the span, pieces and jobs."""

    def __init__(  # what a day is made from
        self, machine_id: str, folder: str, day: date, chance: Random, orders: list[Row], pieces: int
    ) -> None:
        self._chance = chance
        self._now = datetime.combine(day, time(6, chance.randrange(60)), _PARIS)
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
        self.figures: Row = {**self._base, "production_date": day, **sums, **_rates(sums)}
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
