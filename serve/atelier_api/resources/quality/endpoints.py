"""Routes of the quality of the data."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from atelier_api.auth.dependencies import Reader
from atelier_api.resources.described import listed
from atelier_api.resources.quality.repository import (
    DATA_PROBLEMS,
    FILES,
    FRESHNESS,
    QUALITY_DAYS,
    SOURCE_PROBLEMS,
)
from atelier_api.resources.quality.schemas import (
    DataProblemPage,
    DataProblemQuery,
    FreshnessPage,
    FreshnessQuery,
    LogFilePage,
    LogFileQuery,
    QualityDayPage,
    QualityDayQuery,
    SourceProblemPage,
    SourceProblemQuery,
)
from atelier_api.respond import Answer
from atelier_api.services import ServicesDep

router = APIRouter(tags=["quality"])


@router.get("/freshness", **listed(FreshnessPage))
async def list_freshness(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[FreshnessQuery, Query()]
) -> Response:
    """Until when each source is complete."""
    return await Answer(request, services, principal).page(FRESHNESS, query)


@router.get("/files", **listed(LogFilePage))
async def list_files(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[LogFileQuery, Query()]
) -> Response:
    """Versions of log files, those read last on top."""
    return await Answer(request, services, principal).page(FILES, query)


@router.get("/source-problems", **listed(SourceProblemPage))
async def list_source_problems(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[SourceProblemQuery, Query()]
) -> Response:
    """What could not be read, archived or deleted on the FTP server."""
    return await Answer(request, services, principal).page(SOURCE_PROBLEMS, query)


@router.get("/data-problems", **listed(DataProblemPage))
async def list_data_problems(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[DataProblemQuery, Query()]
) -> Response:
    """Values that cannot be used, by row and column."""
    return await Answer(request, services, principal).page(DATA_PROBLEMS, query)


@router.get("/quality/days", **listed(QualityDayPage))
async def list_quality_days(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[QualityDayQuery, Query()]
) -> Response:
    """Files and rejected lines by machine and production day."""
    return await Answer(request, services, principal).page(QUALITY_DAYS, query)
