"""One run at a time, and nothing left over from one that was killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg2
import pytest
from atelier import leftovers
from atelier.connections import Warehouse
from atelier.errors import AtelierError
from atelier.leftovers import HELD, READING_PREFIX, SESSION_PREFIX, remove_configurations
from atelier.rights import RUN_COLUMNS
from atelier.roles import Roles, settle
from atelier.warehouse import assert_held, connect, exclusive_run, make_system_tables, prepare

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration


@pytest.fixture
def warehouse(postgres: dict[str, str]) -> Warehouse:
    return Warehouse.of(postgres)


def test_the_schema_of_the_state_is_made_once(warehouse: Warehouse) -> None:
    with closing(connect(warehouse)) as connection:
        prepare(connection, warehouse)
        prepare(connection, warehouse)
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from pg_namespace where nspname = 'meltano'")
            assert cursor.fetchone() == (1,)


def test_the_first_run_may_read_of_runs_what_every_other_may(warehouse: Warehouse) -> None:
    with closing(connect(warehouse)) as connection, connection.cursor() as cursor:
        cursor.execute("drop schema if exists meltano cascade")
        prepare(connection, warehouse)
        make_system_tables(connection, warehouse)
        cursor.execute("insert into meltano.runs (job_name) values ('a')")
        make_system_tables(connection, warehouse)
        settle(connection, warehouse)
        cursor.execute(
            "select attname from pg_attribute where attrelid = 'meltano.runs'::regclass "
            "and has_column_privilege(%s, attrelid, attnum, 'select')",
            (Roles.of(warehouse).transformer,),
        )
        assert {name for (name,) in cursor.fetchall()} == set(RUN_COLUMNS)
        # A second time, nothing is made anew.
        cursor.execute("select count(*) from meltano.runs")
        assert cursor.fetchone() == (1,)


def test_tables_that_meltano_cannot_make_are_told(warehouse: Warehouse) -> None:
    with closing(connect(warehouse)) as connection, connection.cursor() as cursor:
        cursor.execute("drop schema if exists meltano cascade")
        prepare(connection, warehouse)
        # What a later version of Meltano has left.
        cursor.execute("create table meltano.alembic_version as select 'unknown' as version_num")
        with pytest.raises(AtelierError, match="Meltano's tables cannot be made in schema meltano of"):
            make_system_tables(connection, warehouse)
        cursor.execute("drop schema meltano cascade")


def test_a_second_run_waits_for_the_first(warehouse: Warehouse) -> None:
    order: list[str] = []

    def second() -> None:
        with closing(connect(warehouse)) as connection:
            with exclusive_run(connection, 30, order.append):
                order.append("second")

    with closing(connect(warehouse)) as connection:
        with exclusive_run(connection, 0, order.append):
            thread = threading.Thread(target=second)
            thread.start()
            time.sleep(0.5)
            order.append("first")
    thread.join(30)
    assert order == ["another run is using the warehouse: waiting for it to end", "first", "second"]


def test_a_run_that_waits_in_vain_says_so(warehouse: Warehouse) -> None:
    with closing(connect(warehouse)) as first, closing(connect(warehouse)) as second:
        with exclusive_run(first, 0, lambda _: None):
            with pytest.raises(AtelierError, match="another run is using the warehouse"):
                with exclusive_run(second, 0, lambda _: None):
                    pytest.fail("two runs at once")


def test_what_a_killed_run_left_behind_is_ended(warehouse: Warehouse) -> None:
    said: list[str] = []
    left = connect(warehouse, SESSION_PREFIX + "killed")
    with (
        closing(connect(warehouse)) as connection,
        closing(connect(warehouse, READING_PREFIX + "x")) as other,
    ):
        with exclusive_run(connection, 0, said.append):
            with pytest.raises(psycopg2.OperationalError), left.cursor() as cursor:
                cursor.execute("select 1")
        # A command that only reads is nobody's leftover.
        with other.cursor() as cursor:
            cursor.execute("select 1")
    assert said == ["ended 0 program(s) and 1 session(s) that an interrupted run had left working"]


def test_a_run_does_not_start_beside_what_does_not_end(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "END_TRIES", 5)
    is_over = threading.Event()

    def log_in_again_and_again() -> None:
        while not is_over.is_set():
            with contextlib.suppress(psycopg2.Error, AtelierError):
                with (
                    closing(connect(warehouse, SESSION_PREFIX + "stubborn")) as left,
                    left.cursor() as cursor,
                ):
                    while not is_over.is_set():
                        cursor.execute("select pg_sleep(0.05)")

    stubborn = [threading.Thread(target=log_in_again_and_again) for _ in range(4)]
    for thread in stubborn:
        thread.start()
    try:
        time.sleep(1)
        with closing(connect(warehouse)) as connection:
            with pytest.raises(AtelierError, match="of an interrupted run have not ended"):
                with exclusive_run(connection, 0, lambda _: None):
                    pytest.fail("beside what an interrupted run left")
    finally:
        is_over.set()
        for thread in stubborn:
            thread.join(30)


def test_programs_of_a_killed_run_are_ended_and_no_others(
    warehouse: Warehouse, postgres: dict[str, str]
) -> None:
    names = ("POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_DB")
    place = {name: postgres[name] for name in names}
    killed_run = {"PGAPPNAME": SESSION_PREFIX + "killed", HELD: "1", **place}
    environments = {
        "left over": killed_run,
        "of another warehouse": {**killed_run, "POSTGRES_DB": "another"},
        "no part of a run": {**killed_run, HELD: ""},
    }
    programs = {name: subprocess.Popen(["sleep", "60"], env=each) for name, each in environments.items()}
    try:
        with closing(connect(warehouse)) as connection, exclusive_run(connection, 0, lambda _: None):
            assert programs["left over"].wait(10) == -signal.SIGKILL
            assert {name for name, program in programs.items() if program.poll() is None} == {
                "of another warehouse",
                "no part of a run",
            }
    finally:
        for program in programs.values():
            program.kill()
            program.wait()


def test_configurations_of_killed_programs_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "tap-mysql"
    folder.mkdir(parents=True)
    now = time.time()
    ages = {"tap.old.config.json": 3600, "tap.new.config.json": 0, "tap.ahead.config.json": -86400}
    for name, age in {**ages, "tap.properties.json": 3600}.items():
        (folder / name).write_text("{}")
        os.utime(folder / name, (now - age, now - age))
    link = folder / "tap.link.config.json"
    link.symlink_to("/proc/0/fd/3")
    os.utime(link, (now - 3600, now - 3600), follow_symlinks=False)
    remove_configurations(tmp_path)
    assert {path.name for path in folder.iterdir()} == {"tap.new.config.json", "tap.properties.json"}


def test_a_lock_that_is_lost_is_said(warehouse: Warehouse) -> None:
    with closing(connect(warehouse)) as connection, closing(connect(warehouse)) as other:
        assert_held(connection, warehouse)
        with other.cursor() as cursor:
            cursor.execute("select pg_terminate_backend(%s)", (connection.info.backend_pid,))
        with pytest.raises(AtelierError, match="has broken off the connection"):
            assert_held(connection, warehouse)
        with pytest.raises(AtelierError, match="has broken off the connection"):
            settle(connection, warehouse)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"POSTGRES_PASSWORD": "not it"}, "refuses the log-in"),
        ({"POSTGRES_DB": "nowhere"}, "does not exist"),
        ({"POSTGRES_PORT": "1"}, "cannot be reached"),
        ({"POSTGRES_HOST": "no-such-host.invalid"}, "does not resolve"),
    ],
)
def test_what_is_wrong_with_the_log_in_is_said(
    postgres: dict[str, str], change: dict[str, str], words: str
) -> None:
    with pytest.raises(AtelierError, match=words) as caught:
        connect(Warehouse.of({**postgres, **change}), "x")
    assert change.get("POSTGRES_PASSWORD", postgres["POSTGRES_PASSWORD"]) not in str(caught.value)
