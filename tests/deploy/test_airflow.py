"""Airflow itself reads the DAGs, finds the same times, and starts a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from atelier.connections import Warehouse
from atelier.schedules.read import read, trigger
from atelier.warehouse import connect

from deploy.programs import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]

AIRFLOW = ("apache-airflow==3.3.2", "apache-airflow-providers-standard==1.21.0")
UTC = timezone.utc

#: A year by samples, none of them in an hour that the clocks leave out or repeat.
MOMENTS = [datetime(2026, 1, 1, 12, 7, tzinfo=UTC) + timedelta(days=11 * number) for number in range(33)]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory, servers: dict[str, str]) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("airflow")
    uv = str(ROOT / ".local" / "bin" / "uv")
    python = folder / "venv" / "bin" / "python"
    for command in (
        [uv, "venv", "--quiet", f"--python={sys.executable}", str(folder / "venv")],
        [uv, "pip", "install", "--quiet", f"--python={python}", *AIRFLOW],
    ):
        done = subprocess.run(
            command, env={**os.environ, "UV_SYSTEM_CERTS": "1"}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"Airflow cannot be installed here: {done.stderr[-500:]}")
    dags = folder / "dags"
    dags.mkdir()
    (dags / "atelier_dag.py").symlink_to(ROOT / "deploy" / "airflow" / "atelier_dag.py")
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        **servers,
        "ATELIER_ROOT": str(ROOT),
        "ATELIER_STATE_DIR": str(folder / "state"),
        "ATELIER_LOG_DIR": str(folder / "logs"),
        "MELTANO_SYS_DIR_ROOT": str(folder / "meltano"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "dbt-logs"),
        "AIRFLOW_HOME": str(folder / "home"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
    }
    output = folder / "facts.json"
    moments = [moment.isoformat() for moment in MOMENTS]
    script = str(ROOT / "tests" / "deploy" / "airflow_facts.py")
    for command in (
        [str(folder / "venv" / "bin" / "airflow"), "db", "migrate"],
        [str(python), script, str(dags), str(output), "atelier-erp-morning", *moments],
    ):
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found: dict[str, Any] = json.loads(output.read_text())
    return found


def test_there_is_a_dag_for_each_schedule(facts: dict[str, Any]) -> None:
    assert facts["errors"] == {}
    assert set(facts["dags"]) == {f"atelier-{schedule.name}" for schedule in read(ROOT)}
    assert {(dag["catchup"], dag["at_once"]) for dag in facts["dags"].values()} == {(False, 1)}


def test_times_are_the_same(facts: dict[str, Any]) -> None:
    for schedule in read(ROOT):
        ours = [trigger(schedule, "Europe/Paris").get_next_fire_time(None, moment) for moment in MOMENTS]
        theirs = [datetime.fromisoformat(time) for time in facts["dags"][f"atelier-{schedule.name}"]["times"]]
        assert theirs == ours, schedule.name


def test_a_dag_has_started_the_run_of_its_schedule(facts: dict[str, Any], servers: dict[str, str]) -> None:
    """What became of it depends on what other tests left in the warehouse; whose run it was does not."""
    assert facts["state"] in {"success", "failed"}
    with closing(connect(Warehouse.of(servers))) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select job, due_at is not null from ops.runs where schedule = 'erp-morning' "
            "order by started_at desc"
        )
        assert cursor.fetchone() == ("erp-to-marts", True)
