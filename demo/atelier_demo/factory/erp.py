"""Fill the legacy ERP's database with orders."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pymysql.cursors import Cursor

from atelier_demo.factory.dice import dice
from atelier_demo.factory.erp_rows import SHUTTER, Order, Row, make_order
from atelier_demo.factory.erp_schema import (
    TABLES,
    add_advised_indexes,
    has_orders,
    old_server_habits,
    recreate_tables,
)
from atelier_demo.factory.machines import newest_order_number
from atelier_demo.factory.manifests import read_manifest, write_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from pymysql.connections import Connection

BATCH_ORDERS = 1000
SECOND_EXTENSION_SHARE = 0.35
COLUMNS = {"a_logbuch": "(id_a_kopf, code, bezeichnung, datum, zeit, benutzer, notiz)"}
"""Columns of an insert, where they are not simply all of the table's."""


@dataclass
class ErpManifest:
    """What `make_erp` put into the ERP.

    `rows` are counts by table, `kinds` counts of orders by what they are meant to be. Of the roller-
    shutter orders to plan (`shutter_orders`): how many are stock-managed, have no date of planning, and
    how many accessories with a shutter code they have. `matching_accessories` counts those of any order.
    """

    rows: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    shutter_orders: int = 0
    stock_managed_shutter_orders: int = 0
    shutter_orders_without_planned_date: int = 0
    shutter_order_accessories: int = 0
    matching_accessories: int = 0

    def add(self, order: Order) -> None:
        """Count an order."""
        self.kinds[order.kind] = self.kinds.get(order.kind, 0) + 1
        for table, rows in order.rows.items():
            self.rows[table] = self.rows.get(table, 0) + len(rows)
        self.matching_accessories += order.matching_accessories
        if order.kind == SHUTTER:
            self.shutter_orders += 1
            self.stock_managed_shutter_orders += order.is_stock_managed
            self.shutter_orders_without_planned_date += not order.has_planned_date
            self.shutter_order_accessories += order.matching_accessories


def make_erp(
    connection: Connection[Any],
    *,
    seed: int,
    orders: int = 2000,
    until: date,
    database: str = "db_commandes",
    manifest: Path | None = None,
) -> ErpManifest:
    """Create the ERP's seven tables and fill them with the newest `orders` orders as of `until`.

    The connection must be allowed to create tables and must speak utf8mb4; afterwards it uses `database`,
    which is created where it is missing. About five journal entries belong to an order.

    `manifest` is a file that remembers what was done: the same call again then changes nothing, even
    where orders have since been added, changed or deleted. Without it (or with other arguments) the
    tables are dropped and made anew.

    Raises:
        ValueError: the connection does not speak utf8mb4, or there are not as many order numbers.
    """
    if connection.charset != "utf8mb4":
        raise ValueError(
            f"The ERP cannot be filled through a {connection.charset} connection: use charset='utf8mb4'."
        )
    with connection.cursor(Cursor) as cursor:
        cursor.execute(f"create database if not exists `{database}` default character set utf8mb4")
    connection.select_db(database)
    arguments = {"database": database, "seed": seed, "orders": orders, "until": str(until)}
    known = read_manifest(manifest, arguments)
    if known is not None and has_orders(connection):
        return ErpManifest(**known)
    made = ErpManifest(rows=dict.fromkeys(TABLES, 0))
    numbers = _order_numbers(seed, orders, until)
    with old_server_habits(connection):
        recreate_tables(connection)
        add_advised_indexes(connection)
        batch: list[Order] = []
        for number, extension in numbers:
            order = make_order(dice(seed, number, extension), number, extension, until)
            made.add(order)
            batch.append(order)
            if len(batch) == BATCH_ORDERS:
                insert_orders(connection, batch)
                batch.clear()
        insert_orders(connection, batch)
    made.kinds = dict(sorted(Counter(made.kinds).items()))
    write_manifest(manifest, arguments, asdict(made))
    return made


def insert_orders(connection: Connection[Any], orders: list[Order]) -> None:
    """Insert orders with all their rows, and commit; a header comes before what belongs to it."""
    with connection.cursor(Cursor) as cursor:
        for table in TABLES:
            rows: list[Row] = [row for order in orders for row in order.rows.get(table, ())]
            if rows:
                values = ", ".join(["%s"] * len(rows[0]))
                cursor.executemany(f"insert into {table} {COLUMNS.get(table, '')} values ({values})", rows)  # noqa: S608 - names from this file
    connection.commit()


def _order_numbers(seed: int, orders: int, until: date) -> list[tuple[int, str]]:
    """Give number and extension of the newest orders, oldest first."""
    newest_first = _newest_first(seed, newest_order_number(until))
    numbers = [numbered for numbered, _ in zip(newest_first, range(orders), strict=False)]
    if len(numbers) < orders:
        raise ValueError(f"There are only {len(numbers)} order numbers before {until}, not {orders}.")
    return numbers[::-1]


def _newest_first(seed: int, newest: int) -> Iterator[tuple[int, str]]:
    for number in range(newest, 0, -1):
        if dice(seed, number).random() < SECOND_EXTENSION_SHARE:
            yield number, "B"
        yield number, "A"
