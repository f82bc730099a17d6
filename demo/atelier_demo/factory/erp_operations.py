"""What people do in the ERP between two loads: for tests, one order at a time.

Each operation commits. The connection uses the ERP's database.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from pymysql.cursors import Cursor

from atelier_demo.factory.dice import dice
from atelier_demo.factory.erp import insert_orders
from atelier_demo.factory.erp_rows import SHUTTER, Order
from atelier_demo.factory.erp_schema import CHILD_TABLES

if TYPE_CHECKING:
    from pymysql.connections import Connection


def add_order(
    connection: Connection[Any],
    *,
    number: int,
    extension: str = "A",
    order_type: int = 1,
    status: str | None = "Planifiée",
    note: str | None = "cde planifiée",
    planned_at: datetime | None = None,
    accessory_code: str | None = "VR100",
    quantity: float = 1,
    event_number: str | None = None,
) -> str:
    """Add one order with one journal entry, one accessory and, when asked for, one event.

    As it stands it is a roller-shutter order to plan, planned at `planned_at` (without it: noon of
    2025-05-28); change one argument to make it one that is not.

    Returns:
        The order's `a_kopf.id`.
    """
    rng = dice("added", order_type, number, extension)
    order_id = f"{number:08X}{rng.getrandbits(96):024X}"
    planned_at = planned_at or datetime.combine(date(2025, 5, 28), time(12))
    on, at = f"{planned_at:%Y-%m-%d} 00:00:00", f"1899-12-30 {planned_at:%H:%M:%S}"
    head = (order_id, order_type, number, extension, "C00001", "Menuiserie Kœnig", "Villa Müller", None)
    order = Order(SHUTTER)
    order.add("a_kopf", *head, "STD", 10, status, "Hélène M.", "1234.56")
    order.add("a_logbuch", order_id, "PLA", "Planification", on, at, "jdupont", note)
    order.add("p_zubeh", order_id, 1, "Z", 1, accessory_code, "Volet roulant", quantity)
    if event_number is not None:
        order.add("a_vorgang", order_id, event_number, "Suivi", on, at, "jdupont", "N1", None, "INT", 0)
    insert_orders(connection, [order])
    return order_id


def change_status(connection: Connection[Any], order_id: str, status: str | None) -> None:
    """Change an order's status; nothing else in the ERP tells that it changed."""
    with connection.cursor(Cursor) as cursor:
        cursor.execute("update a_kopf set aufstatus = %s where id = %s", (status, order_id))
    connection.commit()


def add_note(connection: Connection[Any], order_id: str, note: str, written_at: datetime) -> None:
    """Add an entry to an order's journal."""
    row = (order_id, "MOD", "Modification", f"{written_at:%Y-%m-%d} 00:00:00")
    order = Order(SHUTTER)
    order.add("a_logbuch", *row, f"1899-12-30 {written_at:%H:%M:%S}", "jdupont", note)
    insert_orders(connection, [order])


def delete_order(connection: Connection[Any], order_id: str) -> None:
    """Delete an order and everything that belongs to it."""
    with connection.cursor(Cursor) as cursor:
        for table in CHILD_TABLES:
            cursor.execute(f"delete from {table} where id_a_kopf = %s", (order_id,))  # noqa: S608 - own names
        cursor.execute("delete from a_kopf where id = %s", (order_id,))
    connection.commit()


def some_order_id(connection: Connection[Any], *, status: str) -> str:
    """Give the id of the first order with that status, spelled exactly so.

    Raises:
        LookupError: no order has it.
    """
    with connection.cursor(Cursor) as cursor:
        cursor.execute(
            "select id from a_kopf where convert(aufstatus using utf8mb4) collate utf8mb4_bin = %s "
            "order by id limit 1",
            (status,),
        )
        row = cursor.fetchone()
    if row is None:
        raise LookupError(f"No order in the ERP has the status {status!r}.")
    return str(row[0])
