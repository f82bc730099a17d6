"""Jobs: a bar or profile that a machine began."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from atelier_api.paging import Page, PageQuery, Row, fields_of, sparse
from atelier_api.resources.parameters import DayFrom, DayTo, MachineFilter, digest
from atelier_api.resources.pieces.schemas import OrderNumber


class Job(Row):
    """One bar or profile begun."""

    job_id: str = Field(description="Key of the job.")
    session_id: str = Field(description="Its session.")
    machine_id: str = Field(description="Code of the machine.", examples=["DEM12"])
    production_date: date = Field(description="Day of the session.", examples=["2025-05-28"])
    job_number: int = Field(description="Number in the session, from 1.", ge=1)
    started_at: datetime = Field(description="When it began.", examples=["2025-05-28T07:02:40+02:00"])
    profile_reference: str | None = Field(description="Reference of the profile.", examples=["215023"])
    colour: str | None = Field(description="Colour of the profile.", examples=["7016 G ALU"])
    length_mm: float | None = Field(description="Length of the bar in millimetres.", examples=[3359])
    piece_count: int = Field(description="Pieces from this job to the next.", ge=0)


class JobRow(Job):
    """A job in a list."""

    model_config = sparse("job_id")


class JobPage(Page):
    """Jobs."""

    data: list[JobRow]


class SessionJobQuery(PageQuery):
    """Parameters of a session's jobs."""

    fields: Annotated[str | None, fields_of(Job)] = None
    sort: Annotated[
        Literal["job_number", "-job_number", "piece_count", "-piece_count"],
        Field(description="Order of the rows; - falls."),
    ] = "job_number"


class JobQuery(PageQuery):
    """Parameters of the list of jobs."""

    machine_id: MachineFilter = None
    session_id: Annotated[str | None, digest("Only of this session.")] = None
    order_number: OrderNumber = None
    production_date_from: DayFrom = None
    production_date_to: DayTo = None
    fields: Annotated[str | None, fields_of(Job)] = None
    sort: Annotated[
        Literal["started_at", "-started_at"], Field(description="Order of the rows; - falls.")
    ] = "-started_at"
