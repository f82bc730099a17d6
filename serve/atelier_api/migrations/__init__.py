"""The server's own tables: numbered SQL files, each applied once, all at start."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

#: Two servers that start at once must not both apply a file: any number, the same for ever.
_LOCK = 7_021_955_236


def files() -> list[tuple[int, str, str]]:
    """Return number, name and text of each migration, in order."""
    folder = resources.files(__package__)
    found = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    return [(int(name.partition("_")[0]), name, (folder / name).read_text("utf-8")) for name in found]


async def apply(connection: psycopg.AsyncConnection[tuple[Any, ...]], *, own_schema: bool) -> None:
    """Apply what has not been applied, in one transaction.

    Args:
        connection: A connection with the rights of the schema's owner, in autocommit.
        own_schema: Make the schema as well, for a warehouse without roles.
    """
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        if own_schema:
            await connection.execute("create schema if not exists serve")
        await connection.execute(
            "create table if not exists serve.migrations (version integer primary key, name text not null, "
            "applied_at timestamptz not null default now())"
        )
        cursor = await connection.execute("select version from serve.migrations")
        applied = {version for (version,) in await cursor.fetchall()}
        for version, name, text in files():
            if version not in applied:
                await connection.execute(text.encode())
                await connection.execute(
                    "insert into serve.migrations (version, name) values (%s, %s)", (version, name)
                )
