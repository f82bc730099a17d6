"""Sessions: one machine on one production day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from atelier_api.paging import Page, PageQuery, Row, fields_of, sparse
from atelier_api.resources.machines.schemas import State
from atelier_api.resources.parameters import DayFrom, DayTo, MachineFilter

EventKind = Literal["piece", "wait", "stop", "start", "job", "other"]


class Session(Row):
    """One machine on one production day."""

    session_id: str = Field(description="Key of the session.", examples=["0cc175b9c0f1b6a831c399e269772661"])
    machine_id: str = Field(description="Code of the machine.", examples=["DEM12"])
    production_date: date = Field(description="The day on which the shift began.", examples=["2025-05-28"])
    first_event_at: datetime = Field(description="First event.", examples=["2025-05-28T07:02:11+02:00"])
    last_event_at: datetime = Field(description="Last event.", examples=["2025-05-28T15:48:00+02:00"])
    first_piece_at: datetime | None = Field(description="First piece; null without one.")
    last_piece_at: datetime | None = Field(description="Last piece; null without one.")
    first_machine_start_at: datetime | None = Field(
        description="First start of the machine; null without one."
    )
    last_machine_stop_at: datetime | None = Field(description="Last stop of the machine; null without one.")
    piece_count: int = Field(description="Pieces finished.", ge=0, examples=[212])
    job_count: int = Field(description="Jobs begun.", ge=0, examples=[41])
    span_seconds: float = Field(description="From the first piece to the last, in seconds.", ge=0)
    productive_seconds: float = Field(description="Seconds of the span neither waiting nor stopped.", ge=0)
    waiting_seconds: float = Field(description="Seconds of the span waiting and not stopped.", ge=0)
    stopped_seconds: float = Field(description="Seconds of the span stopped.", ge=0)
    occupancy_rate: float | None = Field(
        description="Productive ÷ span, 0..1; null without a span.", ge=0, le=1, examples=[0.8146]
    )
    waiting_rate: float | None = Field(description="Waiting ÷ span, 0..1; null without a span.", ge=0, le=1)
    stop_rate: float | None = Field(description="Stopped ÷ span, 0..1; null without a span.", ge=0, le=1)
    rejected_line_count: int = Field(description="Lines of its files that are no events.", ge=0)


class SessionRow(Session):
    """A session in a list."""

    model_config = sparse("session_id")


class SessionPage(Page):
    """Sessions."""

    data: list[SessionRow]


class SessionQuery(PageQuery):
    """Parameters of the list of sessions."""

    machine_id: MachineFilter = None
    production_date_from: DayFrom = None
    production_date_to: DayTo = None
    fields: Annotated[str | None, fields_of(Session)] = None
    sort: Annotated[
        Literal[
            "production_date",
            "-production_date",
            "machine_id",
            "-machine_id",
            "piece_count",
            "-piece_count",
            "occupancy_rate",
            "-occupancy_rate",
            "waiting_rate",
            "-waiting_rate",
            "stop_rate",
            "-stop_rate",
        ],
        Field(description="Order of the rows; - falls."),
    ] = "-production_date"


class Stretch(Row):
    """A stretch of one state; those of a session tile its span."""

    machine_state_id: str = Field(description="Key of the stretch.")
    state_number: int = Field(description="Number in the session, from 1.", ge=1)
    state: State = Field(description="What the machine did.")
    state_label: str = Field(description="The state in the language of the answer.", examples=["Production"])
    started_at: datetime = Field(description="When it began.", examples=["2025-05-28T07:03:55+02:00"])
    ended_at: datetime = Field(description="When it ended.", examples=["2025-05-28T07:10:02+02:00"])
    duration_seconds: float = Field(description="How long, in seconds.", ge=0, examples=[367])


class StretchRow(Stretch):
    """A stretch in a list."""

    model_config = sparse("machine_state_id")


class TimelinePage(Page):
    """The stretches of a session."""

    data: list[StretchRow]


class TimelineQuery(PageQuery):
    """Parameters of a timeline."""

    state: Annotated[State | None, Field(description="Only stretches of this state.")] = None
    fields: Annotated[str | None, fields_of(Stretch)] = None
    sort: Annotated[
        Literal["state_number", "-state_number", "duration_seconds", "-duration_seconds"],
        Field(description="Order of the rows; - falls."),
    ] = "state_number"


class Event(Row):
    """An event that counts in a session, and where it stands in the log."""

    event_id: str = Field(description="Key of the event.")
    session_id: str = Field(description="Its session.")
    machine_id: str = Field(description="Code of the machine.", examples=["DEM12"])
    event_number: int = Field(description="Number in the session, from 1.", ge=1)
    kind: EventKind = Field(description="What happened.")
    kind_label: str = Field(
        description="The kind in the language of the answer.", examples=["Pièce terminée"]
    )
    occurred_at: datetime = Field(description="When, by the machine's clock.")
    file_path: str = Field(
        description="The log file on the FTP server.", examples=["DEM12 (PVC)/20250528.LOG"]
    )
    line_number: int = Field(description="Line in the file, from 1.", ge=1, examples=[132])
    byte_offset: int = Field(description="Bytes of the file before the line.", ge=0, examples=[4711])


class EventRow(Event):
    """An event in a list."""

    model_config = sparse("event_id")


class EventPage(Page):
    """Events of a session."""

    data: list[EventRow]


class EventQuery(PageQuery):
    """Parameters of a session's events."""

    kind: Annotated[EventKind | None, Field(description="Only events of this kind.")] = None
    fields: Annotated[str | None, fields_of(Event)] = None
    sort: Annotated[
        Literal["event_number", "-event_number"], Field(description="Order of the rows; - falls.")
    ] = "event_number"
