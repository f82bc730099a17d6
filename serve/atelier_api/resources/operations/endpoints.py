"""Routes of alerts and runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from atelier_api.auth.dependencies import Reader
from atelier_api.resources.described import listed
from atelier_api.resources.operations.repository import ALERTS, RUNS
from atelier_api.resources.operations.schemas import AlertPage, AlertQuery, RunPage, RunQuery
from atelier_api.respond import Answer
from atelier_api.services import ServicesDep

router = APIRouter(tags=["operations"])

# Neither is cached: an alert comes by the clock alone, and a run is recorded where no mart changes.


@router.get("/alerts", **listed(AlertPage))
async def list_alerts(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[AlertQuery, Query()]
) -> Response:
    """What is wrong now."""
    return await Answer(request, services, principal).page(ALERTS, query, cached=False)


@router.get("/runs", **listed(RunPage))
async def list_runs(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[RunQuery, Query()]
) -> Response:
    """Runs of the pipeline, the last ones on top."""
    return await Answer(request, services, principal).page(RUNS, query, cached=False)
