"""What of a database is Atelier's: the schemas, and the tables in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from psycopg2 import sql

from atelier.connections import STATE_SCHEMA
from atelier.ops.migrations import SCHEMA as OPS
from atelier.rights import SCHEMAS, SERVED

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 # it is a class

#: Filled as soon as a command has looked at a new warehouse: it is empty all the same.
BOOKS: Final = (f"{STATE_SCHEMA}.alembic_version", f"{OPS}.migrations", f"{SERVED[0]}.migrations")


def there(cursor: Cursor) -> list[str]:
    """Return those of our schemas that the database has."""
    cursor.execute("select nspname from pg_namespace where nspname = any(%s) order by 1", (list(SCHEMAS),))
    return [name for (name,) in cursor.fetchall()]


def rows(cursor: Cursor) -> dict[str, int]:
    """Return how many rows each of our tables has, by `schema.table`."""
    cursor.execute(
        "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname = any(%s) and c.relkind = 'r' order by 1, 2",
        (list(SCHEMAS),),
    )
    counted = {}
    for schema, table in cursor.fetchall():
        cursor.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table)))
        (counted[f"{schema}.{table}"],) = cursor.fetchone() or (0,)
    return counted


def of_others(cursor: Cursor) -> set[str]:
    """Return the tables and views of everybody else in the database."""
    cursor.execute(
        "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        r"where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^(pg_|information_schema$)' "
        "and n.nspname <> all(%s)",
        (list(SCHEMAS),),
    )
    return {name for (name,) in cursor.fetchall()}
