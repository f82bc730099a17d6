"""Sessions: logging in, refreshing, logging out."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from atelier_api.auth import audit, lockout, passwords
from atelier_api.auth.names import IS_NAMED, normal_form
from atelier_api.auth.tokens import ACCESS_SECONDS, Claims, new_secret
from atelier_api.errors import ProblemError

if TYPE_CHECKING:
    from fastapi import Request

    from atelier_api.services import Services

#: By which a device is known on which a user has logged in before; it lets nobody in.
DEVICE_COOKIE: Final = "atelier_device"

#: However much it is used, a log-in ends after so many days.
SESSION_DAYS: Final = 30

_SESSION = """
    insert into serve.sessions (user_id, kind, secret_hash, expires_at)
    values (%s, %s, %s, now() + make_interval(days => %s)) returning session_id::text
"""
_REFRESH = """
    insert into serve.refresh_tokens (token_hash, session_id, expires_at)
    select %s, session_id, expires_at from serve.sessions where session_id = %s
"""
_USE = """
    update serve.refresh_tokens as t set used_at = now()
    from serve.sessions as s inner join serve.users as u on s.user_id = u.user_id
    where t.session_id = s.session_id and t.token_hash = %s and t.used_at is null and t.expires_at > now()
        and s.revoked_at is null and u.is_active
    returning s.session_id::text, u.user_id, u.username, u.role, u.token_version
"""
_WAS_USED = """
    select s.session_id::text, u.username
    from serve.refresh_tokens as t
    inner join serve.sessions as s on t.session_id = s.session_id
    inner join serve.users as u on s.user_id = u.user_id
    where t.token_hash = %s and t.used_at is not null
"""


@dataclass(frozen=True)
class User:
    """A user who has proven to be one."""

    user_id: int
    username: str
    role: str
    token_version: int


@dataclass(frozen=True)
class TokenPair:
    """What a log-in of a program yields."""

    access_token: str
    refresh_token: str
    role: str
    expires_in: int = ACCESS_SECONDS


async def authenticate(services: Services, request: Request, username: str, password: str) -> User:
    """Return the user who has this password.

    Raises:
        ProblemError: There is none (401), or there were too many wrong passwords or log-ins at once (429).
    """
    pool, seal = services.database.own, services.principals.attempts
    passwords.check_queue()
    place = lockout.Place(username, audit.address_of(request), request.cookies.get(DEVICE_COOKIE, ""))
    try:
        subjects = await lockout.reserve(pool, seal, place)
    except ProblemError:
        await audit.count(pool, request, "login_locked", target=await _known(services, username))
        raise
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select user_id, username, role, token_version, password_hash from serve.users "  # noqa: S608
            f"where {IS_NAMED} and is_active".encode(),
            (normal_form(username),),
        )
        row = await cursor.fetchone()
    if not await passwords.matches(password, row[4] if row else None) or row is None:
        # Only names that exist: who mistypes may have typed the password where the name belongs.
        await audit.count(pool, request, "login_failed", target=row[1] if row else None)
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED,
            "user name or password is wrong",
            kind="wrong-credentials",
            headers={"WWW-Authenticate": "Bearer"},
        )
    await lockout.forgive(pool, seal, place, row[0], subjects)
    return User(*row[:4])


async def _known(services: Services, username: str) -> str | None:
    async with services.database.own.connection() as connection:
        cursor = await connection.execute(
            f"select username from serve.users where {IS_NAMED}".encode(),  # noqa: S608 # a text of ours
            (normal_form(username),),
        )
        row = await cursor.fetchone()
    return str(row[0]) if row else None


async def start_tokens(services: Services, request: Request, user: User) -> TokenPair:
    """Begin a session of a program."""
    pool = services.database.own
    refresh = new_secret()
    async with pool.connection() as connection, connection.transaction():
        cursor = await connection.execute(_SESSION, (user.user_id, "token", None, SESSION_DAYS))
        row = await cursor.fetchone()
        session_id = str(row[0]) if row else ""
        await connection.execute(_REFRESH, (services.principals.digests.of(refresh), session_id))
    await audit.record(pool, request, "login", actor=user.username, details={"way": "token"})
    claims = Claims(user.user_id, session_id, user.role, user.token_version)
    return TokenPair(services.principals.access.make(claims), refresh, user.role)


async def start_browser(services: Services, request: Request, user: User, way: str) -> str:
    """Begin a session of a browser and return the value of its cookie."""
    pool = services.database.own
    secret = new_secret()
    digest = services.principals.digests.of(secret)
    async with pool.connection() as connection:
        cursor = await connection.execute(_SESSION, (user.user_id, "browser", digest, SESSION_DAYS))
        row = await cursor.fetchone()
    await audit.record(pool, request, "login", actor=user.username, details={"way": way})
    return f"{row[0] if row else ''}.{secret}"


async def refresh(services: Services, request: Request, token: str) -> TokenPair:
    """Trade a refresh token for new tokens; the old one is good no more.

    Raises:
        ProblemError: It is not good. If it was used before, somebody has a copy: the whole session is ended.
    """
    pool = services.database.own
    following = new_secret()
    digests = services.principals.digests
    async with pool.connection() as connection, connection.transaction():
        row = await (await connection.execute(_USE, (digests.of(token),))).fetchone()
        if row:
            await connection.execute(_REFRESH, (digests.of(following), row[0]))
            await connection.execute(
                "update serve.sessions set last_used_at = now() where session_id = %s", (row[0],)
            )
    if row is None:
        async with pool.connection() as connection:
            used = await (await connection.execute(_WAS_USED, (digests.of(token),))).fetchone()
        if used:
            await end(services, used[0])
            await audit.record(pool, request, "refresh_token_reused", actor=None, target=used[1])
        raise ProblemError(
            HTTPStatus.BAD_REQUEST,
            "the refresh token is not good, or not any more: log in again",
            kind="invalid-grant",
        )
    session_id, user_id, _, role, version = row
    access = services.principals.access.make(Claims(user_id, session_id, role, version))
    return TokenPair(access, following, role)


async def session_of_refresh_token(services: Services, token: str) -> str | None:
    """Return the session that a refresh token belongs to."""
    async with services.database.own.connection() as connection:
        cursor = await connection.execute(
            "select session_id::text from serve.refresh_tokens where token_hash = %s",
            (services.principals.digests.of(token),),
        )
        row = await cursor.fetchone()
    return str(row[0]) if row else None


async def end(services: Services, session_id: str) -> None:
    """End a session; its tokens are good no more."""
    async with services.database.own.connection() as connection:
        await connection.execute(
            "update serve.sessions set revoked_at = now() where session_id = %s and revoked_at is null",
            (session_id,),
        )
    services.principals.forget()
