"""What requests share: settings, pools and keys, made once when the server starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

if TYPE_CHECKING:
    from atelier_api.auth.principals import Principals
    from atelier_api.database import Database
    from atelier_api.freshness import Version
    from atelier_api.limits import Exports
    from atelier_api.metrics import Metrics
    from atelier_api.paging import Cursors
    from atelier_api.settings import Settings


@dataclass(frozen=True)
class Services:
    """All of it."""

    settings: Settings
    database: Database
    cursors: Cursors
    version: Version
    principals: Principals
    metrics: Metrics
    exports: Exports


async def services_of(request: Request) -> Services:
    """Return the services of the application that got a request."""
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(services_of)]
