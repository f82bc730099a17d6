"""Routes of stops and waits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from atelier_api.auth.dependencies import Reader
from atelier_api.resources.described import listed
from atelier_api.resources.losses.repository import LOSSES, LOST_STRETCHES
from atelier_api.resources.losses.schemas import LossPage, LossQuery, LostStretchPage, LostStretchQuery
from atelier_api.respond import Answer
from atelier_api.services import ServicesDep

router = APIRouter(prefix="/losses", tags=["losses"])


@router.get("", **listed(LossPage))
async def list_losses(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[LossQuery, Query()]
) -> Response:
    """What machines lost by waiting and by stopping, ranked."""
    return await Answer(request, services, principal).page(LOSSES, query)


@router.get("/stretches", **listed(LostStretchPage))
async def list_lost_stretches(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[LostStretchQuery, Query()]
) -> Response:
    """Stops and waits one by one, the longest first."""
    return await Answer(request, services, principal).page(LOST_STRETCHES, query)
