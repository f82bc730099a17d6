"""The words of alerts that only the sender knows: from the seed, and whatever is wrong with it."""

from __future__ import annotations

import shutil
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from atelier.alerts.incidents import CRITICAL
from atelier.alerts.kinds import SEED, WAREHOUSE_UNREACHABLE, local_alert
from atelier.connections import project_root
from atelier.seeds.definitions import DESCRIPTION
from atelier.seeds.folder import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

MOMENT = datetime(2026, 11, 5, 9, 0, tzinfo=timezone.utc)
SAID = "it is down"


def test_the_words_come_from_the_seed() -> None:
    alert, fault = local_alert(project_root(), WAREHOUSE_UNREACHABLE, "db:5432", MOMENT, SAID)
    assert (alert.title, alert.details, fault) == ("Entrepôt de données injoignable", SAID, "")


@pytest.mark.parametrize(
    ("find", "write", "says"),
    [
        ("kind,severity", "kind,gravity", "it has no row for the kind"),
        ("warehouse_unreachable,critical", "warehouse_unreachable,grave", "is not usable"),
        ("warehouse_unreachable", "warehouse", "it has no row for the kind"),
    ],
    ids=["column", "severity", "row"],
)
def test_a_seed_that_is_spoilt_keeps_nobody_from_being_told(
    tmp_path: Path, find: str, write: str, says: str
) -> None:
    seed = (project_root() / SEED).read_text(encoding="utf-8")
    assert find in seed
    shutil.copytree(project_root() / FOLDER, tmp_path / FOLDER)
    (tmp_path / DESCRIPTION).parent.mkdir()
    shutil.copy(project_root() / DESCRIPTION, tmp_path / DESCRIPTION)
    (tmp_path / SEED).write_text(seed.replace(find, write), encoding="utf-8")
    alert, fault = local_alert(tmp_path, WAREHOUSE_UNREACHABLE, "db:5432", MOMENT, SAID)
    assert (alert.severity, alert.title, alert.details) == (CRITICAL, WAREHOUSE_UNREACHABLE, SAID)
    assert SEED in alert.what_to_do
    assert says in fault
    # It is the same alert: when the seed is mended it is not told anew.
    assert alert.alert_id == local_alert(project_root(), alert.kind, "db:5432", MOMENT, "")[0].alert_id


def test_a_seed_that_is_gone_does_neither(tmp_path: Path) -> None:
    alert, fault = local_alert(tmp_path, WAREHOUSE_UNREACHABLE, "db:5432", MOMENT, SAID)
    assert (alert.details, fault.startswith(f"the seed {SEED} cannot be used")) == (SAID, True)
