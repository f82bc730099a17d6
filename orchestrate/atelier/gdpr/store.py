"""The schema `gdpr` of the warehouse: who is erased, what is too old, and the proofs (docs/adr/0014).

No dbt touches it: it survives a full refresh and a full re-load, and belongs into the backup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import psycopg2

from atelier.errors import AtelierError

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class

    from atelier.connections import Warehouse

SCHEMA: Final = "gdpr"

#: Key of the advisory lock under which the schema is made: any number, the same for ever.
_CREATION_LOCK: Final = 7_021_955_232

TABLES: Final = {
    # Pseudonyms of the customers that are erased: their rows are withheld from every load.
    "suppressed_customers": """
        customer_key text primary key,
        suppressed_at timestamptz not null default now()
    """,
    # The orders of these customers, by which the logs of the machines are cleaned.
    "suppressed_orders": """
        order_id text not null,
        order_number bigint not null,
        extension text not null,
        suppressed_at timestamptz not null default now(),
        suppression_number bigint generated always as identity,
        primary key (order_id, order_number, extension)
    """,
    # The day before which a retention period has ended, as the retention operation last found it.
    "cutoffs": """
        retention_key text primary key,
        before_date date not null,
        set_at timestamptz not null default now()
    """,
    # The proofs. Nothing in them is about the person.
    "operations": """
        operation_id uuid primary key,
        kind text not null check (kind in ('erase', 'export', 'retention')),
        requested_by text not null,
        reference text not null,
        finished_at timestamptz not null default now(),
        row_counts jsonb not null,
        tool_version text not null
    """,
    # What was applied to the lines of a version of a file, and how often that changed one: sessions are
    # computed anew when it did.
    "log_file_editions": """
        file_version_id text primary key,
        read_at timestamp,
        suppression_number bigint not null,
        messages_before date,
        pieces_before date,
        edition bigint not null
    """,
    # When the history of the orders began, once rows of its first run were removed; one row at most.
    "history_beginning": """
        began_at timestamptz not null,
        is_only boolean primary key default true check (is_only)
    """,
}


def prepare(connection: Connection, warehouse: Warehouse) -> None:
    """Create what is missing of the schema; one query where all is there.

    Raises:
        AtelierError: The user may not create it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname = %s and c.relname = any(%s)",
            (SCHEMA, list(TABLES)),
        )
        if cursor.fetchone() == (len(TABLES),):
            return
        try:
            cursor.execute(
                "begin; "
                # Two commands may start at once in a new warehouse.
                + f"select pg_advisory_xact_lock({_CREATION_LOCK}); "
                + f"create schema if not exists {SCHEMA}; "
                + "".join(
                    f"create table if not exists {SCHEMA}.{name} ({columns}); "
                    for name, columns in TABLES.items()
                )
                + "commit"
            )
        except psycopg2.errors.InsufficientPrivilege:
            cursor.execute("rollback")
            raise AtelierError(
                f"user {warehouse.user} may not create the schema {SCHEMA} in {warehouse.place}: "
                f"grant it with `grant create on database {warehouse.database} to {warehouse.user}`"
            ) from None
