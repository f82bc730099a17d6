"""API keys: for programs, which have scopes and no role."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier_api.auth.principals import KEY_PREFIX
from atelier_api.auth.tokens import digest, new_secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_api.database import Pool
    from atelier_api.services import Services

MOST_DAYS: Final = 730


@dataclass(frozen=True)
class NewKey:
    """A key that was just made; its text is known only now."""

    key_id: str
    key: str


async def create(pool: Pool, name: str, scopes: Sequence[str], days: int, actor: str) -> NewKey:
    """Make a key."""
    key_id, secret = secrets.token_hex(8), new_secret()
    async with pool.connection() as connection:
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
