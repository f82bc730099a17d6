"""Whether the server works: for those who watch it."""

from __future__ import annotations

from http import HTTPStatus
from ipaddress import ip_address
from typing import Literal

from fastapi import APIRouter, Request, Response
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, Field

from atelier_api.auth.dependencies import principal_of
from atelier_api.errors import ProblemError, responses
from atelier_api.services import ServicesDep

router = APIRouter(tags=["system"])

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Long enough for a warehouse that works, shorter than those who watch will wait.
_READY_SECONDS = 3.0


class Health(BaseModel):
    """The server runs."""

    status: Literal["ok"] = Field(description="Always ok: no answer is the other case.")


@router.get("/health")
async def health() -> Health:
    """Whether the server runs; it asks nothing of the warehouse."""
    return Health(status="ok")


@router.get("/ready", responses={503: responses()[503]})
async def ready(services: ServicesDep) -> Health:
    """Whether the server can answer: the warehouse lets it in and the marts are built."""
    try:
        async with services.database.marts.connection(timeout=_READY_SECONDS) as connection:
            await connection.execute("select 1 from marts.fct_sessions limit 1")
        async with services.database.own.connection(timeout=_READY_SECONDS) as connection:
            await connection.execute("select 1 from serve.users limit 1")
    except (DatabaseError, PoolTimeout) as error:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"the warehouse cannot be read ({type(error).__name__}): check that it runs and that "
            "`meltano run elt` has built the marts",
            kind="not-ready",
            headers={"Retry-After": "5"},
        ) from None
    return Health(status="ok")


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **responses()},
)
async def metrics(request: Request, services: ServicesDep) -> Response:
    """Figures for Prometheus: from this machine, or with an API key that has the scope `metrics`."""
    if not _is_local(request):
        principal = await principal_of(request, services)
        if principal is None:
            raise ProblemError(
                HTTPStatus.UNAUTHORIZED,
                "from another machine the figures need an API key with the scope metrics",
                kind="not-logged-in",
                headers={"WWW-Authenticate": "Bearer"},
            )
        principal.check("metrics")
    return Response(await services.metrics.page(services.database), media_type=_METRICS_TYPE)


def _is_local(request: Request) -> bool:
    """Tell whether a request comes from this machine, and not by a proxy on it."""
    if any(name in request.headers for name in ("x-forwarded-for", "forwarded", "via")):
        return False
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
