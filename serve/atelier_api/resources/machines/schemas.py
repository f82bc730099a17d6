"""Machines."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from atelier_api.paging import Page, PageQuery, Row, fields_of, sparse

State = Literal["productive", "waiting", "stopped"]


class Machine(Row):
    """A machining centre."""

    machine_id: str = Field(description="Code of the machine.", examples=["DEM12"])
    machine_name: str = Field(description="Name in French.", examples=["Centre d'usinage PVC"])
    material: str | None = Field(description="What it cuts; null when nobody says.", examples=["PVC"])
    folder: str = Field(description="Its folder on the FTP server.", examples=["DEM12 (PVC)"])
    first_production_date: date | None = Field(description="Day of its first session; null without one.")
    last_production_date: date | None = Field(description="Day of its last session; null without one.")


class MachineRow(Machine):
    """A machining centre in a list."""

    model_config = sparse("machine_id")


class MachinePage(Page):
    """Machines."""

    data: list[MachineRow]


class MachineQuery(PageQuery):
    """Parameters of the list of machines."""

    fields: Annotated[str | None, fields_of(Machine)] = None
    sort: Annotated[
        Literal[
            "machine_id",
            "-machine_id",
            "machine_name",
            "-machine_name",
            "last_production_date",
            "-last_production_date",
        ],
        Field(description="Order of the rows; - falls."),
    ] = "machine_id"


class MachineStatus(Row):
    """What a machine does now, as far as its log says."""

    machine_id: str = Field(description="Code of the machine.", examples=["DEM12"])
    machine_name: str = Field(description="Name in French.")
    material: str | None = Field(description="What it cuts; null when nobody says.")
    session_id: str | None = Field(description="Its newest session; null when it has none.")
    production_date: date | None = Field(description="Day of that session: the newest production day.")
    state: State | None = Field(
        description="What its newest piece, wait, stop or start says; null when it wrote none of them."
    )
    state_label: str | None = Field(
        description="The state in the language of the answer.", examples=["Attente"]
    )
    state_since: datetime | None = Field(description="Since when, as far as the log says.")
    piece_count: int = Field(description="Pieces of that day.", ge=0)
    occupancy_rate: float | None = Field(description="Productive ÷ span of that day, 0..1.", ge=0, le=1)
    waiting_rate: float | None = Field(description="Waiting ÷ span of that day, 0..1.", ge=0, le=1)
    stop_rate: float | None = Field(description="Stopped ÷ span of that day, 0..1.", ge=0, le=1)
    rejected_line_count: int = Field(description="Lines of that day that are no events.", ge=0)
    last_line_at: datetime | None = Field(description="Time of the newest event of its log.")
    silent_seconds: float | None = Field(description="Seconds since then; 0 when its clock is ahead.", ge=0)


class MachineStatusRow(MachineStatus):
    """What a machine does now, in a list."""

    model_config = sparse("machine_id")


class MachineStatusPage(Page):
    """What the machines do now."""

    data: list[MachineStatusRow]


class MachineStatusQuery(PageQuery):
    """Parameters of the list of what machines do."""

    fields: Annotated[str | None, fields_of(MachineStatus)] = None
    sort: Annotated[
        Literal[
            "machine_id",
            "-machine_id",
            "silent_seconds",
            "-silent_seconds",
            "occupancy_rate",
            "-occupancy_rate",
        ],
        Field(description="Order of the rows; - falls."),
    ] = "machine_id"
