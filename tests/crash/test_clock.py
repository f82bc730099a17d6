"""The clock of the host is put back, put forward, lives through the night of the hour that comes twice."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from atelier_demo.factory.erp_operations import add_order, change_status, delete_order
from pipeline.conftest import erp_connection
from reliability.figures import CRASHES

from crash import traces
from crash.clock import Clock
from crash.compare import Twin
from crash.sources import Sources
from crash.victims import assert_told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from atelier_demo.servers.site import Site
    from pipeline.plant import Plant

# Slow: a dozen of whole runs.
pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(3600)]

SEED = 9

DAY, MONTH = 86_400, 30 * 86_400


@pytest.fixture
def clock(site: Site, tmp_path: Path) -> Clock:
    return Clock(site, tmp_path)


def test_the_clock_of_the_host_may_be_wrong(new_plant: Callable[..., Plant], clock: Clock) -> None:
    plant = new_plant("clock", evening=True)
    jumps: list[tuple[str, float, float | None]] = [
        ("a month ahead", MONTH, None),
        ("a day behind", -DAY, None),
        ("put back by a day meanwhile", 0, -DAY),
        ("put forward by a month meanwhile", 0, MONTH),
    ]
    sources = Sources(plant, SEED, len(jumps) + 1)
    twin = Twin(plant)
    seconds = twin.timed_run()
    for what, first, then in jumps:
        sources.grow()
        clock.ahead(first)
        # The loads lie in the first half.
        timer = threading.Timer(seconds / 4, clock.ahead, (first if then is None else then,))
        timer.start()
        plant.run_well("elt", **clock.variables)
        timer.join()
        print(f"the clock {what}: the run succeeded")  # noqa: T201 # wanted
        sources.assert_remembered()
    sources.grow()
    # The hour that comes twice, in a run on a host that lives by the plant's clock.
    night = datetime.now(timezone.utc).year
    clock.set(f"@{night}-10-25 02:59:50")
    plant.run_well("elt", TZ="Europe/Paris", **clock.variables)
    sources.finish()
    begun = datetime.now(timezone.utc)
    plant.run_well("elt")
    traces.assert_nothing_left(plant)
    sources.assert_remembered()
    rows = twin.assert_equal()
    # What the runs with a wrong clock said of when they were counts no longer.
    for source, loaded_at in plant.query("select source, loaded_at from marts.fct_source_freshness"):
        assert begun < loaded_at < datetime.now(timezone.utc), source
    newest = plant.query("select complete_until from marts.fct_source_freshness where source = 'erp'")
    assert begun < newest[0][0]
    CRASHES.keep(
        "A wrong clock during `meltano run elt`",
        f"jumps of a day and a month, a night of 25 hours, seed {SEED}",
        **{"runs": len(jumps) + 1, "rows compared": f"{rows:,}"},
    )


def test_nothing_is_deleted_by_a_clock_that_nobody_else_shares(
    new_plant: Callable[..., Plant], clock: Clock
) -> None:
    plant = new_plant("clock_retention", evening=True)
    plant.run_well("elt")
    before = plant.contents("raw_ftplogs", "raw_erp", "snapshots", "marts")
    clock.ahead(20 * 365 * DAY)
    status, output = plant.run("retention", **clock.variables)
    assert_told(status, output)
    assert "nothing was deleted" in output.splitlines()[-1]
    assert plant.contents("raw_ftplogs", "raw_erp", "snapshots", "marts") == before
    assert plant.query("select count(*) from gdpr.cutoffs") == [(0,)]


def test_the_past_of_the_orders_outlives_a_clock_of_the_warehouse_that_is_put_back(
    new_plant: Callable[..., Plant],
) -> None:
    plant = new_plant("clock_history", evening=True)
    with closing(erp_connection(plant)) as connection:
        order = add_order(connection, number=900_001)
        gone = add_order(connection, number=900_002)
        plant.run_well("elt")
        # As if the warehouse's clock had been a day ahead until now.
        plant.execute(
            "update snapshots.order_history set dbt_valid_from = dbt_valid_from + interval '1 day', "
            "dbt_updated_at = dbt_updated_at + interval '1 day'"
        )
        for status in ("vitrage", "Terminée"):
            change_status(connection, order, status)
            delete_order(connection, gone)
            plant.run_well("erp-to-marts")
            time.sleep(0.01)
    assert plant.query(
        f"select status from marts.fct_order_status_history where order_id = '{order}' order by status_number"
    ) == [("Planifiée",), ("vitrage",), ("Terminée",)]
    assert plant.query(
        "select count(*) from snapshots.order_history where dbt_valid_to <= dbt_valid_from"
    ) == [(0,)]
    assert plant.query(
        f"select is_current, is_deleted from marts.fct_order_status_history where order_id = '{gone}'"
    ) == [(False, True)]
    latest = plant.query("select max(dbt_valid_from) from snapshots.order_history")[0][0]
    assert latest < datetime.now(timezone.utc) + timedelta(days=1, minutes=10)
