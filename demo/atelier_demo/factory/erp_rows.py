"""The rows of one made-up order in all seven tables, by the kind of order that it is meant to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from atelier_demo.factory import erp_words as words
from atelier_demo.factory.machines import FIRST_ORDER_DAY, FIRST_ORDER_NUMBER, ORDERS_A_DAY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

Row = tuple[Any, ...]

SHUTTER, CLOSED, UNPLANNED, NO_BOX, PLAIN = (
    "shutter_order",
    "shutter_order_with_closed_status",
    "shutter_order_not_planned",
    "planned_order_without_shutter",
    "other_order",
)
RECENT_DAYS = 60
RECENT_SHARES = ((SHUTTER, 0.34), (CLOSED, 0.14), (UNPLANNED, 0.22), (NO_BOX, 0.15), (PLAIN, 0.15))
OLD_SHARES = ((SHUTTER, 0.14), (CLOSED, 0.44), (UNPLANNED, 0.08), (NO_BOX, 0.17), (PLAIN, 0.17))


@dataclass
class Order:
    """One order: its rows by table, and what it is meant to count as.

    `matching_accessories` is the number of its accessories with a shutter code. `has_planned_date` is
    false when each of its "cde planifiée" entries has the date 0000-00-00.
    """

    kind: str
    rows: dict[str, list[Row]] = field(default_factory=dict)
    matching_accessories: int = 0
    is_stock_managed: bool = False
    has_planned_date: bool = True

    def add(self, table: str, *row: object) -> None:
        """Add a row."""
        self.rows.setdefault(table, []).append(row)


def entry_day(number: int) -> date:
    """Give the day on which the order of that number was entered."""
    return FIRST_ORDER_DAY - timedelta(days=(FIRST_ORDER_NUMBER - number) // ORDERS_A_DAY)


def make_order(rng: Random, number: int, extension: str, until: date) -> Order:
    """Draw an order with all its rows, as it stands in the ERP on `until`."""
    entered = entry_day(number)
    shares = RECENT_SHARES if (until - entered).days <= RECENT_DAYS else OLD_SHARES
    order = Order(_share(rng, shares))
    # Begins with the number: rows then arrive in the order of the key, which InnoDB writes fastest.
    order_id = f"{number:08X}{rng.getrandbits(96):024X}"
    _header(order, rng, order_id, (number, extension))
    _journal(order, rng, order_id, entered, until)
    positions = 1 + int(rng.random() ** 2 * 12)
    _articles(order, rng, order_id, positions)
    _accessories(order, rng, order_id, positions)
    _events(order, rng, order_id, entered)
    _free_fields(order, rng, order_id, entered)
    _address(order, rng, order_id)
    return order


def _header(order: Order, rng: Random, order_id: str, number: tuple[int, str]) -> None:
    if order.kind == CLOSED:
        status = _pick(rng, words.CLOSED_STATUSES)
    elif order.kind in (SHUTTER, NO_BOX):
        status = _pick(rng, words.OPEN_STATUSES)
    else:
        status = _pick(rng, words.OPEN_STATUSES + words.CLOSED_STATUSES)
    luck = rng.random()
    job = _pick(rng, words.JOBS)
    order.add(
        "a_kopf",
        order_id,
        2 if luck < 0.04 else 1,
        *number,
        f"C{int(rng.random() * 900):05}" if luck > 0.02 else _pick(rng, ("", None)),
        _pick(rng, words.CUSTOMERS),
        words.mojibake(job) if luck < 0.5 else job,
        _pick(rng, words.BUILDINGS),
        _pick(rng, ("STD", "SAV", "EXPO", None)),
        _pick(rng, (10, 20, 30, 40, None)),
        status,
        _pick(rng, words.TECHNICIANS),
        _price(luck, rng.random()),
    )


def _price(luck: float, roll: float) -> str | None:
    """Give a price: mostly some thousand EUR, sometimes nothing, zero, a credit, or the type's greatest."""
    if luck < 0.97:
        return f"{150 + roll * roll * 24_000:.2f}"
    if luck < 0.98:
        return None
    if luck < 0.985:
        return "0.00"
    return f"-{roll * 900:.2f}" if luck < 0.999 else "9999999999999.99"


def _journal(order: Order, rng: Random, order_id: str, entered: date, until: date) -> None:
    notes = [(_pick(rng, words.OTHER_NOTES), False) for _ in range(2 + int(rng.random() * 5))]
    if order.kind in (SHUTTER, CLOSED, NO_BOX):
        for _ in range(1 + int(rng.random() ** 4 * 4)):
            notes.insert(1 + int(rng.random() * len(notes)), (_pick(rng, words.PLANNED_NOTES), True))
        order.has_planned_date = False
    day = entered
    for note, is_planned in notes:
        code, name = _pick(rng, words.JOURNAL_CODES)
        on, at = _date_and_time(rng, min(day, until), late=is_planned and rng.random() < 0.05)
        order.add("a_logbuch", order_id, code, name, on, at, _pick(rng, words.USERS), note)
        order.has_planned_date |= is_planned and on not in (None, words.ZERO_DATE)
        day += timedelta(days=int(rng.random() * 6))


