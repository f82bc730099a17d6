"""What is left of the ERP's rows once what is too old is gone, worked out from the rows and the cutoffs."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from .erp import PLANNED_NOTE, fold_text, text_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Rows = Mapping[str, Sequence[Mapping[str, Any]]]

#: What stands for a note of which only the planning is left: its spelling is whoever's typed it.
PLANNED = "cde planifiée"


def left_of(rows: Rows, cutoffs: Mapping[str, date]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the six tables without the orders and the values that are too old."""
    ages = order_ages(rows)
    kept = {key for key, age in ages.items() if not _is_before(age, cutoffs["orders"])}
    left: dict[str, list[dict[str, Any]]] = {}
    for table, found in rows.items():
        key = "id" if table == "a_kopf" else "id_a_kopf"
        left[table] = [_left_of_row(row, ages[row[key]], cutoffs) for row in found if row[key] in kept]
    return left


def order_ages(rows: Rows) -> dict[str, date | None]:
    """Return the day on which each order was entered, else that of its first journal entry."""
    entered: dict[str, date | None] = {}
    for row in sorted(rows["a_kopffreie"], key=lambda row: row["nummer"]):
        entered.setdefault(row["id_a_kopf"], text_date(row["feld3"]))
    noted: dict[str, list[date]] = defaultdict(list)
    for row in rows["a_logbuch"]:
        if (day := _day(row["datum"])) is not None:
            noted[row["id_a_kopf"]].append(day)
    return {
        row["id"]: entered.get(row["id"]) or min(noted[row["id"]], default=None) for row in rows["a_kopf"]
    }


def _left_of_row(row: Mapping[str, Any], age: date | None, cutoffs: Mapping[str, date]) -> dict[str, Any]:
    left = dict(row)
    if _is_before(age, cutoffs["pseudonyms"]):
        left.update({name: None for name in ("kundennr", "techniker", "benutzer") if name in row})
    if "kommission" in row and _is_before(age, cutoffs["job_names"]):
        left["kommission"] = None
    if "notiz" in row and _is_before(_day(row["datum"]) or age, cutoffs["journal_notes"]):
        left["notiz"] = PLANNED if PLANNED_NOTE in fold_text(row["notiz"]) else None
    return left


def _day(moment: object) -> date | None:
    # A zero date comes as None or as text.
    return moment.date() if isinstance(moment, datetime) else None


def _is_before(day: date | None, cutoff: date) -> bool:
    return day is not None and day < cutoff
