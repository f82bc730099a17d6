"""Pieces."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from atelier_api.paging import Page, PageQuery, Row, fields_of, sparse
from atelier_api.resources.parameters import DayFrom, DayTo, MachineFilter, digest

#: What PostgreSQL's bigint holds.
_LARGEST = 2**63 - 1


class Piece(Row):
    """One piece finished."""

    piece_id: str = Field(description="Key of the piece.")
    session_id: str = Field(description="Its session.")
    machine_id: str = Field(description="Code of the machine.", examples=["DEM12"])
    production_date: date = Field(description="Day of the session.", examples=["2025-05-28"])
    piece_number: int = Field(description="Number in the session, from 1.", ge=1)
    produced_at: datetime = Field(description="When it was finished.", examples=["2025-05-28T07:03:55+02:00"])
    job_id: str | None = Field(description="The last job before it; null before the first.")
    order_number: int | None = Field(description="Order number in its details, if any.", examples=[230001])
    extension: str | None = Field(description="Extension in its details, if any.", examples=["A"])
    details: str = Field(description="What the machine wrote.", examples=["230001/A pos 2"])
    cycle_seconds: float | None = Field(
        description="Seconds since the piece before, without waiting and stops; null for the first.", ge=0
    )


class PieceRow(Piece):
    """A piece in a list."""

    model_config = sparse("piece_id")


class PiecePage(Page):
    """Pieces."""

    data: list[PieceRow]


OrderNumber = Annotated[
    int | None, Field(ge=0, le=_LARGEST, description="Only of this order.", examples=[230001])
]


class SessionPieceQuery(PageQuery):
    """Parameters of a session's pieces."""

    order_number: OrderNumber = None
    fields: Annotated[str | None, fields_of(Piece)] = None
    sort: Annotated[
        Literal["piece_number", "-piece_number", "cycle_seconds", "-cycle_seconds"],
        Field(description="Order of the rows; - falls."),
    ] = "piece_number"


class PieceQuery(PageQuery):
    """Parameters of the list of pieces."""

    machine_id: MachineFilter = None
    session_id: Annotated[str | None, digest("Only of this session.")] = None
    order_number: OrderNumber = None
    production_date_from: DayFrom = None
    production_date_to: DayTo = None
    fields: Annotated[str | None, fields_of(Piece)] = None
    sort: Annotated[
        Literal["produced_at", "-produced_at"], Field(description="Order of the rows; - falls.")
    ] = "-produced_at"
