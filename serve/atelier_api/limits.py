"""How many requests somebody may make, and how large they may be."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from atelier_api.errors import ProblemError

if TYPE_CHECKING:
    from fastapi import Request

    from atelier_api.services import Services

#: The longest body that any route takes, in bytes: a form or a small JSON.
LARGEST_BODY: Final = 64 * 1024

#: Address and headers of a request together, in bytes: several times what a browser sends.
LARGEST_HEAD: Final = 32 * 1024

_MOST_REMEMBERED: Final = 50_000


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
