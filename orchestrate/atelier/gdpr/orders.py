"""The orders, in raw and behind it: what is recorded as erased or too old is taken out."""

# ruff: noqa: S608 # names of our own
from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from psycopg2 import sql
from target_warehouse import withholding

from atelier.gdpr import logs
from atelier.gdpr.counts import Counts
from atelier.gdpr.store import SCHEMA

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 # it is a class

RAW: Final = "raw_erp"
#: Where dbt keeps tables. It could compute most of them anew, but an erased person is to be gone at once.
BEHIND_RAW: Final = ("snapshots", "intermediate", "marts")

#: Whether an order is one of those in a table, also under the name that it had in another case; not where the
#: ERP has another order of that name.
_IS_ONE_OF: Final = (
    "({column} in (select order_id from {table}) or ("
    + withholding.order_key("{column}")
    + " in (select "
    + withholding.order_key("order_id")
    + " from {table}) and not exists (select 1 from raw_erp.a_kopf as known where known.id = {column})))"
)

_GONE_AND_OLD: Final = """
insert into forgotten_orders
select history.order_id
from snapshots.order_history as history
cross join (select before_date from gdpr.cutoffs where retention_key = %(key)s) as cutoff
where not exists (select 1 from raw_erp.a_kopf as known where known.id = history.order_id)
group by history.order_id, cutoff.before_date
having count(*) = count(history.dbt_valid_to) and max(history.dbt_valid_to) < cutoff.before_date
"""


def withhold(connection: sa.Connection, planned_note: str) -> tuple[Counts, int]:
    """Take out of raw what is recorded as erased or too old.

    Returns:
        How many rows, by table, and how many orders have no date by which they could be too old.
    """
    there = set(sa.inspect(connection).get_table_names(schema=RAW))
    tables = {
        name: sa.Table(name, sa.MetaData(), schema=RAW, autoload_with=connection)
        for name in withholding.TABLES
        if name in there
    }
    counts = Counts()
    for name, withheld in withholding.withhold(connection, tables, SCHEMA, planned_note).items():
        counts.deleted(f"{RAW}.{name}", withheld.deleted)
        counts.anonymised(f"{RAW}.{name}", withheld.anonymised)
    return counts, withholding.undated_orders(connection)


def forget_history(cursor: Cursor) -> Counts:
    """Remove from the history the orders of erased customers, and those that are gone and too old.

    An order is gone from raw when it was too old, or when the ERP has deleted it: that one is as old as the
    last sight of it.
    """
    counts = Counts()
    if not _exists(cursor, "snapshots.order_history"):
        return counts
    cursor.execute("drop table if exists pg_temp.forgotten_orders")
    cursor.execute(
        "create temporary table forgotten_orders on commit drop as "
        "select order_id from gdpr.suppressed_orders"
    )
    if _exists(cursor, "pg_temp.order_ages"):
        cursor.execute("insert into forgotten_orders select order_id from order_ages where goes")
    is_gone = "order_id in (select order_id from forgotten_orders)"
    if _exists(cursor, "raw_erp.a_kopf"):
        cursor.execute(_GONE_AND_OLD, {"key": withholding.DELETED})
        is_gone = _IS_ONE_OF.format(column="history.order_id", table="forgotten_orders")
    # Whether the start of a status is known is told by when the history began: that stays known.
    cursor.execute(
        "insert into gdpr.history_beginning (began_at) "
        "select min(dbt_valid_from) from snapshots.order_history as history "
        f"having bool_or({is_gone}) on conflict do nothing"
    )
    cursor.execute(f"delete from snapshots.order_history as history where {is_gone}")
    counts.deleted("snapshots.order_history", cursor.rowcount)
    return counts


def remove_behind_raw(cursor: Cursor) -> Counts:
    """Remove erased customers and their orders from all that was made of raw, whatever models there are."""
    counts = Counts()
    cursor.execute(
        "select n.nspname, c.relname, array_agg(cast(a.attname as text)) "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "join pg_attribute a on a.attrelid = c.oid "
        "where n.nspname = any(%s) and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped "
        "group by 1, 2 order by 1, 2",
        (list(BEHIND_RAW),),
    )
    for schema, table, columns in cursor.fetchall():
        name = sql.Identifier(schema, table)
        for column, suppressed in (
            ("order_id", "suppressed_orders"),
            ("customer_key", "suppressed_customers"),
        ):
            if column in columns:
                statement = sql.SQL(
                    "delete from {table} where {column} in (select {column} from {suppressed})"
                )
                cursor.execute(
                    statement.format(
                        table=name,
                        column=sql.Identifier(column),
                        suppressed=sql.Identifier(SCHEMA, suppressed),
                    )
                )
                counts.deleted(f"{schema}.{table}", cursor.rowcount)
        if "order_id" not in columns:
            counts.anonymised(f"{schema}.{table}", _without_references(cursor, schema, table, columns))
    return counts


def _without_references(cursor: Cursor, schema: str, table: str, columns: list[str]) -> int:
    """Take the erased orders out of a table of the machines; return how many rows changed."""
    texts = [column for column in ("event_name", "details") if column in columns]
    rows = logs.take_out_of(cursor, sql.Identifier(schema, table), texts) if texts else 0
    if {"order_number", "extension"} <= set(columns):
        cursor.execute(
            sql.SQL(
                "update {table} as piece set order_number = null, extension = null where exists ("
                "select 1 from gdpr.suppressed_orders as gone where gone.order_number = piece.order_number "
                "and lower(gone.extension) = lower(coalesce(piece.extension, '')))"
            ).format(table=sql.Identifier(schema, table))
        )
        rows = max(rows, cursor.rowcount)
    return rows


def _exists(cursor: Cursor, table: str) -> bool:
    cursor.execute("select to_regclass(%s) is not null", (table,))
    return cursor.fetchone() == (True,)
