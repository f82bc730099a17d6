"""Runs the server: opens the warehouse, listens, and closes both in the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import psycopg
import uvicorn
from atelier.errors import AtelierError
from psycopg_pool import PoolTimeout

from atelier_api.app import create_app
from atelier_api.auth import audit, keys
from atelier_api.auth.principals import Principals
from atelier_api.database import opened
from atelier_api.freshness import Version
from atelier_api.limits import Exports, raise_file_limit
from atelier_api.metrics import Metrics
from atelier_api.paging import Cursors
from atelier_api.protocol import Protocol
from atelier_api.services import Services

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from atelier_api.settings import Settings

_log = logging.getLogger("atelier_api")

_PRUNE_SECONDS = 6 * 3600.0


@asynccontextmanager
async def services_for(settings: Settings) -> AsyncIterator[Services]:
    """Open what requests share.

    Raises:
        AtelierError: The warehouse cannot be used.
    """
    async with opened(settings) as database:
        services = Services(
            settings=settings,
            database=database,
            cursors=Cursors(settings.secret_key),
            version=Version(database.marts),
            principals=Principals(database.own, settings.secret_key),
            metrics=Metrics(),
            exports=Exports(),
        )
        await keys.key_older(services)
        yield services


def listening(settings: Settings) -> socket.socket:
    """Return a socket that listens where the settings say.

    Raises:
        AtelierError: The address is taken, or is none of this machine.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((settings.host, settings.port))
        found.listen(2048)
    except OSError as error:
        found.close()
        raise AtelierError(
            f"the server cannot listen at {settings.host}:{settings.port} ({error.strerror}): stop what runs "
            "there (`make demo-down` stops the demo's own), or set API_HOST and API_PORT"
        ) from None
    found.setblocking(False)  # noqa: FBT003 # socket's own signature
    return found


async def serve(settings: Settings) -> None:
    """Serve until a signal ends it; what is being answered is answered first.

    Raises:
        AtelierError: The warehouse cannot be used, or the address is taken.
    """
    raise_file_limit()
    with contextlib.closing(listening(settings)) as place:
        async with services_for(settings) as services:
            if settings.is_https and not settings.trusted_proxies:
                _log.warning(
                    "API_PUBLIC_URL is https, which a proxy speaks, and API_TRUSTED_PROXIES names none: all "
                    "people share the proxy's address, and wrong passwords of one lock out all"
                )
            config = uvicorn.Config(
                create_app(services),
                http=Protocol,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=list(settings.trusted_proxies),
                timeout_keep_alive=30,
                timeout_graceful_shutdown=20,
            )
            pruning = asyncio.create_task(_prune(services))
            try:
                await _Server(config).serve(sockets=[place])
            finally:
                pruning.cancel()


class _Server(uvicorn.Server):
    """Ends cleanly at a signal; uvicorn's own way is to die of it before the warehouse is let go."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End at a signal while the block runs."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


async def _prune(services: Services) -> None:
    while True:
        with contextlib.suppress(psycopg.Error, PoolTimeout):
            await audit.prune(services.database.own)
        await asyncio.sleep(_PRUNE_SECONDS)
