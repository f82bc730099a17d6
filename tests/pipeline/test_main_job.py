"""The main job: right the first time, quiet when nothing is new, exact when something is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from atelier_demo.factory.erp_operations import delete_order
from oracle.compare import assert_marts_equal
from target_warehouse.sessions import KEEPALIVES_IDLE_SECONDS

from pipeline.conftest import erp_connection, finish_the_day
from pipeline.plant import DATA_SCHEMAS, WITHOUT_DATA_TESTS, Plant
from pipeline.random_days import write_random_days
from pipeline.sessions import SessionWatcher

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

RANDOM_DAYS = 30


@pytest.fixture(scope="module")
def watched(new_plant: Callable[..., Plant]) -> tuple[Plant, dict[str, float]]:
    """A plant whose first run is over, and how soon each end of its connections asked after the other."""
    plant = new_plant("main_job")
    # Few of the days of test_random_days, so that every test run has some; what arrives late comes below.
    plant.late = write_random_days(plant.logs, seed=1, days=RANDOM_DAYS)
    watcher = SessionWatcher(int(plant.variables["POSTGRES_PORT"]))
    watcher.start()
    try:
        plant.run_well("elt")
    finally:
        watcher.over.set()
        watcher.join()
    return plant, watcher.lasting


@pytest.fixture(scope="module")
def plant(watched: tuple[Plant, dict[str, float]]) -> Plant:
    return watched[0]


def freshness(plant: Plant) -> dict[str, tuple[datetime, datetime]]:
    """When each source was loaded, and until when it is complete."""
    rows = plant.query("select source, loaded_at, complete_until from marts.fct_source_freshness")
    return {source: (loaded_at, complete_until) for source, loaded_at, complete_until in rows}


def test_the_marts_are_what_the_sources_say(plant: Plant) -> None:
    complete = set(plant.logs.rglob("*")) - plant.growing
    assert_marts_equal(plant, torn=complete)


def test_both_ends_of_a_connection_ask_soon_whether_the_other_is_still_there(
    watched: tuple[Plant, dict[str, float]],
) -> None:
    # One that is gone without a word holds up nobody for long.
    _, ends = watched
    # The launcher's, Meltano's, the loader's for each source, one of dbt's at least; two ends each.
    assert len(ends) >= 10
    assert {end: seconds for end, seconds in ends.items() if seconds > KEEPALIVES_IDLE_SECONDS} == {}


def test_the_addresses_of_customers_are_never_read(plant: Plant) -> None:
    assert not [table for table in plant.tables("raw_erp") if "adresse" in table]
    columns = plant.query("select column_name from information_schema.columns where table_schema = 'raw_erp'")
    assert not {"kundenbez", "bauvorhaben", "firma", "telefon", "email"} & {row[0] for row in columns}


def test_a_file_that_grows_is_read_on(plant: Plant) -> None:
    finish_the_day(plant)
    for path, content in plant.late.items():
        path.write_bytes(content)
    plant.load("ftplogs-to-marts")
    assert_marts_equal(plant)


def test_a_second_run_reads_no_file_and_writes_no_row(plant: Plant) -> None:
    downloads, written = plant.downloads(), plant.rows_written()
    contents = plant.contents(*DATA_SCHEMAS)
    before = freshness(plant)
    marts = (
        "select oid, relname from pg_class "
        "where relnamespace = 'marts'::regnamespace and relkind in ('r', 'v') order by relname"
    )
    identities = plant.query(marts)
    with closing(plant.connect()) as reader, reader.cursor() as cursor:
        # Somebody reads every mart and keeps the transaction open: the run neither waits nor fails.
        cursor.execute("begin")
        for _, name in identities:
            cursor.execute(f"select count(*) from marts.{name}")
        output = plant.run_well("elt")
    assert "computes them all anew" not in output
    assert "waiting for a lock" not in output
    assert plant.query(marts) == identities
    assert plant.downloads() == downloads
    assert plant.rows_written() == written
    assert plant.contents(*DATA_SCHEMAS) == contents
    after = freshness(plant)
    # Both were loaded again; the machines have written nothing since, and the ERP is what it is now.
    assert before["ftplogs"][0] < after["ftplogs"][0]
    assert before["ftplogs"][1] == after["ftplogs"][1]
    assert before["erp"][0] < after["erp"][1] < after["erp"][0]


def test_what_is_new_and_nothing_else_arrives(plant: Plant) -> None:
    before = plant.contents("raw_ftplogs", "raw_erp", "marts")
    machine = sorted(folder for folder in plant.logs.iterdir() if folder.name.startswith("DEM12"))[0]
    today = max(machine.glob("*.LOG"))
    # The clock of the last line: after a shift past midnight another one could look like a step back.
    clock = today.read_bytes().rstrip().rpartition(b"\n")[2].partition(b"|")[0].strip()
    with today.open("ab") as file:
        file.write(
            b"%(clock)s|@StukUitgevoerd: 239999/A pos 1\r\n%(clock)s|@MachineWait: 20 sec\r\n"
            b"%(clock)s|@StukUitgevoerd: 239999/A pos 2\r\n" % {b"clock": clock}
        )
    (machine / "20251121.LOG").write_bytes(
        b"20251121 06:00:00|@MachineStart\r\n20251121 06:01:00|@StukUitgevoerd: 240000/B pos 1\r\n"
    )
    orders = plant.query("select order_id from marts.fct_shutter_orders order by 1")
    with closing(erp_connection(plant)) as connection:
        delete_order(connection, orders[0][0])
        connection.commit()
    downloads = plant.downloads()
    plant.run_well("elt")
    after = plant.contents("raw_ftplogs", "raw_erp", "marts")

    assert plant.downloads() == downloads + 2
    assert len(after["raw_ftplogs.log_events"]) == len(before["raw_ftplogs.log_events"]) + 5
    assert set(before["raw_ftplogs.log_events"]) < set(after["raw_ftplogs.log_events"])
    assert len(after["raw_ftplogs.log_files"]) == len(before["raw_ftplogs.log_files"]) + 1
    assert len(after["raw_erp.a_kopf"]) == len(before["raw_erp.a_kopf"]) - 1
    assert set(after["marts.fct_shutter_orders"]) < set(before["marts.fct_shutter_orders"])
    assert len(after["marts.fct_shutter_orders"]) == len(before["marts.fct_shutter_orders"]) - 1
    changed = set(after["marts.fct_sessions"]) ^ set(before["marts.fct_sessions"])
    # The session that grew, as it was and as it is, and the new one.
    assert len(changed) == 3
    days = set(after["marts.fct_machine_days"]) ^ set(before["marts.fct_machine_days"])
    files = set(after["marts.fct_log_files"]) ^ set(before["marts.fct_log_files"])
    # Both days lie in one week.
    weeks = set(after["marts.fct_machine_weeks"]) ^ set(before["marts.fct_machine_weeks"])
    assert (len(days), len(files), len(weeks)) == (3, 3, 2)
    assert set(after["marts.fct_order_progress"]) < set(before["marts.fct_order_progress"])
    assert_marts_equal(plant)


def test_two_runs_at_once_do_not_meet(plant: Plant) -> None:
    before = plant.contents("marts")
    first, second = plant.start("ftplogs"), plant.start("transform", DBT_RESOURCE_TYPES=WITHOUT_DATA_TESTS)
    # Both are read at once: a run whose output nobody takes stands still, and the other waits for it.
    with ThreadPoolExecutor(2) as readers:
        outputs = list(readers.map(lambda process: process.communicate(timeout=280)[0], (first, second)))
    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert sum("waiting for it to end" in output for output in outputs) == 1
    assert plant.contents("marts") == before


def test_a_run_that_breaks_off_before_the_marts_leaves_them_readable(plant: Plant) -> None:
    before = freshness(plant)
    # Marts that read views of other layers are there as long as those are being built.
    plant.dbt("run", "--select", "staging", "intermediate")
    assert freshness(plant) == before


def test_a_full_refresh_changes_no_row_of_any_mart(plant: Plant) -> None:
    before = plant.contents("marts", "intermediate", "snapshots")
    plant.dbt("build", "--full-refresh")
    assert plant.contents("marts", "intermediate", "snapshots") == before


@pytest.mark.slow  # it waits for the locks as long as a run does
@pytest.mark.parametrize(("job", "table"), [("erp", "raw_erp.a_kopf"), ("transform", "marts.fct_sessions")])
def test_a_run_that_gets_no_lock_names_who_holds_it(plant: Plant, job: str, table: str) -> None:
    before = plant.contents("raw_erp", "marts")
    with closing(plant.connect()) as holder, holder.cursor() as cursor:
        cursor.execute(f"set application_name = 'Excel'; begin; lock table {table} in exclusive mode")
        pid = holder.info.backend_pid
        status, output = plant.run(job)
    assert status == 1
    told = (
        f"{table} is locked by session {pid} of user {plant.variables['POSTGRES_USER']} (application 'Excel'"
    )
    assert f"atelier: waiting for a lock: {told}" in output
    last = output.strip().splitlines()[-1]
    assert last.startswith("atelier: failed: ")
    assert told in last
    assert last.endswith("let that end, or end it, then start this again")
    assert plant.contents("raw_erp", "marts") == before
    plant.run_well(job)
