"""Routes of machines."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from atelier_api.auth.dependencies import Reader
from atelier_api.errors import responses
from atelier_api.resources.described import listed, single
from atelier_api.resources.machines.repository import MACHINE_STATUS, MACHINES
from atelier_api.resources.machines.schemas import (
    Machine,
    MachinePage,
    MachineQuery,
    MachineStatusPage,
    MachineStatusQuery,
)
from atelier_api.resources.parameters import MachineId
from atelier_api.respond import Answer
from atelier_api.services import ServicesDep

router = APIRouter(prefix="/machines", tags=["machines"])


@router.get("", **listed(MachinePage))
async def list_machines(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[MachineQuery, Query()]
) -> Response:
    """All machining centres."""
    return await Answer(request, services, principal).page(MACHINES, query)


@router.get("/status", **listed(MachineStatusPage, cached=False))
async def list_machine_status(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[MachineStatusQuery, Query()]
) -> Response:
    """What each machine does now: state, pieces and rates of its newest day, how long its log is silent."""
    return await Answer(request, services, principal).page(MACHINE_STATUS, query, cached=False)


@router.get("/{machine_id}", **single(Machine, responses(404)))
async def get_machine(
    request: Request, services: ServicesDep, principal: Reader, machine_id: MachineId
) -> Response:
    """One machining centre."""
    return await Answer(request, services, principal).single(
        MACHINES, "no machine has this code", machine_id=machine_id
    )
