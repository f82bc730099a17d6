"""How fresh and how whole the data are."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from atelier_api.paging import Page, PageQuery, Row, fields_of, sparse
from atelier_api.resources.parameters import DayFrom, DayTo, MachineFilter

ProblemKind = Literal[
    "file_unreadable", "folder_unreadable", "listing_unreadable", "archive_failed", "delete_failed"
]


class Freshness(Row):
    """How fresh the data of one source are."""

    source: Literal["ftplogs", "erp"] = Field(description="The source.")
    source_label: str = Field(description="Its name in the language of the answer.", examples=["ERP"])
    loaded_at: datetime | None = Field(description="End of the last successful load; null before the first.")
    complete_until: datetime | None = Field(
        description="Complete until: logs, the newest event of any machine; ERP, the moment it was read."
    )


class FreshnessRow(Freshness):
    """How fresh a source is, in a list."""

    model_config = sparse("source")


class FreshnessPage(Page):
    """How fresh the sources are."""

    data: list[FreshnessRow]


class FreshnessQuery(PageQuery):
    """Parameters of the list of sources."""

    fields: Annotated[str | None, fields_of(Freshness)] = None
    sort: Annotated[Literal["source", "-source"], Field(description="Order of the rows; - falls.")] = "source"


class LogFile(Row):
    """One version of a log file."""

    log_file_id: str = Field(description="Key of the version.")
    machine_id: str = Field(description="Code of the machine.", examples=["DEM12"])
    path: str = Field(description="The file on the FTP server.", examples=["DEM12 (PVC)/20250528.LOG"])
    session_id: str | None = Field(description="The session that it counts in; null when in none.")
    production_date: date | None = Field(description="Date of its first event; null without one.")
    size_bytes: int | None = Field(description="Size in bytes.", ge=0)
    modified_at: datetime | None = Field(description="When it was changed, as the server says.")
    read_at: datetime = Field(description="When it was read last.")
    line_count: int = Field(description="Lines read.", ge=0)
    event_count: int = Field(description="Lines that are events.", ge=0)
    rejected_count: int = Field(description="Lines that are neither events nor blank.", ge=0)
    blank_count: int = Field(description="Blank lines.", ge=0)
    first_event_at: datetime | None = Field(description="First event; null without one.")
    last_event_at: datetime | None = Field(description="Last event; null without one.")
    is_complete: bool = Field(description="Whether all of it is loaded; false while it grows.")
    is_current: bool = Field(
        description="Whether its lines count: not replaced by a later version of its path."
    )
    read_problem: str | None = Field(description="Why it could not be read; null when it could.")


class LogFileRow(LogFile):
    """A version of a file in a list."""

    model_config = sparse("log_file_id")


class LogFilePage(Page):
    """Versions of log files."""

    data: list[LogFileRow]


class LogFileQuery(PageQuery):
    """Parameters of the list of files."""

    machine_id: MachineFilter = None
    production_date_from: DayFrom = None
    production_date_to: DayTo = None
    is_current: Annotated[
        bool | None, Field(description="Only versions whose lines count, or only others.")
    ] = None
    is_complete: Annotated[bool | None, Field(description="Only those loaded to the end, or not.")] = None
    has_rejected_lines: Annotated[bool | None, Field(description="Only with such lines, or without.")] = None
    fields: Annotated[str | None, fields_of(LogFile)] = None
    sort: Annotated[
        Literal[
            "read_at",
            "-read_at",
            "path",
            "-path",
            "size_bytes",
            "-size_bytes",
            "rejected_count",
            "-rejected_count",
            "production_date",
            "-production_date",
        ],
        Field(description="Order of the rows; - falls."),
    ] = "-read_at"


class SourceProblem(Row):
    """Something on the FTP server that could not be read, archived or deleted."""

    problem_id: str = Field(description="Key of the problem.")
    machine_id: str | None = Field(description="Machine of the folder; null at the root.", examples=["DEM12"])
    kind: ProblemKind = Field(description="What failed.")
    kind_label: str = Field(description="The kind in the language of the answer.")
    path: str = Field(description="The file or folder.")
    reason: str | None = Field(description="What the server said.")
    first_seen_at: datetime = Field(description="When a run first met it.")
    resolved_at: datetime | None = Field(description="When a run first did not; null while it lasts.")
    is_open: bool = Field(description="Whether it lasts.")


class SourceProblemRow(SourceProblem):
    """A problem in a list."""

    model_config = sparse("problem_id")


class SourceProblemPage(Page):
    """Problems of the FTP server."""

    data: list[SourceProblemRow]


class SourceProblemQuery(PageQuery):
    """Parameters of the list of problems."""

    machine_id: MachineFilter = None
    is_open: Annotated[bool | None, Field(description="Only those that last, or that are over.")] = None
    fields: Annotated[str | None, fields_of(SourceProblem)] = None
    sort: Annotated[
        Literal["first_seen_at", "-first_seen_at"], Field(description="Order of the rows; - falls.")
    ] = "-first_seen_at"


DataProblemReason = Literal[
    "unreadable_number",
    "unreadable_date",
    "missing_value",
    "unknown_order",
    "ambiguous_order",
    "repeated_key",
]


class DataProblem(Row):
    """A value of the ERP or the logs that cannot be used; never the value itself."""

    data_problem_id: str = Field(description="Key of the problem.")
    table_name: str = Field(description="Table of the ERP, or `log_events`.", examples=["p_zubeh"])
    order_id: str | None = Field(description="The order of the row, or what the row has in its place.")
    row_key: str | None = Field(description="What names the row in its table.", examples=["1/Z/1"])
    column_name: str = Field(description="Column of that table.", examples=["stueck"])
    reason: DataProblemReason = Field(description="What is wrong with it.")
    reason_label: str = Field(description="The reason in the language of the answer.")


class DataProblemRow(DataProblem):
    """A value in a list."""

    model_config = sparse("data_problem_id")


class DataProblemPage(Page):
    """Values that cannot be used."""

    data: list[DataProblemRow]


class DataProblemQuery(PageQuery):
    """Parameters of the list of values."""

    table_name: Annotated[
        str | None,
        Field(min_length=1, max_length=64, pattern=r"^\w+$", description="Only of this table."),
    ] = None
    column_name: Annotated[
        str | None,
        Field(min_length=1, max_length=64, pattern=r"^\w+$", description="Only of this column."),
    ] = None
    reason: Annotated[DataProblemReason | None, Field(description="Only for this reason.")] = None
    fields: Annotated[str | None, fields_of(DataProblem)] = None
    sort: Annotated[
        Literal["table_name", "-table_name", "order_id", "-order_id"],
        Field(description="Order of the rows; - falls."),
    ] = "table_name"


class QualityDay(Row):
    """How whole the data of a machine and day are."""

    machine_id: str = Field(description="Code of the machine.", examples=["DEM12"])
    production_date: date = Field(description="The production day.", examples=["2025-05-28"])
    file_count: int = Field(description="Files that count.", ge=1)
    incomplete_file_count: int = Field(description="Those of them not loaded to the end.", ge=0)
    line_count: int = Field(description="Their lines.", ge=0)
    event_count: int = Field(description="Lines that are events.", ge=0)
    rejected_line_count: int = Field(description="Lines that are neither events nor blank.", ge=0)
    blank_count: int = Field(description="Blank lines.", ge=0)
    rejected_line_rate: float | None = Field(description="Rejected ÷ lines, 0..1.", ge=0, le=1)


class QualityDayRow(QualityDay):
    """A day in a list."""

    model_config = sparse("production_date", "machine_id")


class QualityDayPage(Page):
    """How whole the data are, by machine and day."""

    data: list[QualityDayRow]


class QualityDayQuery(PageQuery):
    """Parameters of the list of days."""

    machine_id: MachineFilter = None
    production_date_from: DayFrom = None
    production_date_to: DayTo = None
    fields: Annotated[str | None, fields_of(QualityDay)] = None
    sort: Annotated[
        Literal["production_date", "-production_date", "rejected_line_count", "-rejected_line_count"],
        Field(description="Order of the rows; - falls."),
    ] = "-production_date"
