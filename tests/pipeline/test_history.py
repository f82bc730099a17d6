"""What the ERP overwrites and deletes is remembered: the statuses of its orders, run by run."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from atelier_demo.factory.erp_operations import (
    add_note,
    add_order,
    change_status,
    delete_order,
    some_order_id,
)
from oracle.compare import erp_rows
from oracle.erp import expected_plannings
from oracle.history import Sight, expected_lead_times, expected_status_history

from pipeline.conftest import erp_connection
from pipeline.plant import DATA_SCHEMAS, WITHOUT_DATA_TESTS, Plant, kill_when

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymysql.connections import Connection

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

#: All that the history may know.
REMEMBERED = {
    *("order_id", "order_number", "extension", "order_type", "status", "status_form"),
    *("is_planned", "planned_local_time"),
    *("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to"),
}

PLANT = ZoneInfo("Europe/Paris")
LONG_AGO = datetime(2025, 5, 28, 12)  # noqa: DTZ001 - a wall clock


class Followed:
    """A plant whose orders are followed: what each run saw in its ERP."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.sights: list[Sight] = []

    def run(self, *, killed: bool = False) -> None:
        """Run the ERP's part of the pipeline; it may be killed when it has seen the orders, and run again."""
        rows = erp_rows(self.plant)
        if killed:
            kill_when(
                self.plant.start("erp-to-marts", DBT_RESOURCE_TYPES=WITHOUT_DATA_TESTS),
                "OK snapshotted",
                0.0,
                whole_group=True,
            )
            seen_until = self.now()
        self.plant.load("erp-to-marts")
        instants = self.plant.query(
            "select dbt_valid_from from snapshots.order_history union "
            "select dbt_valid_to from snapshots.order_history where dbt_valid_to is not null"
        )
        new = sorted({row[0] for row in instants} - {sight.seen_at for sight in self.sights})
        # Whatever a run saw for the first time has one and the same time.
        assert len(new) == 1
        if killed:
            assert new[0] <= seen_until
        statuses = {row["id"]: row["aufstatus"] for row in rows["a_kopf"]}
        plannings = expected_plannings(rows, self.plant.variables["PLANT_TIMEZONE"])
        self.sights.append(Sight(new[0], statuses, plannings))

    def now(self) -> datetime:
        """The warehouse's time."""
        moment = self.plant.query("select now()")[0][0]
        assert isinstance(moment, datetime)
        return moment

    def assert_remembered(self) -> None:
        """The marts hold what the runs saw, row by row."""
        stretches = expected_status_history(self.sights)
        wanted = [
            {
                **asdict(stretch),
                "duration_seconds": stretch.duration_seconds,
                "is_current": stretch.status_to is None,
            }
            for _, known in sorted(stretches.items())
            for stretch in known
        ]
        self._assert_rows("fct_order_status_history", "order_id, status_number", wanted)
        lead_times = expected_lead_times(self.sights)
        self._assert_rows(
            "fct_order_lead_times", "order_id", [asdict(each) for _, each in sorted(lead_times.items())]
        )

    def _assert_rows(self, mart: str, order: str, wanted: list[dict[str, Any]]) -> None:
        rows = self.plant.dicts(f"select * from marts.{mart} order by {order}")
        assert [{key: row[key] for key in wanted[0]} for row in rows] == wanted


@pytest.fixture(scope="module")
def followed(new_plant: Callable[..., Plant]) -> Followed:
    plant = new_plant("history", evening=True)
    plant.run_well("ftplogs")
    followed = Followed(plant)
    followed.run()
    return followed


def erp(followed: Followed) -> closing[Connection]:
    return closing(erp_connection(followed.plant))


def test_what_was_there_when_the_history_began_has_no_known_start(followed: Followed) -> None:
    followed.assert_remembered()
    assert followed.plant.query("select distinct is_start_known from marts.fct_order_status_history") == [
        (False,)
    ]


@pytest.mark.slow  # a minute or so of whole runs
def test_each_run_adds_what_has_changed_and_nothing_else(followed: Followed) -> None:
    with erp(followed) as connection:
        returning = some_order_id(connection, status="Planifiée")
        respelled = some_order_id(connection, status="lancer en prod")
        done = some_order_id(connection, status="vitrage")
        add_note(connection, done, "cde planifiée", LONG_AGO)
        anew = some_order_id(connection, status="Terminée")

        # An order changes, one is typed in another way, one is new, one is done.
        change_status(connection, returning, "En production")
        change_status(connection, respelled, "LANCER EN PROD ")
        change_status(connection, done, "TERMINEE")
        gone = add_order(connection, number=990001, status="Bloquée")
        followed.run()
        followed.assert_remembered()

        # It returns, one is deleted, one is planned anew, one loses its status after it was done.
        change_status(connection, returning, "Planifiée")
        change_status(connection, done, None)
        delete_order(connection, gone)
        change_status(connection, anew, "Planifiée")
        add_note(connection, anew, "cde planifiée", datetime.now(PLANT).replace(tzinfo=None))
        followed.run(killed=True)
        followed.assert_remembered()

        # The deleted one is back as it was, another is deleted for good, one is done again.
        assert add_order(connection, number=990001, status="Bloquée") == gone
        change_status(connection, anew, "Terminée")
        delete_order(connection, respelled)
        followed.run()
        followed.assert_remembered()

    history = followed.plant.query(
        "select order_id, array_agg(coalesce(status, '') order by status_number) "
        "from marts.fct_order_status_history group by 1 having count(*) > 1 order by 1"
    )
    assert dict(history) == {
        returning: ["Planifiée", "En production", "Planifiée"],
        done: ["vitrage", "Terminée", ""],
        gone: ["Bloquée", "Bloquée"],
        anew: ["Terminée", "Planifiée", "Terminée"],
    }
    known = followed.plant.query(
        "select order_id from marts.fct_order_lead_times where lead_time_seconds > 0 order by 1"
    )
    assert [row[0] for row in known] == sorted([done, anew])
    assert followed.plant.query(
        f"select is_deleted, status from marts.fct_order_status_history where order_id = '{respelled}'"
    ) == [(True, "lancer en prod")]


def test_the_history_survives_all_else(followed: Followed) -> None:
    before = followed.plant.contents("marts", "snapshots")
    for schema in DATA_SCHEMAS:
        if schema not in ("raw_ftplogs", "snapshots"):
            followed.plant.execute(f"drop schema {schema} cascade")
    followed.plant.run_well("erp")
    followed.plant.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test")
    assert followed.plant.contents("marts", "snapshots") == before


def test_nothing_of_a_person_is_remembered(followed: Followed) -> None:
    columns = followed.plant.query(
        "select column_name from information_schema.columns where table_schema = 'snapshots'"
    )
    assert {row[0] for row in columns} == REMEMBERED
