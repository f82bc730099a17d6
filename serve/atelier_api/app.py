"""The application: routes, pages and what lies around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from atelier_api import errors, openapi
from atelier_api.limits import Buckets
from atelier_api.middleware import VERSION_PATH, Edge
from atelier_api.pages import access, handbook, missing
from atelier_api.pages import auth as browser_auth
from atelier_api.pages import router as dashboard
from atelier_api.pages.assets import Assets
from atelier_api.resources.admin import endpoints as admin
from atelier_api.resources.auth import endpoints as auth
from atelier_api.resources.explain import endpoints as explain
from atelier_api.resources.jobs import endpoints as jobs
from atelier_api.resources.kpis import endpoints as kpis
from atelier_api.resources.losses import endpoints as losses
from atelier_api.resources.machines import endpoints as machines
from atelier_api.resources.operations import endpoints as operations
from atelier_api.resources.orders import endpoints as orders
from atelier_api.resources.parameters import once
from atelier_api.resources.pieces import endpoints as pieces
from atelier_api.resources.quality import endpoints as quality
from atelier_api.resources.sessions import endpoints as sessions
from atelier_api.resources.system import endpoints as system

if TYPE_CHECKING:
    from atelier_api.services import Services

#: A new key figure is a mart, a folder here and a line in this list.
RESOURCES = (
    machines,
    sessions,
    pieces,
    jobs,
    orders,
    kpis,
    losses,
    explain,
    quality,
    operations,
    auth,
    admin,
)

#: A page of a list shrinks to a tenth; shorter answers are not worth the time.
_SMALLEST_GZIP = 1024


def routes() -> FastAPI:
    """Return an application that has the routes and nothing to work with: enough to describe the API."""
    app = FastAPI(
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    version_1 = APIRouter(prefix=VERSION_PATH, dependencies=[Depends(once)])
    for resource in RESOURCES:
        version_1.include_router(resource.router)
    app.include_router(version_1)
    app.include_router(system.router)
    app.include_router(browser_auth.router, dependencies=[Depends(once)])
    app.include_router(dashboard.router, dependencies=[Depends(once)])
    app.include_router(handbook.router)
    app.mount("/static", Assets(), name="static")
    openapi.install(app)
    return app


def create_app(services: Services) -> FastAPI:
    """Return the application that works with these services."""
    app = routes()
    app.state.services = services
    app.state.buckets = Buckets(services.settings.rate_limit)
    errors.install(app)
    access.install(app)
    missing.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=_SMALLEST_GZIP, compresslevel=5)
    if services.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=services.settings.cors_origins,
            allow_methods=["GET"],
            allow_headers=["Authorization", "If-None-Match", "X-Request-ID"],
            expose_headers=["ETag", "X-Request-ID", "Retry-After"],
        )
    settings = services.settings
    app.add_middleware(Edge, https=settings.is_https, expects_proxy=bool(settings.trusted_proxies))
    return app
