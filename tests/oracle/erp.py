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
#: The statuses of the seed by their form; `Planifiée` need only be contained, the others must be equal.
STATUS_NAMES = {
    "planifiee": "Planifiée",
    "lancer en prod": "lancer en prod",
    "vitrage": "vitrage",
    "en production": "En production",
    "terminee": "Terminée",
    "en attente": "En attente",
    "en cours": "En cours",
    "annulee": "Annulée",
    "suspendue": "Suspendue",
}
CONTAINED_STATUSES = ("planifiee",)
OPEN_STATUSES = frozenset({"Planifiée", "lancer en prod", "vitrage"})
ROLLER_SHUTTER, STANDARD_BOX, MADE_TO_MEASURE_BOX = "roller shutter", "standard box", "made-to-measure box"

# Longer prefixes need no precedence: a made-to-measure prefix must be followed by a space or a digit.
_PREFIXES = (
    (re.compile(r"VR", re.IGNORECASE), ROLLER_SHUTTER),
    (re.compile(r"SOP", re.IGNORECASE), STANDARD_BOX),
    (re.compile(r"S (?:P|D|Q|T|TAB|TN)[ 0-9]", re.IGNORECASE), MADE_TO_MEASURE_BOX),
)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_TELL_TALES = frozenset("ÃÂÅâ")
#: Letters of DOS as Windows shows them, between letters.
_DOS = str.maketrans("\u201a\u0082\u0090\u02c6\u2021", "ééÉêç")
_DOS_LETTER = re.compile(r"(?<=[A-Za-zÀ-ÿ])[\u201a\u0082\u0090\u02c6\u2021](?=[A-Za-zÀ-ÿ])")
_BLANKS = " \t\n\r\f\v\u00a0\u2007\u2009\u200b\u202f\ufeff"
_GREATEST_QUANTITY = Decimal(10) ** 12


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
    status_name: str
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


@dataclass(frozen=True, slots=True)
class OrderSelection:
    """A row of fct_order_selection without its sentence."""

    order_id: str
    order_number: int
    extension: str
    status: str | None
    status_name: str | None
    has_planned_note: bool
    has_open_status: bool
    is_status_known: bool
    has_shutter_accessory: bool
    is_selected: bool


def expected_shutter_orders(rows: Rows, plant_timezone: str = "Europe/Paris") -> list[ShutterOrder]:
    """The roller-shutter orders to plan, by id, from the rows of the six tables as PyMySQL reads them."""
    zone = ZoneInfo(plant_timezone)
    journal, accessories = _by_order(rows["a_logbuch"]), _by_order(rows["p_zubeh"])
    events, free_fields = _by_order(rows["a_vorgang"]), _by_order(rows["a_kopffreie"])
    orders = []
    for header in rows["a_kopf"]:
        order_id = header["id"]
        key = order_key(order_id)
        _, latest = _planning(journal[key])
        matching = _matching_accessories(order_id, accessories[key])
        name = status_name(header["aufstatus"])
        if name is None or not _selection(header, journal[key], matching).is_selected:
            continue
        free: Row = min(free_fields[key], key=lambda row: row["nummer"], default={})
        orders.append(
            ShutterOrder(
                order_id=order_id,
                order_number=header["aunummer"],
                extension=header["aualpha"],
                order_type=header["auftragstyp"],
                status=shown_status(header["aufstatus"]) or "",
                status_name=name,
                job_name=None if header["kommission"] is None else repair(header["kommission"]),
                planned_at=None if latest is None else to_datetime(instant(latest, zone)),
                planned_on=None if latest is None else latest.date(),
                box_code=matching[0].accessory_code,
                accessory_count=len(matching),
                accessory_quantity=sum((item.quantity or Decimal(0) for item in matching), Decimal(0)),
                is_stock_managed=any(
                    event["nloesch"] != 1 and "VR" in str(event["nummer"]).upper() for event in events[key]
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
    plannings = {header["id"]: _planning(journal[order_key(header["id"])]) for header in rows["a_kopf"]}
    return {
        order_id: None if latest is None else to_datetime(instant(latest, zone))
        for order_id, (is_planned, latest) in plannings.items()
        if is_planned
    }


def expected_selection(rows: Rows) -> list[OrderSelection]:
    """Every order of the ERP with the conditions that it meets, by id."""
    journal, accessories = _by_order(rows["a_logbuch"]), _by_order(rows["p_zubeh"])
    return sorted(
        (
            _selection(
                header,
                journal[order_key(header["id"])],
                _matching_accessories(header["id"], accessories[order_key(header["id"])]),
            )
            for header in rows["a_kopf"]
        ),
        key=lambda row: row.order_id,
    )


def _selection(header: Row, entries: Sequence[Row], matching: Sequence[OrderAccessory]) -> OrderSelection:
    is_planned, _ = _planning(entries)
    name = status_name(header["aufstatus"])
    return OrderSelection(
        order_id=header["id"],
        order_number=header["aunummer"],
        extension=header["aualpha"],
        status=shown_status(header["aufstatus"]),
        status_name=name,
        has_planned_note=is_planned,
        has_open_status=name in OPEN_STATUSES,
        is_status_known=name is not None,
        has_shutter_accessory=bool(matching),
        is_selected=is_planned and name in OPEN_STATUSES and bool(matching),
    )


def order_key(reference: str | None) -> str:
    """An order's identifier as MySQL compares it."""
    return (reference or "").rstrip(" ").lower()


def shown_status(text: str | None) -> str | None:
    """The status as people read it; None where there are only blanks."""
    return repair(text or "").strip(_BLANKS) or None


def status_name(text: str | None) -> str | None:
    """The seed's name of a status; None for one that it does not know."""
    form = fold_text(text).strip()
    if form in STATUS_NAMES:
        return STATUS_NAMES[form]
    return next((STATUS_NAMES[part] for part in CONTAINED_STATUSES if part in form), None)


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
    return _DOS_LETTER.sub(lambda sign: sign[0].translate(_DOS), text)


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
    """The text repaired, without accents, in lower case, single blanks: what decides about an order."""
    decomposed = unicodedata.normalize("NFKD", repair(text or ""))
    plain = "".join(character for character in decomposed if not unicodedata.combining(character)).casefold()
    return re.sub(r"\s+", " ", plain)


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
        grouped[order_key(row["id_a_kopf"])].append(row)
    return grouped


def _marker(kennung: object) -> tuple[bool, Decimal, bytes]:
    """Where a marker stands: numbers by their value, then texts by their bytes."""
    text = str(kennung)
    is_text = re.fullmatch(r"[0-9]+(\.[0-9]+)?", text.strip()) is None
    return is_text, Decimal(0 if is_text else text.strip()), text.encode()


def _matching_accessories(order_id: str, rows: Sequence[Row]) -> tuple[OrderAccessory, ...]:
    matching = []
    for row in sorted(rows, key=lambda row: (row["position"], _marker(row["kennung"]), row["znr"])):
        kind = accessory_kind(row["zcode"])
        if kind is not None:
            quantity = None if row["stueck"] is None else Decimal(str(row["stueck"]))
            if quantity is not None and abs(quantity) >= _GREATEST_QUANTITY:
                quantity = None
            matching.append(
                OrderAccessory(
                    order_id=order_id,
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
