"""The audit log: who did what from where; never a password, token or name that was mistyped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from atelier_api.auth.lockout import KNOWN_DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request

    from atelier_api.database import Pool

#: How long entries are kept, in days.
KEPT_DAYS = 400

_INSERT = """
    insert into serve.audit (actor, action, target, address, request_id, details)
    values (%s, %s, %s, %s, %s, %s)
"""


_COUNT = """
    update serve.audit set times = times + 1 where audit_id = (
        select audit_id from serve.audit
        where occurred_at > now() - interval '1 hour' and action = %s and target is not distinct from %s
            and address = %s and actor is null
        order by audit_id desc limit 1
    )
"""


def address_of(request: Request) -> str:
    """Return the address that a request comes from; a trusted proxy has said it, if there is one."""
    return request.client.host if request.client else "unknown"


async def record(  # the columns of the log
    pool: Pool,
    request: Request | None,
    action: str,
    *,
    actor: str | None,
    target: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write down that something was done.

    Args:
        pool: The server's own pool.
        request: The request that did it; None for the command line.
        action: What, in a word.
        actor: Who; None when nobody was logged in.
        target: What it was done to.
        details: More, without secrets.
    """
    address = address_of(request) if request else "command line"
    request_id = request.scope["state"].get("request_id") if request else None
    async with pool.connection() as connection:
        await connection.execute(
            _INSERT, (actor, action, target, address, request_id, Jsonb(dict(details or {})))
        )


async def count(pool: Pool, request: Request, action: str, *, target: str | None) -> None:
    """Write down that something was tried once more: one entry an hour for an address and a target.

    Args:
        pool: The server's own pool.
        request: The request that tried it; nobody was logged in.
        action: What, in a word.
        target: What it was tried on.
    """
    async with pool.connection() as connection:
        cursor = await connection.execute(_COUNT, (action, target, address_of(request)))
    if not cursor.rowcount:
        await record(pool, request, action, actor=None, target=target)


async def prune(pool: Pool) -> None:
    """Delete entries that are past their time, and what else has ended."""
    async with pool.connection() as connection:
        await connection.execute(
            "delete from serve.audit where occurred_at < now() - make_interval(days => %s)", (KEPT_DAYS,)
        )
        await connection.execute("delete from serve.sessions where expires_at < now() - interval '1 day'")
        await connection.execute(
            "delete from serve.known_places where last_used_at < now() - make_interval(days => %s)",
            (KNOWN_DAYS,),
        )
        await connection.execute("delete from serve.links where expires_at < now() - interval '1 day'")
        await connection.execute(
            "delete from serve.login_attempts where last_failed_at < now() - interval '1 day'"
        )
