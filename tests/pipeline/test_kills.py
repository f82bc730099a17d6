"""A run may be killed at any point; run again, the result is as if nothing had happened."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pipeline.plant import kill_when

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.plant import Plant

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

#: Where the run is killed: a text of its log that says that this part is at work.
MOMENTS = {
    "extract": "tap-ftplogs",
    "load": "rows inserted",
    "transform": "1 of ",
    "snapshot": "OK snapshotted",
}


@pytest.fixture(scope="module")
def plant(new_plant: Callable[..., Plant]) -> Plant:
    return new_plant("kills", evening=True)


def marts(plant: Plant) -> dict[str, list[str]]:
    """What the marts hold, but for the times of runs: that first saw a status, that read a file last."""
    return {
        **plant.contents("marts"),
        "marts.fct_log_files": [
            str(row)
            for row in plant.query(
                "select log_file_id, machine_id, path, session_id, production_date, size_bytes, modified_at, "
                "line_count, event_count, rejected_count, blank_count, first_event_at, last_event_at, "
                "is_complete, is_current, read_problem from marts.fct_log_files order by 1"
            )
        ],
        "marts.fct_order_status_history": [
            str(row)
            for row in plant.query(
                "select order_id, status_number, status, status_to, is_start_known "
                "from marts.fct_order_status_history order by 1, 2"
            )
        ],
    }


@pytest.fixture(scope="module")
def undisturbed(plant: Plant) -> dict[str, list[str]]:
    """What the marts hold after a run that nothing disturbed."""
    plant.run_well("elt")
    return marts(plant)


@pytest.mark.parametrize(
    ("moment", "after_seconds", "whole_group"),
    [
        # One moment of each step always, the others where there is time: each is two whole runs.
        pytest.param("extract", 0.1, True, marks=pytest.mark.slow),
        ("extract", 0.6, False),
        ("load", 0.0, False),
        pytest.param("transform", 1.0, True, marks=pytest.mark.slow),
        ("transform", 4.0, False),
        pytest.param("snapshot", 0.0, True, marks=pytest.mark.slow),
    ],
)
def test_a_killed_run_leaves_no_trace(
    plant: Plant,
    undisturbed: dict[str, list[str]],
    moment: str,
    after_seconds: float,
    *,
    whole_group: bool,
) -> None:
    plant.drop_warehouse()
    kill_when(plant.start("elt"), MOMENTS[moment], after_seconds, whole_group=whole_group)
    plant.run_well("elt")
    assert marts(plant) == undisturbed


def test_two_runs_at_once_do_not_meet(plant: Plant, undisturbed: dict[str, list[str]]) -> None:
    first, second = plant.start("ftplogs"), plant.start("transform")
    # Both are read at once: a run whose output nobody takes stands still, and the other waits for it.
    with ThreadPoolExecutor(2) as readers:
        outputs = list(readers.map(lambda process: process.communicate(timeout=280)[0], (first, second)))
    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert sum("waiting for it to end" in output for output in outputs) == 1
    assert marts(plant) == undisturbed
