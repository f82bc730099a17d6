"""Routes of pieces."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from atelier_api.auth.dependencies import Reader
from atelier_api.resources.described import listed
from atelier_api.resources.pieces.repository import PIECES
from atelier_api.resources.pieces.schemas import PiecePage, PieceQuery
from atelier_api.respond import Answer
from atelier_api.services import ServicesDep

router = APIRouter(prefix="/pieces", tags=["pieces"])


@router.get("", **listed(PiecePage))
async def list_pieces(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[PieceQuery, Query()]
) -> Response:
    """Pieces, newest first."""
    return await Answer(request, services, principal).page(PIECES, query)
