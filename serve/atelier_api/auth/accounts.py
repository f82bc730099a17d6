"""Users and one-time links, as the routes, the pages and the command line need them."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal

import psycopg

from atelier_api.auth import keys, passwords
from atelier_api.auth.names import check_username
from atelier_api.auth.permissions import PERMISSIONS
from atelier_api.auth.sessions import User
from atelier_api.auth.tokens import new_secret
from atelier_api.errors import ProblemError

if TYPE_CHECKING:
    from atelier_api.auth.permissions import Role
    from atelier_api.database import Pool
    from atelier_api.services import Services

Purpose = Literal["setup", "password", "login"]

#: A link to set a password lies in somebody's mail for a while; one that logs in is used at once.
LINK_HOURS: Final[dict[Purpose, int]] = {"setup": 1, "password": 72, "login": 1}

#: A change that must not leave the server without an administrator waits for the one before.
_ADMIN_LOCK: Final = 7_021_955_233


@dataclass(frozen=True)
class Link:
    """What a one-time link is for."""

    purpose: Purpose
    user_id: int | None
    username: str | None


async def set_password(
    services: Services, user_id: int, password: str, keep_session: str | None = None
) -> None:
    """Set a user's password and end the user's sessions but one."""
    kept = await passwords.hashed(password)
    async with services.database.own.connection() as connection, connection.transaction():
        await connection.execute(
            "update serve.users set password_hash = %s, password_changed_at = now() where user_id = %s",
            (kept, user_id),
        )
        await connection.execute(
            "update serve.sessions set revoked_at = now() "
            "where user_id = %s and revoked_at is null and session_id::text is distinct from %s",
            (user_id, keep_session),
        )
        await connection.execute("delete from serve.links where user_id = %s and used_at is null", (user_id,))
    services.principals.forget()


async def create(pool: Pool, username: str, role: Role, password: str | None = None) -> int:
    """Create a user and return the id; without a password nobody can log in as it until a link sets one.

    Raises:
        ProblemError: It is no name, or there is one of this name, whatever its case.
    """
    check_username(username)
    kept = await passwords.hashed(password) if password else None
    try:
        async with pool.connection() as connection:
            cursor = await connection.execute(
                "insert into serve.users (username, role, password_hash, password_changed_at) "
                "values (%s, %s, %s, case when %s::text is not null then now() end) returning user_id",
                (username, role, kept, kept),
            )
            row = await cursor.fetchone()
    except psycopg.errors.UniqueViolation:
        raise ProblemError(
            HTTPStatus.CONFLICT, f"there is a user {username} already: choose another name", kind="name-taken"
        ) from None
    return int(row[0]) if row else 0


async def has_admin(pool: Pool) -> bool:
    """Tell whether somebody can administer the server."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select exists (select 1 from serve.users where role = 'admin' and is_active)"
        )
        return await cursor.fetchone() == (True,)


async def change(
    services: Services, user_id: int, *, role: Role | None, is_active: bool | None
) -> str | None:
    """Change a user's role, or whether the user may log in; return the name, or None when there is none.

    The API keys that the user has made as an administrator end with that.

    Raises:
        ProblemError: Nobody would be left to administer the server.
    """
    async with services.database.own.connection() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(%s)", (_ADMIN_LOCK,))
        cursor = await connection.execute(
            "update serve.users set role = coalesce(%s, role), is_active = coalesce(%s, is_active), "
            "token_version = token_version + 1 where user_id = %s returning username",
            (role, is_active, user_id),
        )
        row = await cursor.fetchone()
        await _keep_an_admin(connection)
        if row and (is_active is False or (role and "keys" not in PERMISSIONS[role])):
            await keys.revoke_of(connection, row[0])
        if is_active is False:
            await connection.execute(
                "update serve.sessions set revoked_at = now() where user_id = %s and revoked_at is null",
                (user_id,),
            )
    services.principals.forget()
    return str(row[0]) if row else None


async def delete(services: Services, user_id: int) -> str | None:
    """Delete a user, and end the API keys that the user has made; return the name, or None.

    Raises:
        ProblemError: Nobody would be left to administer the server.
    """
    async with services.database.own.connection() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(%s)", (_ADMIN_LOCK,))
        cursor = await connection.execute(
            "delete from serve.users where user_id = %s returning username", (user_id,)
        )
        row = await cursor.fetchone()
        await _keep_an_admin(connection)
        if row:
            await keys.revoke_of(connection, row[0])
    services.principals.forget()
    return str(row[0]) if row else None


async def _keep_an_admin(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    cursor = await connection.execute(
        "select exists (select 1 from serve.users where role = 'admin' and is_active)"
    )
    if await cursor.fetchone() != (True,):
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "this is the last administrator: make somebody else one first",
            kind="last-administrator",
        )


async def make_link(services: Services, purpose: Purpose, user_id: int | None) -> str:
    """Make a one-time link and return its secret; older ones of the same purpose and user are gone."""
    secret = new_secret()
    async with services.database.own.connection() as connection, connection.transaction():
        await connection.execute(
            "delete from serve.links "
            "where purpose = %s and user_id is not distinct from %s and used_at is null",
            (purpose, user_id),
        )
        await connection.execute(
            "insert into serve.links (token_hash, purpose, user_id, expires_at) "
            "values (%s, %s, %s, now() + make_interval(hours => %s))",
            (services.principals.digests.of(secret), purpose, user_id, LINK_HOURS[purpose]),
        )
    return secret


async def look_at_link(services: Services, secret: str) -> Link | None:
    """Return what a link is for, without using it; None when it is not good, or not any more."""
    async with services.database.own.connection() as connection:
        cursor = await connection.execute(
            "select l.purpose, l.user_id, u.username from serve.links as l "
            "left join serve.users as u on l.user_id = u.user_id "
            "where l.token_hash = %s and l.used_at is null and l.expires_at > now() "
            "and coalesce(u.is_active, true)",
            (services.principals.digests.of(secret),),
        )
        row = await cursor.fetchone()
    return Link(*row) if row else None


async def use_link(services: Services, secret: str, *, username: str | None, password: str | None) -> User:
    """Use a link: make the first administrator, set a password, or just log in.

    Args:
        services: The server's services.
        secret: The link's secret.
        username: Name of the first administrator, for a link of the set-up.
        password: The new password, unless the link logs in.

    Raises:
        ProblemError: The link is not good any more, or the password is weak; then the link stays good.
    """
    pool = services.database.own
    gone = ProblemError(
        HTTPStatus.NOT_FOUND,
        "the link is not good, or not any more: ask for another one",
        kind="link-not-good",
    )
    link = await look_at_link(services, secret)
    if link is None:
        raise gone
    name = link.username or username or ""
    if link.purpose != "login":
        passwords.check_new(password or "", name)
    async with pool.connection() as connection:
        # Only one of two that come at once gets it.
        cursor = await connection.execute(
            "update serve.links set used_at = now() where token_hash = %s and used_at is null returning 1",
            (services.principals.digests.of(secret),),
        )
        if await cursor.fetchone() is None:
            raise gone
    if link.purpose == "setup":
        if await has_admin(pool):
            raise gone
        user_id = await create(pool, name, "admin", password)
    else:
        user_id = link.user_id or 0
        if link.purpose == "password":
            await set_password(services, user_id, password or "")
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select user_id, username, role, token_version from serve.users where user_id = %s", (user_id,)
        )
        row = await cursor.fetchone()
    if row is None:
        raise gone
    return User(*row)
