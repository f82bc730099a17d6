"""The schema `ops` of the warehouse: numbered SQL files, each applied once, in the order of their numbers.

No dbt touches the schema; it belongs to the pipeline's user and into the backup. An upgrade brings new files,
and the next command that uses the warehouse applies them.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

import psycopg2

from atelier.errors import AtelierError

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class

    from atelier.connections import Warehouse

SCHEMA: Final = "ops"

#: Key of the advisory lock under which files are applied: any number, the same for ever.
_LOCK: Final = 7_021_955_235


def files() -> list[tuple[int, str, str]]:
    """Return number, name and text of each file, in order."""
    folder = resources.files(__package__)
    found = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    return [(int(name.partition("_")[0]), name, (folder / name).read_text("utf-8")) for name in found]


def apply(connection: Connection, warehouse: Warehouse) -> None:
    """Apply what has not been applied, all in one transaction; one query where nothing is to be done.

    Args:
        connection: In autocommit.
        warehouse: Where it leads, for messages.

    Raises:
        AtelierError: The user may not create the schema, or the warehouse was used by a later release.
    """
    known = files()
    with connection.cursor() as cursor:
        if _applied(cursor) == {number for number, _, _ in known}:
            return
        try:
            cursor.execute("begin")
            # Two commands may start at once.
            cursor.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
            cursor.execute(f"create schema if not exists {SCHEMA}")
            cursor.execute(
                f"create table if not exists {SCHEMA}.migrations (version integer primary key, "
                "name text not null, applied_at timestamptz not null default now())"
            )
            applied = _applied(cursor)
            _refuse_later(max(applied, default=0), known[-1][0], warehouse)
            for number, name, text in known:
                if number not in applied:
                    cursor.execute(text)
                    cursor.execute(
                        f"insert into {SCHEMA}.migrations (version, name) values (%s, %s)",  # noqa: S608 # a constant
                        (number, name),
                    )
            cursor.execute("commit")
        except psycopg2.errors.InsufficientPrivilege:
            cursor.execute("rollback")
            raise AtelierError(
                f"user {warehouse.user} may not create the schema {SCHEMA} in {warehouse.place}: "
                f"grant it with `grant create on database {warehouse.database} to {warehouse.user}`"
            ) from None
        except BaseException:
            if not connection.closed:
                cursor.execute("rollback")
            raise


def _refuse_later(applied: int, newest: int, warehouse: Warehouse) -> None:
    if applied > newest:
        raise AtelierError(
            f"the warehouse, {warehouse.place}, was used by a later release of Atelier (its schema {SCHEMA} "
            f"is at {applied}, this release knows {newest}): install that release, or restore a backup from "
            "before it"
        )


def _applied(cursor: psycopg2.extensions.cursor) -> set[int]:
    cursor.execute("select to_regclass(%s) is not null", (f"{SCHEMA}.migrations",))
    if cursor.fetchone() != (True,):
        return set()
    cursor.execute(f"select version from {SCHEMA}.migrations")  # noqa: S608 # a constant
    return {version for (version,) in cursor.fetchall()}
