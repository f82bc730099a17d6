"""How many requests a client may make, how large they may be and how long they may take."""

from __future__ import annotations

import asyncio
import math
import resource
import time
from collections import OrderedDict
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from atelier_api.errors import ProblemError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import Request

    from atelier_api.auth.principals import Principal
    from atelier_api.services import Services

#: The longest body that any route takes, in bytes: a form or a small JSON.
LARGEST_BODY: Final = 64 * 1024

#: Address and headers of a request together, in bytes: several times what a browser sends.
LARGEST_HEAD: Final = 32 * 1024

#: A request on the wire, in bytes: the body may come in chunks of a few bytes, each with some around it.
LARGEST_REQUEST: Final = LARGEST_HEAD + 8 * LARGEST_BODY

#: A client has so many seconds to send a head, then as many for a body, and to read on in an answer.
HEAD_SECONDS: Final = 20.0
BODY_SECONDS: Final = 20.0
ANSWER_SECONDS: Final = 60.0

#: Connections at once, as far as the system allows as many open files.
MOST_CONNECTIONS: Final = 1_000
#: What the server needs of them for all else, with a burst that the system has taken before it is asked.
_OTHER_FILES: Final = 2_500

#: Files of all rows that are made at once, each of them for another user: one occupies a core.
MOST_EXPORTS: Final = 2
#: So long one that must wait for the others waits.
EXPORT_WAIT_SECONDS: Final = 10.0

_MOST_REMEMBERED: Final = 50_000


def raise_file_limit() -> None:
    """Let the process have as many open files as its connections need, where the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = MOST_CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def most_connections() -> int:
    """Return how many connections there may be: fewer where the process may have few open files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, soft // 2)


class Buckets:
    """A token bucket per name: as many requests at once as a minute allows, then at that pace."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> float:
        """Take one; return 0, or the seconds to wait for one."""
        now = time.monotonic()
        level, since = self._levels.pop(name, (float(self.per_minute), now))
        level = min(float(self.per_minute), level + (now - since) * self.per_minute / 60)
        granted = level >= 1
        self._levels[name] = (level - 1 if granted else level, now)
        if len(self._levels) > _MOST_REMEMBERED:
            self._levels.popitem(last=False)
        return 0.0 if granted else (1 - level) * 60 / self.per_minute


class Exports:
    """Whose files are being made."""

    def __init__(self) -> None:
        self._owners: set[tuple[str, str]] = set()
        self._places = asyncio.Semaphore(MOST_EXPORTS)

    @asynccontextmanager
    async def turn(self, principal: Principal) -> AsyncIterator[None]:
        """Wait for a place, and keep it while the block runs.

        Raises:
            ProblemError: A file of theirs is being made already, or no place becomes free in time.
        """
        owner = principal.kind, principal.name
        if owner in self._owners:
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "another file is being made for you: ask again when it is there",
                kind="one-export-at-a-time",
                headers={"Retry-After": "5"},
            )
        self._owners.add(owner)
        try:
            await self._take_place()
            try:
                yield
            finally:
                self._places.release()
        finally:
            self._owners.discard(owner)

    async def _take_place(self) -> None:
        try:
            await asyncio.wait_for(self._places.acquire(), EXPORT_WAIT_SECONDS)
        except asyncio.TimeoutError:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "files of others are being made: wait a little",
                kind="exports-busy",
                headers={"Retry-After": "10"},
            ) from None


def spend(request: Request, services: Services, name: str) -> None:
    """Count a request.

    Raises:
        ProblemError: There were too many; it says how long to wait.
    """
    buckets: Buckets = request.app.state.buckets
    wait = buckets.take(name)
    if wait > 0:
        raise ProblemError(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"more than {services.settings.rate_limit} requests a minute: wait a little",
            kind="rate-limited",
            headers={"Retry-After": str(math.ceil(wait))},
        )
