"""Two hundred random days: the oracle and the marts agree on each, at once and after late files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from oracle.compare import assert_marts_equal

from pipeline.random_days import write_random_days

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.plant import Plant

# A part of these days runs with every test, in test_main_job.
pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

DAYS = 200
LORD_HOWE = "Australia/Lord_Howe"


def test_the_oracle_agrees_with_the_marts_on_random_days(new_plant: Callable[..., Plant]) -> None:
    plant = new_plant("random_days", evening=True)
    late = write_random_days(plant.logs, seed=20250528, days=DAYS)
    # Clocks that are put back by half an hour, which is no change in Paris.
    late |= write_random_days(plant.logs, seed=7, days=20, zone=LORD_HOWE)
    plant.run_well("elt")
    assert_marts_equal(plant)
    for path, content in late.items():
        path.write_bytes(content)
    plant.run_well("ftplogs-to-marts")
    assert_marts_equal(plant)
    lasting = plant.lasting("intermediate", "marts")
    plant.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test")
    assert plant.lasting("intermediate", "marts") == lasting
    # Another time zone is another input: each session is computed again, and all of them agree.
    elsewhere = plant.reached_by(PLANT_TIMEZONE=LORD_HOWE)
    elsewhere.run_well("transform")
    assert_marts_equal(elsewhere)
