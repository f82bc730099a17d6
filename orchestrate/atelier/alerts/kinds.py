"""Alerts that only the sender can know, with their words from the seed of all alerts."""

from __future__ import annotations

import csv
import hashlib
from typing import TYPE_CHECKING, Final

from atelier.alerts import labels
from atelier.alerts.incidents import CRITICAL, Alert

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

SEED: Final = "transform/seeds/alert_kinds.csv"

WAREHOUSE_UNREACHABLE: Final = "warehouse_unreachable"
SCHEDULER_PROBLEM: Final = "scheduler_problem"
#: A row of the mart as a rule; while there is no mart, the sender tells it.
RUN_FAILED: Final = "run_failed"

_SEVERITIES: Final = (CRITICAL, "warning", "info")


def local_alert(root: Path, kind: str, subject: str, since: datetime, details: str) -> tuple[Alert, str]:
    """Return an alert that is no row of the mart.

    Returns:
        The alert, and what is wrong with its words in the seed, if anything: it then has words of the
        program, as whoever is to know must be told all the same.
    """
    try:
        with (root / SEED).open(encoding="utf-8-sig", newline="") as file:
            words = {row["kind"]: row for row in csv.DictReader(file)}[kind]
        severity, title, action = words["severity"], words["title_fr"], words["action_fr"]
        fault = "" if severity in _SEVERITIES and title and action else f"the row of {kind} is not usable"
    except (OSError, UnicodeDecodeError, csv.Error, KeyError):
        fault = f"it has no row for the kind {kind}"
    if fault:
        severity, title, action = CRITICAL, kind, labels.SEED_UNUSABLE.format(SEED)
        fault = f"the seed {SEED} cannot be used ({fault}): put it back; the alert was told without its words"
    alert_id = hashlib.md5(f"{subject}|{kind}".encode(), usedforsecurity=False).hexdigest()
    return Alert(alert_id, kind, severity, None, subject, since, title, action, details), fault
