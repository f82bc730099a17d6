"""API keys: for programs, which have scopes and no role."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier_api.auth.principals import KEY_PREFIX
from atelier_api.auth.tokens import new_secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_api.database import Connection
    from atelier_api.services import Services

MOST_DAYS: Final = 730


@dataclass(frozen=True)
class NewKey:
    """A key that was just made; its text is known only now."""

    key_id: str
    key: str


async def create(services: Services, name: str, scopes: Sequence[str], days: int, actor: str) -> NewKey:
    """Make a key."""
    digest = services.principals.digests.of
    key_id, secret = secrets.token_hex(8), new_secret()
    async with services.database.own.connection() as connection:
        await connection.execute(
            "insert into serve.api_keys (key_id, name, secret_hash, scopes, created_by, expires_at) "
            "values (%s, %s, %s, %s, %s, now() + make_interval(days => %s))",
            (key_id, name, digest(secret), sorted(set(scopes)), actor, days),
        )
    return NewKey(key_id, f"{KEY_PREFIX}{key_id}_{secret}")


async def revoke(services: Services, key_id: str) -> bool:
    """Let a key be good no more; return whether it was."""
    async with services.database.own.connection() as connection:
        cursor = await connection.execute(
            "update serve.api_keys set revoked_at = now() where key_id = %s and revoked_at is null", (key_id,)
        )
    services.principals.forget()
    return cursor.rowcount == 1


async def revoke_of(connection: Connection, actor: str) -> int:
    """Let all keys that a user has made be good no more; return how many were."""
    cursor = await connection.execute(
        "update serve.api_keys set revoked_at = now() "
        "where created_by = %s and revoked_at is null and expires_at > now()",
        (actor,),
    )
    return cursor.rowcount


async def key_older(services: Services) -> None:
    """Key the digests that an earlier release has kept without the server's secret: the keys stay good."""
    digests = services.principals.digests
    async with services.database.own.connection() as connection, connection.transaction():
        cursor = await connection.execute(
            "select key_id, secret_hash from serve.api_keys where not is_keyed for update"
        )
        for key_id, plain in await cursor.fetchall():
            await connection.execute(
                "update serve.api_keys set secret_hash = %s, is_keyed = true where key_id = %s",
                (digests.keyed(plain), key_id),
            )
