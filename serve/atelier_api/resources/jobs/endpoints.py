"""Routes of jobs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from atelier_api.auth.dependencies import Reader
from atelier_api.resources.described import listed
from atelier_api.resources.jobs.repository import JOBS
from atelier_api.resources.jobs.schemas import JobPage, JobQuery
from atelier_api.respond import Answer
from atelier_api.services import ServicesDep

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get("", **listed(JobPage))
async def list_jobs(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[JobQuery, Query()]
) -> Response:
    """Jobs, newest first."""
    return await Answer(request, services, principal).page(JOBS, query)
