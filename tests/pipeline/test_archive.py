"""Files that leave the server after the load leave no gap in the marts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.plant import Plant

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def plant(new_plant: Callable[..., Plant]) -> Plant:
    return new_plant("archive", evening=True)


def logs(plant: Plant) -> dict[str, bytes]:
    """Return the log files that are on the server, archived ones included."""
    return {
        str(path.relative_to(plant.logs)): path.read_bytes()
        for path in plant.logs.rglob("*")
        if path.is_file() and path.suffix.lower() == ".log"
    }


@pytest.mark.slow  # a minute or so of whole runs
def test_the_marts_are_the_same_when_the_files_are_archived(plant: Plant) -> None:
    plant.run_well("elt")
    before, marts = logs(plant), plant.contents("marts")
    plant.run_well("ftplogs", FTP_AFTER_LOAD="archive")
    plant.run_well("ftplogs-to-marts", FTP_AFTER_LOAD="archive")
    after = logs(plant)
    # Nothing but the newest file of each machine is still there, and nothing is lost.
    assert sorted(after.values()) == sorted(before.values())
    still_there = {path for path in after if not path.startswith("archive/")}
    machines = {path.partition("/")[0] for path in before}
    assert {path.partition("/")[0] for path in still_there} == machines
    assert len(still_there) == len(machines)
    assert plant.contents("marts") == marts
    plant.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test")
    assert plant.contents("marts") == marts