def _date_and_time(rng: Random, day: date, *, late: bool) -> tuple[str | None, str | None]:
    """Give `datum` and `zeit`: the time stands on 1899-12-30 or on the same day; either may be empty."""
    luck = rng.random()
    clock = "23:50:00" if late else f"{7 + int(rng.random() * 11):02}:{int(luck * 6000) % 60:02}:07"
    midnight = f"{day.isoformat()} 00:00:00"
    if luck < 0.60:
        return midnight, f"1899-12-30 {clock}"
    if luck < 0.86:
        return midnight, f"{day.isoformat()} {clock}"
    if luck < 0.90:
        return f"{day.isoformat()} {clock}", f"{day.isoformat()} {clock}"
    if luck < 0.96:
        return midnight, None if luck < 0.93 else words.ZERO_DATE
    return None if luck < 0.97 else words.ZERO_DATE, None if luck < 0.98 else words.ZERO_DATE


def _articles(order: Order, rng: Random, order_id: str, positions: int) -> None:
    for position in range(1, positions + 1):
        width, height = 400 + int(rng.random() * 2600), 500 + int(rng.random() * 1900)
        depth = _pick(rng, (70, 82, 0, None))
        article = f"{order_id[:24]}{position:08X}"
        order.add("p_artikel", article, order_id, position, _pick(rng, words.ARTICLES), width, height, depth)


def _accessories(order: Order, rng: Random, order_id: str, positions: int) -> None:
    has_shutters = order.kind in (SHUTTER, CLOSED, UNPLANNED)
    sure = 1 + int(rng.random() * positions)
    for position in range(1, positions + 1):
        codes = [_pick(rng, words.DECOY_CODES) for _ in range(int(rng.random() * 3))]
        if has_shutters and (position == sure or rng.random() < 0.4):
            codes.insert(int(rng.random() * (len(codes) + 1)), _pick(rng, words.SHUTTER_CODES))
            order.matching_accessories += 1
        for number, code in enumerate(codes, start=1):
            text, quantity = _pick(rng, words.ACCESSORY_TEXTS), _pick(rng, words.QUANTITIES)
            kind = "Z" if rng.random() < 0.8 else "R"
            order.add("p_zubeh", order_id, position, kind, number, code, text, quantity)


def _events(order: Order, rng: Random, order_id: str, entered: date) -> None:
    numbers = {_pick(rng, words.OTHER_EVENTS): 0 for _ in range(1 + int(rng.random() * 4))}
    luck = rng.random()
    if luck < 0.30:
        numbers[_pick(rng, words.SHUTTER_EVENTS)] = 0
    elif luck < 0.45:
        numbers[_pick(rng, words.SHUTTER_EVENTS)] = 1
    elif luck < 0.55:
        numbers |= {"VR8": 1, "VR9": 0}
    order.is_stock_managed = any("VR" in number and not gone for number, gone in numbers.items())
    for number, gone in numbers.items():
        deleted = gone if "VR" in number else int(rng.random() < 0.15)
        on, at = _date_and_time(rng, entered, late=False)
        note = _pick(rng, words.OTHER_NOTES)
        user = _pick(rng, words.USERS)
        order.add("a_vorgang", order_id, number, "Suivi", on, at, user, "N1", note, f"INT-{number}", deleted)


def _free_fields(order: Order, rng: Random, order_id: str, entered: date) -> None:
    luck = rng.random()
    if luck < 0.03:
        return
    deliver = entered + timedelta(days=30 + int(rng.random() * 40))
    entered_text = entered.isoformat() if luck < 0.92 else _pick(rng, words.BAD_DATES)
    deliver_text = deliver.isoformat() if rng.random() < 0.88 else _pick(rng, words.BAD_DATES)
    count = _pick(rng, words.WINDOW_COUNTS)
    order.add("a_kopffreie", order_id, 1, "", count, entered_text, None, deliver_text, "x;y")


def _address(order: Order, rng: Random, order_id: str) -> None:
    firm = _pick(rng, words.CUSTOMERS)
    postcode, town = _pick(rng, words.TOWNS)
    line = int(rng.random() * 1_000_000)
    mail = f"contact{line}@example.com"
    phone = f"+33 3 88 {line // 10_000:02} {line // 100 % 100:02} {line % 100:02}"
    street = f"{1 + line % 90} rue des Prés"
    order.add("a_adresse", order_id, 1, firm, firm, street, postcode, town, phone, mail)


def _share(rng: Random, shares: Sequence[tuple[str, float]]) -> str:
    luck = rng.random()
    for kind, share in shares:
        luck -= share
        if luck < 0:
            return kind
    return shares[-1][0]


def _pick(rng: Random, words_of_a_kind: Sequence[Any]) -> Any:  # noqa: ANN401 - texts, numbers and None
    return words_of_a_kind[int(rng.random() * len(words_of_a_kind))]
