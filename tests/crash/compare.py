"""A plant that nothing disturbs, to compare with: the same sources, loaded once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reliability.conftest import assert_same

from crash import traces

if TYPE_CHECKING:
    from pipeline.plant import Plant

    from crash.sources import Sources

SCHEMAS = ("raw_ftplogs", "raw_erp", "intermediate", "marts")

#: Of each table of the ERP the newest load: how many rows there were on both sides.
NEWEST_LOADS = """
    select distinct on (table_name) table_name, source_row_count, raw_row_count, withheld_row_count
    from marts.fct_erp_table_loads where is_loaded order by table_name, loaded_at desc
"""


class Twin:
    """Loads the sources of a plant into an empty warehouse of its own, whenever it is asked."""

    def __init__(self, plant: Plant) -> None:
        """Make its database."""
        self.plant = plant
        #: How long the last undisturbed run took from nothing; 0 while there was none.
        self.seconds = 0.0
        self._twin = plant.twin(f"{plant.variables['POSTGRES_DB']}_twin")

    def timed_run(self, job: str = "elt") -> float:
        """Run a job undisturbed; return how many seconds it took."""
        begun = time.monotonic()
        self._twin.run_well(job)
        return time.monotonic() - begun

    def assert_equal(self, plant: Plant | None = None) -> int:
        """Load everything once, undisturbed, and hold the plant's tables against it, row by row.

        Args:
            plant: The plant, where it is not reached as at first.

        Returns:
            How many rows were compared.
        """
        self._twin.drop_warehouse()
        self.seconds = self.timed_run()
        quiet = _contents(self._twin)
        assert_same(_contents(plant or self.plant), quiet)
        return sum(len(rows) for rows in quiet.values())


def _contents(plant: Plant) -> dict[str, list[str]]:
    return {**plant.lasting(*SCHEMAS), "newest loads": [str(row) for row in plant.query(NEWEST_LOADS)]}


def assert_nothing_happened(plant: Plant, sources: Sources, twin: Twin) -> int:
    """Let the sources come to their end and one run be in peace: it is as if nothing had happened.

    Returns:
        How many rows were compared.
    """
    sources.grow()
    sources.finish()
    plant.run_well("elt")
    traces.assert_nothing_left(plant)
    sources.assert_remembered()
    return twin.assert_equal()
