"""The demo's last page: what the marts say, in a few lines, and what to open next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atelier import warehouse
from atelier.connections import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MACHINES = """
    select
        m.machine_id,
        coalesce(m.material, ''),
        count(s.session_id),
        min(s.production_date),
        max(s.production_date),
        coalesce(sum(s.piece_count), 0),
        sum(s.productive_seconds) / nullif(sum(s.span_seconds), 0),
        sum(s.waiting_seconds) / nullif(sum(s.span_seconds), 0),
        sum(s.stopped_seconds) / nullif(sum(s.span_seconds), 0)
    from marts.dim_machines as m
    left join marts.fct_sessions as s on s.machine_id = m.machine_id
    group by 1, 2
    order by 1
"""
ORDERS = """
    select count(*), coalesce(sum(accessory_quantity), 0), count(*) filter (where is_stock_managed)
    from marts.fct_shutter_orders
"""
STATUSES = """
    select count(distinct order_id), count(*) filter (where is_start_known)
    from marts.fct_order_status_history
"""
FILES = """
    select count(*), coalesce(sum(line_count), 0), coalesce(sum(event_count), 0),
        coalesce(sum(rejected_count), 0), coalesce(sum(blank_count), 0)
    from raw_ftplogs.log_files
"""


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a text table, the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, ["-" * width for width in widths], *rows):
        cells = [
            row[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        yield "  " + "  ".join(cells).rstrip()


def rate(value: Any) -> str:  # noqa: ANN401 # a number of the database, or None
    """Return a rate of 0..1 as a percentage."""
    return "-" if value is None else f"{float(value) * 100:.1f} %"


def lines(variables: Mapping[str, str]) -> Iterator[str]:
    """Yield the summary's lines, read from the marts of the warehouse that the variables name."""
    connection = warehouse.connect(Warehouse.of(variables), "atelier-demo")
    try:
        with connection.cursor() as cursor:
            cursor.execute(MACHINES)
            machines = [
                (
                    machine,
                    material,
                    str(days),
                    f"{first or '-'} .. {last or '-'}",
                    f"{pieces:,}".replace(",", " "),
                    rate(occupancy),
                    rate(waiting),
                    rate(stopped),
                )
                for machine, material, days, first, last, pieces, occupancy, waiting, stopped in cursor
            ]
            cursor.execute(ORDERS)
            orders, boxes, stock = cursor.fetchone() or (0, 0, 0)
            cursor.execute(STATUSES)
            followed, seen = cursor.fetchone() or (0, 0)
            cursor.execute(FILES)
            files, read, events, rejected, blank = cursor.fetchone() or (0, 0, 0, 0, 0)
    finally:
        connection.close()
    yield "Machines"
    yield from table(
        ("machine", "material", "days", "from .. to", "pieces", "occupancy", "waiting", "stopped"), machines
    )
    yield ""
    yield f"Roller-shutter orders to plan: {orders} ({float(boxes):g} boxes), {stock} of them stock-managed"
    yield f"Orders whose status is followed: {followed}, {seen} times a run saw one enter a status"
    yield (
        f"Log lines read: {read:,} in {files} files = {events:,} events + {rejected:,} rejected "
        f"+ {blank:,} blank"
    ).replace(",", " ")
