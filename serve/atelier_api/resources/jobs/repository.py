"""Where jobs are read."""

from __future__ import annotations

from atelier_api.listing import Listing
from atelier_api.resources.jobs.schemas import Job

JOBS = Listing(
    row=Job,
    source=(
        "marts.fct_jobs as jobs inner join marts.fct_sessions as sessions "
        "on jobs.session_id = sessions.session_id"
    ),
    key=("job_id",),
    expressions={name: f"jobs.{name}" for name in ("session_id", "machine_id", "piece_count")}
    | {"production_date": "sessions.production_date"},
    conditions={
        "machine_id": "jobs.machine_id = %(machine_id)s",
        "session_id": "jobs.session_id = %(session_id)s",
        "order_number": (
            "jobs.job_id in (select job_id from marts.fct_pieces where order_number = %(order_number)s)"
        ),
        "production_date_from": "sessions.production_date >= %(production_date_from)s",
        "production_date_to": "sessions.production_date <= %(production_date_to)s",
    },
)
