"""Stops and waits."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from atelier_api.paging import Page, PageQuery, Row, fields_of, sparse
from atelier_api.resources.parameters import DayFrom, DayTo, MachineFilter

LostState = Literal["waiting", "stopped"]

_Lost = Annotated[LostState | None, Field(description="Only waits, or only stops.")]


class Loss(Row):
    """What a machine lost in one state."""

    machine_id: str = Field(description="Code of the machine.", examples=["DEM12"])
    state: LostState = Field(description="Waiting or stopped.")
    state_label: str = Field(description="The state in the language of the answer.", examples=["Arrêt"])
    count: int = Field(description="How many stretches.", ge=1)
    duration_seconds: float = Field(description="How long together, in seconds.", ge=0)
    longest_seconds: float = Field(description="The longest, in seconds.", ge=0)
    longest_at: datetime = Field(description="When the longest began.")
    longest_session_id: str = Field(description="Session of the longest.")
    loss_rate: float | None = Field(
        description="Part of the machine's span in those days, 0..1.", ge=0, le=1, examples=[0.08]
    )


class LossRow(Loss):
    """A loss in a list."""

    model_config = sparse("machine_id", "state")


class LossPage(Page):
    """Losses by machine and state."""

    data: list[LossRow]


class LossQuery(PageQuery):
    """Parameters of the losses."""

    machine_id: MachineFilter = None
    state: _Lost = None
    production_date_from: DayFrom = None
    production_date_to: DayTo = None
    fields: Annotated[str | None, fields_of(Loss)] = None
    sort: Annotated[
        Literal[
            "duration_seconds", "-duration_seconds", "count", "-count", "longest_seconds", "-longest_seconds"
        ],
        Field(description="Order of the rows; - falls."),
    ] = "-duration_seconds"


class LostStretch(Row):
    """One stop or wait."""

    machine_state_id: str = Field(description="Key of the stretch.")
    session_id: str = Field(description="Its session.")
    machine_id: str = Field(description="Code of the machine.", examples=["DEM12"])
    production_date: date = Field(description="Day of the session.", examples=["2025-05-28"])
    state: LostState = Field(description="Waiting or stopped.")
    state_label: str = Field(description="The state in the language of the answer.", examples=["Arrêt"])
    started_at: datetime = Field(description="When it began.")
    ended_at: datetime = Field(description="When it ended.")
    duration_seconds: float = Field(description="How long, in seconds.", ge=0)


class LostStretchRow(LostStretch):
    """A stop or wait in a list."""

    model_config = sparse("machine_state_id")


class LostStretchPage(Page):
    """Stops and waits, one by one."""

    data: list[LostStretchRow]


class LostStretchQuery(PageQuery):
    """Parameters of the list of stops and waits."""

    machine_id: MachineFilter = None
    state: _Lost = None
    production_date_from: DayFrom = None
    production_date_to: DayTo = None
    fields: Annotated[str | None, fields_of(LostStretch)] = None
    sort: Annotated[
        Literal["duration_seconds", "-duration_seconds", "started_at", "-started_at"],
        Field(description="Order of the rows; - falls."),
    ] = "-duration_seconds"
