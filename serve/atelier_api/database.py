"""Pools of connections: the marts, read as the reader, once more for files, and the server's own schema."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from atelier import roles as warehouse_roles
from atelier import warehouse as pipeline
from atelier.connections import session_parameters
from atelier.errors import AtelierError
from psycopg import sql
from psycopg.types.numeric import FloatLoader
from psycopg_pool import AsyncConnectionPool
from target_warehouse import sessions

from atelier_api import migrations
from atelier_api.limits import MOST_EXPORTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from atelier.connections import Warehouse
    from atelier.roles import Roles

    from atelier_api.settings import Settings

    Connection = psycopg.AsyncConnection[tuple[Any, ...]]
    Pool = AsyncConnectionPool[Connection]

#: A query of a page takes milliseconds; what takes this long would only hold up the others.
STATEMENT_TIMEOUT = "20s"

#: Roles are made by whoever runs first; while a run holds the warehouse they may not be there yet.
_ROLES_WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Database:
    """The open pools."""

    marts: Pool
    #: The marts as well, for files of all rows: pages never wait for those.
    exports: Pool
    own: Pool

    async def check(self) -> None:
        """Renew the connections that are dead."""
        await self.marts.check()
        await self.exports.check()
        await self.own.check()


def settle_roles(settings: Settings) -> Roles | None:
    """Make the warehouse's roles what they should be; return them, or None where there are none.

    Raises:
        AtelierError: The warehouse cannot be reached, or refuses.
    """
    place = settings.warehouse
    with closing(pipeline.connect(place, "atelier-api")) as connection:
        return warehouse_roles.settle(connection, place)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """Bring the schema `serve` up to date and open the pools.

    Raises:
        AtelierError: The warehouse cannot be reached or used.
    """
    roles = await asyncio.to_thread(settle_roles, settings)
    place = settings.warehouse
    connection_options: dict[str, Any] = {
        "host": place.host,
        "port": place.port,
        "user": place.user,
        "password": place.password,
        "dbname": place.database,
        **place.tls,
        "connect_timeout": 10,
        **session_parameters(),
        "autocommit": True,
        "application_name": "atelier-api",
        # Every page asks few queries again and again: planned once per connection.
        "prepare_threshold": 2,
    }
    await _wait_for_roles(connection_options, roles, settings)

    async def read_marts(connection: Connection) -> None:
        await _ensure(connection, place)
        await _become(connection, roles.reader if roles else None)
        await connection.execute("set default_transaction_read_only = on")
        await _set_up(connection, settings)
        # Seconds and rates leave as JSON numbers anyway; Decimal would cost a conversion for each.
        connection.adapters.register_loader("numeric", FloatLoader)

    async def keep_own(connection: Connection) -> None:
        await _ensure(connection, place)
        await _become(connection, roles.server if roles else None)
        await _set_up(connection, settings)

    async with await psycopg.AsyncConnection.connect(**connection_options) as connection:
        await keep_own(connection)
        await migrations.apply(connection, own_schema=roles is None)
    async with (
        AsyncConnectionPool(
            kwargs=connection_options, configure=read_marts, min_size=2, max_size=10, timeout=10, open=False
        ) as marts,
        AsyncConnectionPool(
            kwargs=connection_options,
            configure=read_marts,
            min_size=0,
            max_size=MOST_EXPORTS,
            timeout=10,
            open=False,
        ) as exports,
        AsyncConnectionPool(
            kwargs=connection_options, configure=keep_own, min_size=1, max_size=5, timeout=10, open=False
        ) as own,
    ):
        yield Database(marts, exports, own)


async def _ensure(connection: Connection, place: Warehouse) -> None:
    """Set and check what every session relies on, as `sessions.ensure` does."""
    wanted = {**sessions.SETTINGS, **sessions.LATER_SETTINGS}
    try:
        found = sessions.Found(await (await connection.execute(sessions.look(wanted))).fetchall())
        found.check_server(connection.info.backend_pid)
        if differing := found.differing(wanted):
            await connection.execute(sessions.change(differing))
            found = sessions.Found(await (await connection.execute(sessions.look(wanted))).fetchall())
        found.check_settings(wanted)
    except sessions.SessionError as error:
        raise AtelierError(f"the warehouse, {place.place}, {error}") from None


async def _set_up(connection: Connection, settings: Settings) -> None:
    await connection.execute(f"set statement_timeout = '{STATEMENT_TIMEOUT}'")
    await connection.execute(sql.SQL("set timezone = {}").format(sql.Literal(settings.timezone.key)))


async def _become(connection: Connection, role: str | None) -> None:
    if role:
        await connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))


async def _wait_for_roles(options: dict[str, Any], roles: Roles | None, settings: Settings) -> None:
    if roles is None:
        return
    deadline = asyncio.get_running_loop().time() + _ROLES_WAIT_SECONDS
    async with await psycopg.AsyncConnection.connect(**options) as connection:
        while True:
            cursor = await connection.execute(
                "select count(*) filter (where pg_has_role(current_user, r.oid, 'member')) = 2 "
                "and exists (select 1 from pg_namespace where nspname = 'serve') "
                "from pg_roles r where r.rolname = any(%s)",
                ([roles.reader, roles.server],),
            )
            if await cursor.fetchone() == (True,):
                return
            if asyncio.get_running_loop().time() > deadline:
                raise AtelierError(
                    f"the roles {roles.reader} and {roles.server} of the warehouse, "
                    f"{settings.warehouse.place}, cannot be used, and a run is keeping the warehouse: let it "
                    "end, then start this again"
                )
            await asyncio.sleep(1)
            await asyncio.to_thread(settle_roles, settings)
