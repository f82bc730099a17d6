"""Sources that never stand still: machines that write on, people who write, change and delete orders."""

from __future__ import annotations

import random
from contextlib import closing
from typing import TYPE_CHECKING

from atelier_demo.factory.erp_operations import add_order, change_status, delete_order
from pipeline.conftest import erp_connection
from reliability.growing import GrowingLogs

if TYPE_CHECKING:
    from pipeline.plant import Plant

#: What an order of ours goes through, in the ERP's words.
LIFE = ("Planifiée", "lancer en prod", "vitrage", "En production", "Terminée")

FIRST_NUMBER = 900_001


class Sources:
    """The logs and the ERP of a plant, growing from a seed step by step.

    `lives` has, of every order that was added, each status that it ever had, oldest first.
    """

    def __init__(self, plant: Plant, seed: int, steps: int) -> None:
        """Begin with a third of the logs.

        Args:
            plant: Its logs are those of the last evening, all of them.
            seed: The same seed, the same steps.
            steps: After so many the logs are complete; the ERP goes on.
        """
        self.plant = plant
        self.lives: dict[str, list[str]] = {}
        self._dice = random.Random(seed)  # noqa: S311 # to be repeated, not to be secret
        self._logs = GrowingLogs(plant.logs)
        self._steps = max(steps, 1)
        self._step = 0
        self._alive: dict[str, int] = {}
        self._write_logs()

    def grow(self) -> None:
        """Let machines and office go on a little."""
        self._step += 1
        self._write_logs()
        with closing(erp_connection(self.plant)) as connection:
            for _ in range(2):
                number = FIRST_NUMBER + len(self.lives)
                order = add_order(connection, number=number, status=LIFE[0], event_number="VR1")
                self.lives[order] = [LIFE[0]]
                self._alive[order] = 0
            for order in self._dice.sample(sorted(self._alive), min(3, len(self._alive))):
                place = self._alive[order] + 1
                if place < len(LIFE):
                    change_status(connection, order, LIFE[place])
                    self.lives[order].append(LIFE[place])
                    self._alive[order] = place
                else:
                    delete_order(connection, order)
                    del self._alive[order]

    def finish(self) -> None:
        """Let the machines come to the end of their day."""
        self._step = self._steps
        self._write_logs()

    def assert_remembered(self) -> None:
        """Hold the history of the orders against their lives: what a run saw it saw in order."""
        rows = self.plant.query(
            "select order_id, array_agg(status order by status_number), bool_or(is_current) "
            "from marts.fct_order_status_history group by 1"
        )
        history = {order: (statuses, is_current) for order, statuses, is_current in rows}
        for order in self._alive:
            assert order in history, order
        for order, life in self.lives.items():
            statuses, is_current = history.get(order, ([], False))
            rest = iter(life)
            assert all(status in rest for status in statuses), (order, statuses, life)
            assert is_current == (order in self._alive), order
            assert not is_current or statuses[-1] == life[-1], (order, statuses, life)
        overlaps = self.plant.query(
            "select order_id from (select order_id, dbt_valid_from, dbt_valid_to, lead(dbt_valid_from) over "
            "(partition by order_id order by dbt_valid_from) as next_from from snapshots.order_history) h "
            "where dbt_valid_to <= dbt_valid_from or dbt_valid_to > next_from "
            "or (dbt_valid_to is null and next_from is not null)"
        )
        assert overlaps == []

    def _write_logs(self) -> None:
        parts = 3 * self._steps
        self._logs.write(min(self._steps + 2 * self._step, parts), parts)
