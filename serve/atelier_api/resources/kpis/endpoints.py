"""Routes of key figures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from atelier_api.auth.dependencies import Reader
from atelier_api.resources.described import listed
from atelier_api.resources.kpis.repository import DAYS, DAYS_TOGETHER, WEEKS, WEEKS_TOGETHER
from atelier_api.resources.kpis.schemas import ALL, DayKpisPage, DayKpisQuery, WeekKpisPage, WeekKpisQuery
from atelier_api.respond import Answer
from atelier_api.services import ServicesDep

router = APIRouter(prefix="/kpis", tags=["kpis"])


@router.get("/days", **listed(DayKpisPage))
async def list_days(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[DayKpisQuery, Query()]
) -> Response:
    """Key figures by machine and production day."""
    listing = DAYS_TOGETHER if query.machine_id == ALL else DAYS
    return await Answer(request, services, principal).page(listing, query)


@router.get("/weeks", **listed(WeekKpisPage))
async def list_weeks(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[WeekKpisQuery, Query()]
) -> Response:
    """Key figures by machine and ISO week."""
    listing = WEEKS_TOGETHER if query.machine_id == ALL else WEEKS
    return await Answer(request, services, principal).page(listing, query)
