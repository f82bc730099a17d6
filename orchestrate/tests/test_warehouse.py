"""One run at a time, and nothing left over from one that was killed."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import psycopg2
import pytest
from atelier.connections import Warehouse
from atelier.errors import AtelierError
from atelier.leftovers import SESSION_PREFIX
from atelier.roles import RUN_COLUMNS, Roles, settle
from atelier.warehouse import connect, exclusive_run, make_system_tables, prepare

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
    with closing(connect(warehouse)) as connection:
        with exclusive_run(connection, 0, said.append):
            with pytest.raises(psycopg2.OperationalError), left.cursor() as cursor:
                cursor.execute("select 1")
    assert said == ["ended 1 session(s) that an interrupted run had left in the warehouse"]


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
