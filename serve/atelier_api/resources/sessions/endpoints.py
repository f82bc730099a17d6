"""Routes of sessions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from atelier_api.auth.dependencies import Reader
from atelier_api.errors import responses
from atelier_api.listing import Listing
from atelier_api.paging import PageQuery
from atelier_api.resources.described import listed, single
from atelier_api.resources.jobs.repository import JOBS
from atelier_api.resources.jobs.schemas import JobPage, SessionJobQuery
from atelier_api.resources.parameters import SessionId
from atelier_api.resources.pieces.repository import PIECES
from atelier_api.resources.pieces.schemas import PiecePage, SessionPieceQuery
from atelier_api.resources.sessions.repository import EVENTS, SESSIONS, TIMELINE
from atelier_api.resources.sessions.schemas import (
    EventPage,
    EventQuery,
    Session,
    SessionPage,
    SessionQuery,
    TimelinePage,
    TimelineQuery,
)
from atelier_api.respond import Answer
from atelier_api.services import ServicesDep

router = APIRouter(prefix="/sessions", tags=["sessions"])

_MISSING = "no session has this key"


@router.get("", **listed(SessionPage))
async def list_sessions(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[SessionQuery, Query()]
) -> Response:
    """Sessions, newest first."""
    return await Answer(request, services, principal).page(SESSIONS, query)


@router.get("/{session_id}", **single(Session, responses(404)))
async def get_session(
    request: Request, services: ServicesDep, principal: Reader, session_id: SessionId
) -> Response:
    """One session."""
    return await Answer(request, services, principal).single(SESSIONS, _MISSING, session_id=session_id)


async def _within(answer: Answer, listing: Listing, query: PageQuery, session_id: str) -> Response:
    """Answer with rows of a session; one that is not there has none, and that is an error."""
    await answer.one(SESSIONS, _MISSING, session_id=session_id)
    return await answer.page(listing, query, session_id=session_id)


@router.get("/{session_id}/timeline", **listed(TimelinePage, errors=(404,)))
async def list_timeline(
    request: Request,
    services: ServicesDep,
    principal: Reader,
    session_id: SessionId,
    query: Annotated[TimelineQuery, Query()],
) -> Response:
    """What the machine did from the first piece to the last: stretches without gap or overlap."""
    return await _within(Answer(request, services, principal), TIMELINE, query, session_id)


@router.get("/{session_id}/pieces", **listed(PiecePage, errors=(404,)))
async def list_session_pieces(
    request: Request,
    services: ServicesDep,
    principal: Reader,
    session_id: SessionId,
    query: Annotated[SessionPieceQuery, Query()],
) -> Response:
    """The pieces of a session."""
    return await _within(Answer(request, services, principal), PIECES, query, session_id)


@router.get("/{session_id}/jobs", **listed(JobPage, errors=(404,)))
async def list_session_jobs(
    request: Request,
    services: ServicesDep,
    principal: Reader,
    session_id: SessionId,
    query: Annotated[SessionJobQuery, Query()],
) -> Response:
    """The jobs of a session."""
    return await _within(Answer(request, services, principal), JOBS, query, session_id)


@router.get("/{session_id}/events", **listed(EventPage, errors=(404,)))
async def list_session_events(
    request: Request,
    services: ServicesDep,
    principal: Reader,
    session_id: SessionId,
    query: Annotated[EventQuery, Query()],
) -> Response:
    """The events of a session, each with the file, line and byte where it stands in the log."""
    return await _within(Answer(request, services, principal), EVENTS, query, session_id)
