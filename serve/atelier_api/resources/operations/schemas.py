"""What is wrong now, and how the runs went."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from atelier_api.paging import Page, PageQuery, Row, fields_of, sparse
from atelier_api.resources.parameters import MachineFilter

AlertKind = Literal[
    "machine_silent",
    "missing_production_day",
    "logs_load_stale",
    "erp_load_stale",
    "rejected_share",
    "unreadable_file",
    "file_not_disposed",
    "clock_jump",
    "run_failed",
    "backup_stale",
    "unknown_status",
    "data_problem",
    "no_shutter_orders",
]
Severity = Literal["critical", "warning", "info"]
Outcome = Literal["running", "succeeded", "failed", "interrupted"]


class Alert(Row):
    """Something that is wrong now."""

    alert_id: str = Field(description="Key; the same as long as it lasts.")
    kind: AlertKind = Field(description="What is wrong.")
    kind_label: str = Field(description="The kind in the language of the answer.")
    severity: Severity = Field(description="How bad it is.")
    severity_label: str = Field(description="The severity in the language of the answer.")
    machine_id: str | None = Field(description="The machine; null when it is about none.", examples=["DEM12"])
    subject: str = Field(description="The machine, day, file, source or job.")
    since: datetime = Field(description="Since when, as far as can be told.")
    title: str = Field(description="What is wrong, in the plant's own words, in French.")
    what_to_do: str = Field(description="What to do about it, in French.")
    details: str | None = Field(description="Its figures, in French; or what the run or server said.")


class AlertRow(Alert):
    """An alert in a list."""

    model_config = sparse("alert_id")


class AlertPage(Page):
    """What is wrong now."""

    data: list[AlertRow]


class AlertQuery(PageQuery):
    """Parameters of the list of alerts."""

    machine_id: MachineFilter = None
    kind: Annotated[AlertKind | None, Field(description="Only of this kind.")] = None
    severity: Annotated[Severity | None, Field(description="Only as bad as this.")] = None
    fields: Annotated[str | None, fields_of(Alert)] = None
    sort: Annotated[Literal["since", "-since"], Field(description="Order of the rows; - falls.")] = "-since"


class Run(Row):
    """A run of the pipeline."""

    run_id: str = Field(description="Key of the run.")
    job: str = Field(description="What was asked for.", examples=["erp-to-marts"])
    schedule: str | None = Field(description="The schedule that started it; null when by hand.")
    due_at: datetime | None = Field(description="When the schedule wanted it; null when by hand.")
    started_at: datetime = Field(description="When it began.")
    ended_at: datetime | None = Field(description="When it ended; null while it runs.")
    duration_seconds: float | None = Field(description="Seconds that it took; null while it runs.")
    outcome: Outcome = Field(description="How it went.")
    outcome_label: str = Field(description="The outcome in the language of the answer.")
    message: str | None = Field(description="What failed, where, what to do; null when all is well.")
    rows_loaded: int | None = Field(description="Rows written in raw; null where nothing was loaded.")
    bytes_read: int | None = Field(description="Bytes of log files read; null where none were to be.")
    lines_rejected: int | None = Field(description="Lines of log files rejected; null likewise.")


class RunRow(Run):
    """A run in a list."""

    model_config = sparse("run_id")


class RunPage(Page):
    """Runs of the pipeline."""

    data: list[RunRow]


class RunQuery(PageQuery):
    """Parameters of the list of runs."""

    job: Annotated[str | None, Field(description="Only of this job.", min_length=1, max_length=200)] = None
    outcome: Annotated[Outcome | None, Field(description="Only those that went so.")] = None
    fields: Annotated[str | None, fields_of(Run)] = None
    sort: Annotated[
        Literal["started_at", "-started_at"], Field(description="Order of the rows; - falls.")
    ] = "-started_at"
