"""Key figures of a machine, or of all machines together, by day and by week."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from atelier_api.paging import Page, PageQuery, Row, fields_of, sparse
from atelier_api.resources.parameters import Day, DayFrom, DayTo, day, machine

#: Stands for all machines together, in a parameter and in a row.
ALL = "all"


class Kpis(Row):
    """Sums, and rates made from the sums."""

    machine_id: str = Field(description="Code of the machine, or `all`.", examples=["DEM12"])
    piece_count: int = Field(description="Pieces finished.", ge=0)
    job_count: int = Field(description="Jobs begun.", ge=0)
    stop_count: int = Field(description="Stops within the span.", ge=0)
    wait_count: int = Field(description="Waits within the span.", ge=0)
    rejected_line_count: int = Field(description="Lines that are no events.", ge=0)
    span_seconds: float = Field(description="From the first piece to the last, in seconds.", ge=0)
    productive_seconds: float = Field(description="Seconds neither waiting nor stopped.", ge=0)
    waiting_seconds: float = Field(description="Seconds waiting and not stopped.", ge=0)
    stopped_seconds: float = Field(description="Seconds stopped.", ge=0)
    occupancy_rate: float | None = Field(
        description="Productive ÷ span, 0..1; null without a span.", ge=0, le=1, examples=[0.8146]
    )
    waiting_rate: float | None = Field(description="Waiting ÷ span, 0..1.", ge=0, le=1)
    stop_rate: float | None = Field(description="Stopped ÷ span, 0..1.", ge=0, le=1)
    pieces_per_productive_hour: float | None = Field(
        description="Pieces ÷ productive hours; null without one.", ge=0, examples=[38.4]
    )


class DayKpis(Kpis):
    """The figures of a production day."""

    production_date: date = Field(description="The production day.", examples=["2025-05-28"])
    machine_count: int = Field(description="Machines that worked.", ge=1)


class DayKpisRow(DayKpis):
    """The figures of a day in a list."""

    model_config = sparse("production_date", "machine_id")


class DayKpisPage(Page):
    """Figures by day."""

    data: list[DayKpisRow]


class WeekKpis(Kpis):
    """The figures of an ISO week."""

    week_starts_on: date = Field(description="Its Monday.", examples=["2025-05-26"])
    iso_week: str = Field(description="The week.", examples=["2025-W22"])
    day_count: int = Field(description="Production days, each machine counted.", ge=1)
    machine_count: int = Field(description="Machines that worked.", ge=1)


class WeekKpisRow(WeekKpis):
    """The figures of a week in a list."""

    model_config = sparse("week_starts_on", "machine_id")


class WeekKpisPage(Page):
    """Figures by week."""

    data: list[WeekKpisRow]


KpiMachine = Annotated[
    str | None, machine(f"Only this machine; `{ALL}`: one row for all together. Else one row per machine.")
]


class DayKpisQuery(PageQuery):
    """Parameters of the figures by day."""

    machine_id: KpiMachine = None
    production_date_from: DayFrom = None
    production_date_to: DayTo = None
    fields: Annotated[str | None, fields_of(DayKpis)] = None
    sort: Annotated[
        Literal[
            "production_date",
            "-production_date",
            "occupancy_rate",
            "-occupancy_rate",
            "piece_count",
            "-piece_count",
        ],
        Field(description="Order of the rows; - falls."),
    ] = "-production_date"


class WeekKpisQuery(PageQuery):
    """Parameters of the figures by week."""

    machine_id: KpiMachine = None
    iso_week: Annotated[
        str | None,
        Field(
            pattern=r"^\d{4}-W\d{2}$", max_length=8, description="Only this ISO week.", examples=["2025-W22"]
        ),
    ] = None
    week_from: Annotated[Day | None, day("Weeks that begin on this day or later.")] = None
    week_to: Annotated[Day | None, day("Weeks that begin on this day or before.")] = None
    fields: Annotated[str | None, fields_of(WeekKpis)] = None
    sort: Annotated[
        Literal[
            "week_starts_on",
            "-week_starts_on",
            "occupancy_rate",
            "-occupancy_rate",
            "piece_count",
            "-piece_count",
        ],
        Field(description="Order of the rows; - falls."),
    ] = "-week_starts_on"
