"""Alerts that only the sender can know, with their words from the seed of all alerts."""

from __future__ import annotations

import csv
import hashlib
from typing import TYPE_CHECKING, Final

from atelier.alerts.incidents import CRITICAL, Alert
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

SEED: Final = "transform/seeds/alert_kinds.csv"

WAREHOUSE_UNREACHABLE: Final = "warehouse_unreachable"
SCHEDULER_PROBLEM: Final = "scheduler_problem"
#: A row of the mart as a rule; while there is no mart, the sender tells it.
RUN_FAILED: Final = "run_failed"

_SEVERITIES: Final = (CRITICAL, "warning", "info")


def local_alert(root: Path, kind: str, subject: str, since: datetime, details: str) -> Alert:
    """Return an alert that is no row of the mart.

    Raises:
        AtelierError: The seed cannot be read, or does not have the kind.
    """
    try:
        with (root / SEED).open(encoding="utf-8-sig", newline="") as file:
            words = {row["kind"]: row for row in csv.DictReader(file)}[kind]
        severity, title, action = words["severity"], words["title_fr"], words["action_fr"]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError):
        raise AtelierError(f"the seed {SEED} has no row for the kind {kind}: put it back") from None
    if severity not in _SEVERITIES:
        raise AtelierError(
            f"the seed {SEED} gives {kind} the severity {severity!r}: write {', '.join(_SEVERITIES)}"
        )
    alert_id = hashlib.md5(f"{subject}|{kind}".encode(), usedforsecurity=False).hexdigest()
    return Alert(alert_id, kind, severity, None, subject, since, title, action, details)
