"""Airflow starts Atelier's runs: one DAG for each of Meltano's schedules, read from Meltano's own files.

Copy or link this file into Airflow's folder of DAGs, on a machine on which Atelier is installed. It asks
Airflow's environment for two variables: ATELIER_ROOT, where Atelier is (/opt/atelier), and PLANT_TIMEZONE
(Europe/Paris). Written for Airflow 3 with its standard provider.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pendulum
import yaml
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

ROOT = Path(os.environ.get("ATELIER_ROOT") or "/opt/atelier")
ZONE = pendulum.timezone(os.environ.get("PLANT_TIMEZONE") or "Europe/Paris")
BY_HAND = {"@once", "@manual", "@none"}


def schedules() -> list[dict[str, str]]:
    """Return Meltano's schedules: `name`, `job` and `interval`."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    files = [project]
    for pattern in project.get("include_paths") or []:
        files += [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(ROOT.glob(pattern))]
    return [schedule for file in files for schedule in file.get("schedules") or []]


for schedule in schedules():
    if schedule["interval"] not in BY_HAND:
        with DAG(
            dag_id=f"atelier-{schedule['name']}",
            description=f"Atelier's job {schedule['job']}",
            schedule=schedule["interval"],
            start_date=pendulum.datetime(2026, 1, 1, tz=ZONE),
            # Each run loads whatever is new: what was missed is caught up by the next one.
            catchup=False,
            max_active_runs=1,
            tags=["atelier"],
        ) as dag:
            BashOperator(
                task_id="run",
                # Runs wait for each other by themselves, whoever starts them.
                bash_command=f'.venv/bin/atelier schedules run --environment=prod "{schedule["name"]}"',
                cwd=str(ROOT),
                append_env=True,
                # A run may be repeated at any time.
                retries=1,
                retry_delay=timedelta(minutes=5),
                execution_timeout=timedelta(hours=6),
            )
        globals()[dag.dag_id] = dag
