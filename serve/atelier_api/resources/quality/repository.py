"""Where freshness, files and problems are read."""

from __future__ import annotations

from atelier_api.listing import Listing
from atelier_api.resources.quality.schemas import DataProblem, Freshness, LogFile, QualityDay, SourceProblem

FRESHNESS = Listing(
    row=Freshness,
    source="marts.fct_source_freshness",
    key=("source",),
    labels={"source_label": ("source", "source")},
)

FILES = Listing(
    row=LogFile,
    source="marts.fct_log_files",
    key=("log_file_id",),
    conditions={
        "session_id": "session_id = %(session_id)s",
        "machine_id": "machine_id = %(machine_id)s",
        "production_date_from": "production_date >= %(production_date_from)s",
        "production_date_to": "production_date <= %(production_date_to)s",
        "is_current": "is_current = %(is_current)s",
        "is_complete": "is_complete = %(is_complete)s",
        "has_rejected_lines": "(rejected_count > 0) = %(has_rejected_lines)s",
    },
)

SOURCE_PROBLEMS = Listing(
    row=SourceProblem,
    source="marts.fct_source_problems",
    key=("problem_id",),
    conditions={"machine_id": "machine_id = %(machine_id)s", "is_open": "is_open = %(is_open)s"},
    labels={"kind_label": ("problem_kind", "kind")},
)

DATA_PROBLEMS = Listing(
    row=DataProblem,
    source="marts.fct_data_problems",
    key=("data_problem_id",),
    conditions={
        "table_name": "table_name = %(table_name)s",
        "column_name": "column_name = %(column_name)s",
        "reason": "reason = %(reason)s",
    },
    labels={"reason_label": ("data_problem_reason", "reason")},
)

# By session: it has the day, and only the files that count.
_DAYS = """
(
    select
        sessions.machine_id,
        sessions.production_date,
        count(*) as file_count,
        count(*) filter (where not files.is_complete) as incomplete_file_count,
        sum(files.line_count)::bigint as line_count,
        sum(files.event_count)::bigint as event_count,
        sum(files.rejected_count)::bigint as rejected_line_count,
        sum(files.blank_count)::bigint as blank_count,
        (sum(files.rejected_count) / nullif(sum(files.line_count), 0))::numeric(18, 12) as rejected_line_rate
    from marts.fct_log_files as files
    inner join marts.fct_sessions as sessions on files.session_id = sessions.session_id
    group by sessions.machine_id, sessions.production_date
) as quality_days
"""

QUALITY_DAYS = Listing(
    row=QualityDay,
    source=_DAYS,
    key=("production_date", "machine_id"),
    conditions={
        "machine_id": "machine_id = %(machine_id)s",
        "production_date_from": "production_date >= %(production_date_from)s",
        "production_date_to": "production_date <= %(production_date_to)s",
    },
)
