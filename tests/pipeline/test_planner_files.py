"""The planner's files in whole runs: as French Excel saves them, and with a mistake."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from pipeline.plant import MELTANO, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.plant import Plant

pytestmark = [pytest.mark.integration, pytest.mark.slow]  # three whole runs and some that are refused

SEEDS = "transform/seeds"
#: All that a run may change.
DATA = ("raw_ftplogs", "raw_erp", "intermediate", "marts", "seeds", "snapshots")


@pytest.fixture(scope="module")
def plant(new_plant: Callable[..., Plant]) -> Plant:
    plant = new_plant("planner", evening=True)
    plant.run_well("elt")
    return plant


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The project, with planner's files of its own."""
    unneeded = shutil.ignore_patterns("target", "__pycache__")
    for name in ("extract", "load", "orchestrate", "transform"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=unneeded)
    shutil.copy(ROOT / "meltano.yml", tmp_path)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    return tmp_path


def french(content: str) -> bytes:
    """Return a CSV file as French Excel saves it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    for row in csv.reader(io.StringIO(content)):
        cells = [{"true": "VRAI", "false": "FAUX"}.get(cell, cell) for cell in row]
        cells = [re.sub(r"^(\d{4})-(\d\d)-(\d\d)$", r"\3/\2/\1", cell) for cell in cells]
        writer.writerow([*(re.sub(r"^(\d+)\.(\d+)$", r"\1,\2", cell) for cell in cells), ""])
    return (out.getvalue() + ";;;\r\n").encode("cp1252")


def test_a_run_with_files_of_french_excel_changes_nothing(plant: Plant, root: Path) -> None:
    before = plant.contents("seeds", "marts")
    for path in (root / SEEDS).glob("*.csv"):
        path.write_bytes(french(path.read_text("utf-8")))
    saved = {path: path.read_bytes() for path in (root / SEEDS).glob("*.csv")}
    plant.run_well("transform", MELTANO_PROJECT_ROOT=str(root))
    assert plant.contents("seeds", "marts") == before
    assert {path: path.read_bytes() for path in saved} == saved


def test_a_mistake_ends_every_job_that_builds_before_anything_is_changed(plant: Plant, root: Path) -> None:
    statuses = root / SEEDS / "order_statuses.csv"
    statuses.write_bytes(french(statuses.read_text("utf-8").replace("vitrage,true", "vitrage,peut-être")))
    closures = root / SEEDS / "plant_closures.csv"
    closures.write_text(closures.read_text("utf-8") + "2028-12-31,2028-12-30,Pont\n", "utf-8")
    (plant.logs / "DEM12 (PVC)" / "20991231.LOG").write_bytes(b"20991231 07:00:00|@StukUitgevoerd: 1\n")
    before = plant.contents(*DATA)
    for job in ("elt", "transform", "erp-to-marts", "ftplogs-to-marts", "retention"):
        status, output = plant.run(job, MELTANO_PROJECT_ROOT=str(root))
        last = output.splitlines()[-1]
        assert status == 1
        assert "order_statuses.csv, ligne 4, colonne is_open : « peut-être » n'est pas permis" in last
        assert "plant_closures.csv, ligne 35, colonne last_day : « 2028-12-30 » vient avant" in last
    done = subprocess.run(
        [str(MELTANO), "--environment=test", "invoke", "dbt:build"],
        cwd=root,
        env=plant.environment(MELTANO_PROJECT_ROOT=str(root)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "ligne 4, colonne is_open : « peut-être »" in done.stdout + done.stderr
    assert plant.contents(*DATA) == before
