"""Alerts that only the sender can know, with their words from the seed of all alerts."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atelier.alerts import labels
from atelier.alerts.incidents import CRITICAL, Alert
from atelier.errors import AtelierError
from atelier.seeds import reading
from atelier.seeds.folder import FOLDER

if TYPE_CHECKING:
    from datetime import datetime

SEED: Final = f"{FOLDER}/alert_kinds.csv"

WAREHOUSE_UNREACHABLE: Final = "warehouse_unreachable"
SCHEDULER_PROBLEM: Final = "scheduler_problem"
#: A row of the mart as a rule; while there is no mart, the sender tells it.
RUN_FAILED: Final = "run_failed"


def local_alert(root: Path, kind: str, subject: str, since: datetime, details: str) -> tuple[Alert, str]:
    """Return an alert that is no row of the mart.

    Returns:
        The alert, and what is wrong with its words in the seed, if anything: it then has words of the
        program, as whoever is to know must be told all the same.
    """
    try:
        words = {row["kind"]: row for row in reading.read(root, Path(SEED).stem).entries()}[kind]
        severity, title, action = words["severity"], words["title_fr"], words["action_fr"]
        fault = "" if severity and title and action else f"the row of {kind} is not usable"
    except (AtelierError, KeyError):
        fault = f"it has no row for the kind {kind}"
    if fault:
        severity, title, action = CRITICAL, kind, labels.SEED_UNUSABLE.format(SEED)
        fault = f"the seed {SEED} cannot be used ({fault}): put it back; the alert was told without its words"
    alert_id = hashlib.md5(f"{subject}|{kind}".encode(), usedforsecurity=False).hexdigest()
    return Alert(alert_id, kind, severity, None, subject, since, title, action, details), fault
