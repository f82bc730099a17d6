"""Run by Airflow's own Python: says what Airflow has understood of a folder of DAGs, and runs one of them."""

from __future__ import annotations

import json
import sys
from datetime import timezone

import pendulum  # type: ignore[import-not-found]
from airflow.dag_processing.dagbag import DagBag  # type: ignore[import-not-found]
from airflow.serialization.serialized_objects import DagSerialization  # type: ignore[import-not-found]
from airflow.timetables.base import TimeRestriction  # type: ignore[import-not-found]


def next_times(dag: object, moments: list[str]) -> list[str]:
    """Return the first time after each moment, in UTC, as Airflow's scheduler counts it."""
    # The scheduler sees what was written of a DAG, never the file itself.
    timetable = DagSerialization.from_dict(DagSerialization.to_dict(dag)).timetable
    found = []
    for moment in moments:
        earliest = pendulum.parse(moment)
        restriction = TimeRestriction(earliest=earliest, latest=None, catchup=True)
        info = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
        found.append(info.run_after.astimezone(timezone.utc).isoformat())
    return found


def main() -> None:
    """Write JSON to the file that is named: errors, and for each DAG its times after the moments given."""
    folder, output, started, *moments = sys.argv[1:]
    bag = DagBag(dag_folder=folder)
    facts = {"errors": bag.import_errors, "dags": {}}
    for dag in bag.dags.values():
        facts["dags"][dag.dag_id] = {
            "times": next_times(dag, moments),
            "catchup": dag.catchup,
            "at_once": dag.max_active_runs,
        }
    if started:
        dag = bag.dags[started]
        for task in dag.tasks:
            # Or a run that fails would be waited for, minutes later.
            task.retries = 0
        facts["state"] = str(dag.test().state)
    with open(output, "w", encoding="utf-8") as file:  # noqa: PTH123 # Airflow's Python may be any
        json.dump(facts, file)


if __name__ == "__main__":
    main()
