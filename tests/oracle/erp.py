"""What the marts must hold about roller-shutter orders, worked out from the rows of the MySQL tables."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from .timeline import instant, to_datetime

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Row = Mapping[str, Any]
    Rows = Mapping[str, Sequence[Row]]

PLANNED_NOTE = "cde planifiee"
OPEN_STATUSES = frozenset({"planifiee", "lancer en prod", "vitrage"})
ROLLER_SHUTTER, STANDARD_BOX, MADE_TO_MEASURE_BOX = "roller shutter", "standard box", "made-to-measure box"

# Longer prefixes need no precedence: a made-to-measure prefix must be followed by a space or a digit.
_PREFIXES = (
    (re.compile(r"VR", re.IGNORECASE), ROLLER_SHUTTER),
    (re.compile(r"SOP", re.IGNORECASE), STANDARD_BOX),
    (re.compile(r"S (?:P|D|Q|T|TAB|TN)[ 0-9]", re.IGNORECASE), MADE_TO_MEASURE_BOX),
)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_TELL_TALES = frozenset("ÃÂÅâ")


@dataclass(frozen=True, slots=True)
class OrderAccessory:
    """A row of fct_order_accessories."""

    order_id: str
    position: Any
    kennung: Any
    znr: Any
    accessory_code: str
    accessory_kind: str
    description: str | None
    quantity: Decimal | None


@dataclass(frozen=True, slots=True)
class ShutterOrder:
    """A row of fct_shutter_orders without its pseudonym; its matching accessories in order of their key."""

    order_id: str
    order_number: int
    extension: str
    order_type: int
    status: str
    job_name: str | None
    planned_at: datetime | None
    planned_on: date | None
    box_code: str
    accessory_count: int
    accessory_quantity: Decimal
    is_stock_managed: bool
    price_eur: Decimal | None
    window_unit_count: int | None
    entered_on: date | None
    deliver_on: date | None
    accessories: tuple[OrderAccessory, ...]


def expected_shutter_orders(rows: Rows, plant_timezone: str = "Europe/Paris") -> list[ShutterOrder]:
    """The roller-shutter orders to plan, by id, from the rows of the six tables as PyMySQL reads them."""
    zone = ZoneInfo(plant_timezone)
    journal, accessories = _by_order(rows["a_logbuch"]), _by_order(rows["p_zubeh"])
    events, free_fields = _by_order(rows["a_vorgang"]), _by_order(rows["a_kopffreie"])
    orders = []
    for header in rows["a_kopf"]:
        order_id = header["id"]
        is_planned, latest = _planning(journal[order_id])
        is_open = fold_text(header["aufstatus"]).strip() in OPEN_STATUSES
        matching = _matching_accessories(accessories[order_id])
        if not (is_planned and is_open and matching):
            continue
        free: Row = min(free_fields[order_id], key=lambda row: row["nummer"], default={})
        orders.append(
            ShutterOrder(
                order_id=order_id,
                order_number=header["aunummer"],
                extension=header["aualpha"],
                order_type=header["auftragstyp"],
                status=repair(header["aufstatus"]),
                job_name=None if header["kommission"] is None else repair(header["kommission"]),
                planned_at=None if latest is None else to_datetime(instant(latest, zone)),
                planned_on=None if latest is None else latest.date(),
                box_code=matching[0].accessory_code,
                accessory_count=len(matching),
                accessory_quantity=sum((item.quantity or Decimal(0) for item in matching), Decimal(0)),
                is_stock_managed=any(
                    event["nloesch"] != 1 and "VR" in str(event["nummer"]).upper()
                    for event in events[order_id]
                ),
                price_eur=header["a_vormwst"],
                window_unit_count=whole_number(free.get("feld2")),
                entered_on=text_date(free.get("feld3")),
                deliver_on=text_date(free.get("feld5")),
                accessories=matching,
            )
        )
    return sorted(orders, key=lambda order: order.order_id)


def expected_plannings(rows: Rows, plant_timezone: str = "Europe/Paris") -> dict[str, datetime | None]:
    """When each planned order in the ERP, of whatever kind, was planned; None for one without a date."""
    zone = ZoneInfo(plant_timezone)
    journal = _by_order(rows["a_logbuch"])
    plannings = {header["id"]: _planning(journal[header["id"]]) for header in rows["a_kopf"]}
    return {
        order_id: None if latest is None else to_datetime(instant(latest, zone))
        for order_id, (is_planned, latest) in plannings.items()
        if is_planned
    }


def _planning(entries: Sequence[Row]) -> tuple[bool, datetime | None]:
    planned = [entry for entry in entries if PLANNED_NOTE in fold_text(entry["notiz"])]
    walls = [wall for entry in planned if (wall := wall_clock(entry["datum"], entry["zeit"])) is not None]
    return bool(planned), max(walls, default=None)


def expected_order_accessories(orders: Sequence[ShutterOrder]) -> list[OrderAccessory]:
    """The rows of fct_order_accessories of these orders."""
    return [accessory for order in orders for accessory in order.accessories]


def repair(text: str) -> str:
    """Undoes UTF-8 that was read as cp1252 or latin-1, once or twice over; other text stays as it is.

    Each run of characters beyond ASCII is judged by itself, since a broken word may stand beside a sound one.
    """
    for _ in range(2):
        text = _NOT_ASCII.sub(lambda run: _repair_run(run[0]), text)
    return text


def _repair_run(run: str) -> str:
    if not _TELL_TALES.intersection(run):
        return run
    try:
        return b"".join(_byte_of(character) for character in run).decode("utf-8")
    except UnicodeError:
        return run


def _byte_of(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")


def fold_text(text: str | None) -> str:
    """The text with mojibake repaired, without accents, in lower case: what decides about an order."""
    decomposed = unicodedata.normalize("NFKD", repair(text or ""))
    return "".join(character for character in decomposed if not unicodedata.combining(character)).casefold()


def accessory_kind(code: str | None) -> str | None:
    """The kind of shutter accessory that a code stands for; None for any other accessory."""
    return next((kind for prefix, kind in _PREFIXES if prefix.match(code or "")), None)


def wall_clock(datum: object, zeit: object) -> datetime | None:
    """The date of `datum` with the time of day of `zeit`; without `zeit` the time that `datum` has itself.

    PyMySQL gives a zero date as None or as text: either is no date.
    """
    if not isinstance(datum, date):
        return None
    day = datum if isinstance(datum, datetime) else datetime.combine(datum, time())
    if isinstance(zeit, datetime):
        return datetime.combine(day.date(), zeit.time())
    if isinstance(zeit, timedelta):
        return datetime.combine(day.date(), time()) + zeit
    return day


def text_date(text: str | None) -> date | None:
    """A date written YYYY-MM-DD; None for anything else."""
    match = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", (text or "").strip())
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def whole_number(text: object) -> int | None:
    """A whole number written in digits; None for anything else."""
    stripped = "" if text is None else str(text).strip()
    return int(stripped) if re.fullmatch(r"[0-9]+", stripped) else None


def _by_order(rows: Sequence[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["id_a_kopf"]].append(row)
    return grouped


def _matching_accessories(rows: Sequence[Row]) -> tuple[OrderAccessory, ...]:
    matching = []
    for row in sorted(rows, key=lambda row: (row["position"], row["kennung"], row["znr"])):
        kind = accessory_kind(row["zcode"])
        if kind is not None:
            quantity = None if row["stueck"] is None else Decimal(str(row["stueck"]))
            matching.append(
                OrderAccessory(
                    order_id=row["id_a_kopf"],
                    position=row["position"],
                    kennung=row["kennung"],
                    znr=row["znr"],
                    accessory_code=row["zcode"],
                    accessory_kind=kind,
                    description=None if row["text"] is None else repair(row["text"]),
                    quantity=quantity,
                )
            )
    return tuple(matching)
