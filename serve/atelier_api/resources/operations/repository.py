"""Where alerts and runs are read."""

from __future__ import annotations

from atelier_api.listing import Listing
from atelier_api.resources.operations.schemas import Alert, Run

ALERTS = Listing(
    row=Alert,
    source="marts.fct_alerts",
    key=("alert_id",),
    conditions={
        "machine_id": "machine_id = %(machine_id)s",
        "kind": "kind = %(kind)s",
        "severity": "severity = %(severity)s",
    },
    labels={"kind_label": ("alert_kind", "kind"), "severity_label": ("severity", "severity")},
)

RUNS = Listing(
    row=Run,
    source="marts.fct_runs",
    key=("run_id",),
    conditions={"job": "job = %(job)s", "outcome": "outcome = %(outcome)s"},
    labels={"outcome_label": ("outcome", "outcome")},
)
