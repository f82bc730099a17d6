"""Why a figure is what it is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from atelier_api.resources.parameters import Day, day, machine
from atelier_api.resources.quality.schemas import LogFile
from atelier_api.resources.sessions.schemas import Event, Session, Stretch

#: States and events of an explanation at most; the rest is at the addresses that it names.
MOST_EVIDENCE = 1000

KpiName = Literal[
    "occupancy_rate",
    "waiting_rate",
    "stop_rate",
    "pieces_per_productive_hour",
    "span_seconds",
    "productive_seconds",
    "waiting_seconds",
    "stopped_seconds",
    "piece_count",
    "job_count",
    "stop_count",
    "wait_count",
]
Unit = Literal["rate", "seconds", "count", "per_hour"]


class ExplainQuery(BaseModel):
    """Which figure: of which machine and day."""

    model_config = ConfigDict(extra="forbid")

    machine_id: Annotated[str, machine("The machine.")]
    production_date: Annotated[Day, day("The production day.")]


class Input(BaseModel):
    """A value that a figure is made from."""

    name: str = Field(description="Name of the value.", examples=["productive_seconds"])
    label: str = Field(description="Its name in the language of the answer.")
    unit: Unit = Field(description="What it is measured in.")
    value: float = Field(description="The value.")


class Explanation(BaseModel):
    """A figure, how it is made, and all that it is made from, down to the lines of the log."""

    kpi: KpiName = Field(description="The figure.")
    label: str = Field(description="Its name in the language of the answer.")
    unit: Unit = Field(description="What it is measured in.")
    value: float | None = Field(description="The figure as the marts have it; null where it has no sense.")
    formula: str = Field(description="How it is made, in the language of the answer.")
    inputs: list[Input] = Field(description="What it is made from.")
    computed_value: float | None = Field(description="The figure made anew from the inputs: the same.")
    session: Session = Field(description="The session of that machine and day.")
    states: list[Stretch] = Field(description="The stretches that count for it.", max_length=MOST_EVIDENCE)
    events: list[Event] = Field(
        description="The events that count for it, each with file, line and byte.", max_length=MOST_EVIDENCE
    )
    is_all: bool = Field(description="Whether all states and events that count are here.")
    states_url: str = Field(description="Where all stretches of the session are.")
    events_url: str = Field(description="Where all events of the session are.")
    files: list[LogFile] = Field(description="The log files of the session.")
