"""Who is named when a session of ours does not get a lock."""

from __future__ import annotations

import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import psycopg2
import pytest
from atelier.connections import Warehouse
from atelier.locks import LOCKED, Watch, watched
from atelier.refusals import of_statement
from atelier.warehouse import LOCK_WATCH, connect
from target_warehouse.sessions import LOCK_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_demo.servers.site import Site
    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class

pytestmark = pytest.mark.integration

ANALYST = "locks_analyst"


@pytest.fixture
def target(site: Site, postgres: dict[str, str]) -> Iterator[Warehouse]:
    """A warehouse with a table that somebody else reads."""
    warehouse = Warehouse.of(postgres)
    with closing(connect(warehouse)) as ours, closing(site.admin_postgres(warehouse.database)) as admin:
        admin.autocommit = True
        with ours.cursor() as cursor, admin.cursor() as administrator:
            cursor.execute("create schema if not exists lock_test")
            cursor.execute("create table lock_test.facts as select 1 as id")
            administrator.execute(f"create role {ANALYST}")
            administrator.execute(f"grant usage on schema lock_test to {ANALYST}")
            administrator.execute(f"grant select, update on lock_test.facts to {ANALYST}")
            yield warehouse
            cursor.execute("drop schema lock_test cascade")
            administrator.execute(f"drop role {ANALYST}")


@contextmanager
def holding(site: Site, target: Warehouse, *statements: str) -> Iterator[Connection]:
    """Let a session, of which the pipeline's user may not see all, keep its transaction open."""
    with closing(site.admin_postgres(target.database)) as connection, connection.cursor() as cursor:
        cursor.execute("set application_name = 'Excel'")
        for statement in statements:
            cursor.execute(statement)
        yield connection
        connection.rollback()


@contextmanager
def watching(target: Warehouse, said: list[str]) -> Iterator[Watch]:
    with watched(
        lambda: connect(target, LOCK_WATCH), said.append, limit_seconds=1.0, look_every_seconds=0.05
    ) as watch:
        yield watch


def refused(target: Warehouse, statement: str, timeout: str = "1s") -> str:
    """Run a statement that must not get its lock; return what is said of it."""
    with closing(connect(target)) as connection, connection.cursor() as cursor:
        cursor.execute(f"set lock_timeout = '{timeout}'")
        try:
            cursor.execute(statement)
        except LOCKED as error:
            return str(of_statement(error, target))
    pytest.fail("it got its lock")


def test_every_session_waits_a_bounded_time(target: Warehouse) -> None:
    with closing(connect(target)) as connection, connection.cursor() as cursor:
        cursor.execute("show lock_timeout")
        assert cursor.fetchone() == (f"{LOCK_TIMEOUT_SECONDS}s",)


def test_the_session_that_holds_a_lock_is_named(site: Site, target: Warehouse) -> None:
    said: list[str] = []
    with (
        watching(target, said) as watch,
        holding(site, target, "select * from lock_test.facts") as holder,
    ):
        assert watch.reason() is None
        pid, user = holder.info.backend_pid, holder.info.user
        told = watch.explained(refused(target, "alter table lock_test.facts add column name text"))
    assert f"lock_test.facts is locked by session {pid} of user {user} (application 'Excel'" in told
    assert "in a transaction since before 2" in told, "whoever may not see when says so"
    assert f"holds AccessShareLock; select pg_terminate_backend({pid}) ends it)" in told
    assert told.endswith("let that end, or end it, then start this again")
    assert watch.explained(told) == told


def test_of_an_own_session_it_is_known_since_when(target: Warehouse) -> None:
    parameters = {
        "host": target.host,
        "port": target.port,
        "user": target.user,
        "password": target.password,
        "dbname": target.database,
    }
    with (
        closing(psycopg2.connect(**parameters, application_name="psql")) as holder,
        watching(target, []) as watch,
    ):
        holder.cursor().execute("lock table lock_test.facts in exclusive mode")
        refused(target, "delete from lock_test.facts")
        reason = watch.reason() or ""
    assert "(application 'psql', in a transaction since 2" in reason
    assert "UTC, idle, holds ExclusiveLock;" in reason


def test_a_row_that_is_locked_leads_to_its_table(site: Site, target: Warehouse) -> None:
    with (
        watching(target, []) as watch,
        holding(site, target, f"set role {ANALYST}", "select * from lock_test.facts for update"),
    ):
        refused(target, "delete from lock_test.facts")
        assert "lock_test.facts is locked by session" in (watch.reason() or "")


def test_a_short_wait_is_no_reason_unless_it_ends_in_a_deadlock(site: Site, target: Warehouse) -> None:
    with (
        watching(target, []) as watch,
        holding(site, target, "select * from lock_test.facts"),
    ):
        refused(target, "begin; lock table lock_test.facts", timeout="300ms")
        time.sleep(0.2)
        assert watch.explained("a key is not unique") == "a key is not unique"
        assert "lock_test.facts is locked by" in watch.explained("DeadlockDetected (40P01)")


def test_sessions_of_one_run_do_not_blame_each_other(target: Warehouse) -> None:
    with watching(target, []) as watch, closing(connect(target)) as first, first.cursor() as cursor:
        cursor.execute("begin; lock table lock_test.facts")
        refused(target, "select * from lock_test.facts")
        assert watch.reason() is None


def test_a_wait_is_told_while_it_lasts(site: Site, target: Warehouse) -> None:
    said: list[str] = []
    with (
        watching(target, said),
        holding(site, target, "select * from lock_test.facts") as holder,
        closing(connect(target)) as connection,
    ):
        waiting = threading.Thread(
            target=connection.cursor().execute, args=("begin; lock table lock_test.facts",)
        )
        waiting.start()
        deadline = time.monotonic() + 10
        while not said and time.monotonic() < deadline:
            time.sleep(0.05)
        holder.rollback()
        waiting.join()
    (sentence,) = said
    assert sentence.startswith("waiting for a lock: lock_test.facts is locked by session")
