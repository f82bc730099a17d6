"""Two runs at once: one waits for the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.plant import Plant

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def plant(new_plant: Callable[..., Plant]) -> Plant:
    return new_plant("two_at_once", evening=True)


@pytest.fixture(scope="module")
def undisturbed(plant: Plant) -> dict[str, list[str]]:
    """What the marts hold after a run that nothing disturbed."""
    plant.run_well("elt")
    return plant.lasting("marts")


def test_two_runs_at_once_do_not_meet(plant: Plant, undisturbed: dict[str, list[str]]) -> None:
    first, second = plant.start("ftplogs"), plant.start("transform")
    # Both are read at once: a run whose output nobody takes stands still, and the other waits for it.
    with ThreadPoolExecutor(2) as readers:
        outputs = list(readers.map(lambda process: process.communicate(timeout=280)[0], (first, second)))
    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert sum("waiting for it to end" in output for output in outputs) == 1
    assert plant.lasting("marts") == undisturbed
