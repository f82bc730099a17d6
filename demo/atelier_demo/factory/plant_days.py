"""What machines do, day after day, and the orders that they work for: rows of marts, from a seed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from atelier_demo.factory.dice import dice
from atelier_demo.factory.machine_day import PARIS, MachineDay, key_of, rates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    Row = dict[str, Any]

_MACHINES = (
    ("DEM12", "Centre d'usinage PVC", "PVC"),
    ("DEMALU", "Centre d'usinage aluminium", "ALU"),
    ("SU12", "Centre d'usinage hybride", "HYBRIDE"),
)
#: As the ERP spells them, and the seed's name.
_STATUSES = (
    ("Planifiée", "Planifiée"),
    ("cde PLANIFIEE", "Planifiée"),
    ("Lancer en prod", "lancer en prod"),
    ("VITRAGE", "vitrage"),
)
_JOB_NAMES = (
    "Résidence Les Tilleuls",
    "École de l'Œuvre",
    '=HYPERLINK("http://evil")',
    "+33 Dupont",
    "M. Çelik",
)
_MONDAY_TO_FRIDAY = 5


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
                made = MachineDay(machine_id, folder, day, chance, orders, self.pieces)
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
        yield "fct_alerts", list(_alerts(until))
        yield "fct_runs", list(_runs(until))

    def _machines(self) -> Iterator[tuple[str, str, str]]:
        yield from _MACHINES[: self.machines]
        for number in range(len(_MACHINES), self.machines):
            yield f"M{number:02}", f"M{number:02}", "PVC"

    def _dates(self) -> Iterator[date]:
        for number in reversed(range(self.days)):
            yield self.until - timedelta(days=number)

    def _orders(self, chance: Random) -> Iterator[Row]:
        noon = datetime.combine(self.until, time(12), PARIS)
        for number in range(self.orders):
            planned = noon - timedelta(hours=chance.randrange(24 * 60))
            status, status_name = chance.choice(_STATUSES)
            yield {
                "order_id": f"K{number:06}",
                "order_number": 230001 + number,
                "extension": chance.choice(("A", "B", "")),
                "order_type": 1,
                "status": status,
                "status_name": status_name,
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
        yield "fct_order_selection", [_selection(order) for order in orders] + [_selection(_ABSENT_ORDER)]
        yield "fct_data_problems", _DATA_PROBLEMS
        for order in orders:
            order_id = order["order_id"]
            yield (
                "fct_order_accessories",
                [
                    {
                        "accessory_id": key_of(order_id, position),
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


#: An order of the ERP that is not in the list: no row of the seed knows its status.
_ABSENT_ORDER = {
    "order_id": "X000001",
    "order_number": 990001,
    "extension": "A",
    "status": "Bloquée",
    "status_name": None,
}
_DATA_PROBLEMS = [
    {
        "data_problem_id": key_of("data problem", number),
        "source": "erp",
        "table_name": table,
        "order_id": order_id,
        "row_key": row_key,
        "column_name": column,
        "reason": reason,
    }
    for number, (table, order_id, row_key, column, reason) in enumerate(
        [
            ("p_zubeh", "K000001", "1/Z/1", "stueck", "unreadable_number"),
            ("a_logbuch", None, None, "id_a_kopf", "missing_value"),
        ]
    )
]


def _selection(order: Row) -> Row:
    is_selected = order is not _ABSENT_ORDER
    return {
        **{name: order[name] for name in _ABSENT_ORDER},
        "has_planned_note": True,
        "has_open_status": is_selected,
        "is_status_known": is_selected,
        "has_shutter_accessory": True,
        "is_selected": is_selected,
        "reason": "Dans la liste : planifiée, statut à planifier, accessoire de volet roulant."
        if is_selected
        else "Absente de la liste : statut inconnu de la liste des statuts.",
    }


def _status(order: Row, number: int, began: datetime) -> Row:
    is_current = number == 2
    status_from = order["planned_at"] if is_current else began
    status_to = None if is_current else order["planned_at"]
    return {
        "order_status_history_id": key_of(order["order_id"], number),
        **{name: order[name] for name in ("order_id", "order_number", "extension", "order_type")},
        "status_number": number,
        "status": order["status_name"] if is_current else "En attente",
        "status_name": order["status_name"] if is_current else "En attente",
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


def _week(machine_id: str, monday: date, days: list[Row]) -> Row:
    year, week, _ = monday.isocalendar()
    sums = {name: sum(day[name] for day in days) for name in _SUMS}
    return {
        "machine_id": machine_id,
        "week_starts_on": monday,
        "iso_week": f"{year}-W{week:02}",
        "day_count": len(days),
        **sums,
        **rates(sums),
    }


def _alerts(until: datetime) -> Iterator[Row]:
    clock, run, backup = "Horloge d'une machine qui saute", "Exécution en échec", "Sauvegarde trop ancienne"
    for kind, severity, machine_id, subject, title, details in (
        ("clock_jump", "warning", "SU12", "SU12 (HYBRIDE)/20251119.LOG", clock, "recul de 121 min"),
        (
            "run_failed",
            "critical",
            None,
            "erp-to-marts",
            run,
            "2 échecs : the MySQL server cannot be reached",
        ),
        ("backup_stale", "critical", None, "backup", backup, "81 h depuis la dernière sauvegarde réussie"),
    ):
        yield {
            "alert_id": key_of(subject, kind),
            "kind": kind,
            "severity": severity,
            "machine_id": machine_id,
            "subject": subject,
            "since": until - timedelta(hours=5),
            "title": title,
            "what_to_do": "Régler l'heure du PC de la machine" if machine_id else "Lire le message",
            "details": details,
        }


def _runs(until: datetime) -> Iterator[Row]:
    outcomes = ("succeeded", "succeeded", "failed", "interrupted", "running")
    for number in range(40):
        outcome = outcomes[number % 4] if number else outcomes[-1]
        started_at = until - timedelta(minutes=15 * number)
        is_over = outcome != "running"
        yield {
            "run_id": key_of("run", number),
            "job": "ftplogs-to-marts" if number % 3 else "erp-to-marts",
            "schedule": "logs-every-15-minutes" if number % 3 else None,
            "due_at": started_at if number % 3 else None,
            "started_at": started_at,
            "ended_at": started_at + timedelta(seconds=41) if is_over else None,
            "duration_seconds": 41 if is_over else None,
            "outcome": outcome,
            "message": "the FTP server cannot be reached" if outcome == "failed" else None,
            "rows_loaded": 7 * number if number % 3 else None,
            "bytes_read": 500 * number if number % 3 else None,
            "lines_rejected": number % 2 if number % 3 else None,
        }
