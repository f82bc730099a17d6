"""Who asks: found out from an access token, an API key or a browser's cookie."""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

from atelier_api.auth.permissions import PERMISSIONS
from atelier_api.auth.tokens import AccessTokens, Digests, FormTokens, Seal
from atelier_api.errors import ProblemError

if TYPE_CHECKING:
    from atelier_api.database import Pool

COOKIE: Final = "atelier_session"
KEY_PREFIX: Final = "atl_"

#: How long a look at the database is believed. Changes made by this server are seen at once.
_BELIEVED_SECONDS: Final = 2.0
_MOST_BELIEVED: Final = 10_000

#: A browser that is not used for so long is logged out.
IDLE_HOURS: Final = 12

_KEY = re.compile(r"atl_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_COOKIE = re.compile(r"([0-9a-f-]{36})\.([A-Za-z0-9_-]{43})")

_SESSION_QUERY = """
    select u.user_id, u.username, u.role, u.token_version
    from serve.sessions as s inner join serve.users as u on s.user_id = u.user_id
    where s.session_id = %s and s.kind = 'token' and s.revoked_at is null and s.expires_at > now()
        and u.is_active
"""
_COOKIE_QUERY = """
    update serve.sessions as s set last_used_at = now()
    from serve.users as u
    where s.user_id = u.user_id and s.session_id = %s and s.secret_hash = %s and s.kind = 'browser'
        and s.revoked_at is null and s.expires_at > now() and u.is_active
        and s.last_used_at > now() - make_interval(hours => %s)
    returning u.user_id, u.username, u.role, u.token_version
"""
_KEY_QUERY = """
    update serve.api_keys set last_used_at = now()
    where key_id = %s and secret_hash = %s and revoked_at is null and expires_at > now()
    returning name, scopes
"""


@dataclass(frozen=True)
class Principal:
    """A user or a program that is logged in."""

    #: `user` or `key`, and how it is called in the audit log.
    kind: Literal["user", "key"]
    name: str
    way: Literal["token", "key", "cookie"]
    role: str | None
    permissions: frozenset[str]
    user_id: int | None = None
    #: The session of a token or a cookie; none of a key.
    session_id: str | None = None

    def check(self, permission: str) -> None:
        """Check that they may do something.

        Raises:
            ProblemError: They may not.
        """
        if permission not in self.permissions:
            raise ProblemError(
                HTTPStatus.FORBIDDEN,
                f"your role lacks the permission {permission}: ask an administrator",
                kind="not-permitted",
                headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
            )


class Principals:
    """Finds out who asks."""

    def __init__(self, pool: Pool, secret_key: str) -> None:
        self._pool = pool
        self.access = AccessTokens(secret_key)
        self.digests = Digests(secret_key)
        self.forms = FormTokens(secret_key)
        self.attempts = Seal(secret_key, "attempts")
        # By what was presented: until when it is believed, who it is, and the version of their tokens.
        self._believed: dict[str, tuple[float, Principal, int]] = {}

    def forget(self) -> None:
        """Look again at the next request of everybody: somebody's rights have changed."""
        self._believed.clear()

    async def of_bearer(self, credential: str) -> Principal | None:
        """Return who presents an access token or an API key, or None when it is not good."""
        if credential.startswith(KEY_PREFIX):
            match = _KEY.fullmatch(credential)
            if match is None:
                return None
            found = await self._look_up(credential, _KEY_QUERY, (match[1], self.digests.of(match[2])), "key")
            return found[0] if found else None
        claims = self.access.read(credential)
        if claims is None:
            return None
        found = await self._look_up(
            f"session:{claims.session_id}", _SESSION_QUERY, (claims.session_id,), "token", claims.session_id
        )
        if found is None or found[1] != claims.version:
            return None
        principal = found[0]
        same = principal.user_id == claims.user_id and principal.role == claims.role
        return principal if same else None

    async def of_cookie(self, cookie: str) -> Principal | None:
        """Return whose browser presents a cookie, or None when it is not good."""
        match = _COOKIE.fullmatch(cookie)
        if match is None:
            return None
        try:
            session_id = str(uuid.UUID(match[1]))
        except ValueError:
            return None
        found = await self._look_up(
            cookie, _COOKIE_QUERY, (session_id, self.digests.of(match[2]), IDLE_HOURS), "cookie", session_id
        )
        return found[0] if found else None

    async def _look_up(
        self,
        presented: str,
        query: str,
        parameters: tuple[Any, ...],
        way: Literal["token", "key", "cookie"],
        session_id: str | None = None,
    ) -> tuple[Principal, int] | None:
        now = time.monotonic()
        known = self._believed.get(presented)
        if known and known[0] > now:
            return known[1], known[2]
        async with self._pool.connection() as connection:
            row = await (await connection.execute(query, parameters)).fetchone()
        if row is None:
            self._believed.pop(presented, None)
            return None
        if way == "key":
            name, scopes = row
            principal, version = Principal("key", name, "key", None, frozenset(scopes)), 0
        else:
            user_id, name, role, version = row
            principal = Principal("user", name, way, role, PERMISSIONS[role], user_id, session_id)
        if len(self._believed) >= _MOST_BELIEVED:
            self._believed.clear()
        self._believed[presented] = (now + _BELIEVED_SECONDS, principal, version)
        return principal, version
