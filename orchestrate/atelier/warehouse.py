"""The warehouse before and during a run: reachable, ready for Meltano's state, and ours alone."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import sql
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool
from target_warehouse import sessions

from atelier import locks, ownership, refusals
from atelier.connections import STATE_SCHEMA, Warehouse, session_parameters
from atelier.errors import AtelierError
from atelier.leftovers import end_leftovers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class

#: The launcher's own session, which holds the lock or waits for it: never taken for something left over.
LAUNCHER = "atelier-launcher"

#: A session that looks at what others wait for.
LOCK_WATCH = "atelier-lock-watch"

#: Key of the advisory lock that a run holds: any number, the same for ever.
RUN_LOCK = 7_021_955_231

POLL_SECONDS = 1.0

_CONNECT_SECONDS = 15

#: Seconds that a server gets which is about to start, as after a crash it first puts its files in order.
STARTING_SECONDS = 60.0


def connect(
    warehouse: Warehouse, application_name: str = LAUNCHER, patience: float = STARTING_SECONDS
) -> Connection:
    """Log in to the warehouse as the pipeline.

    Args:
        warehouse: Where it is.
        application_name: What the session is called.
        patience: Seconds that a server gets which is just starting.

    Raises:
        AtelierError: It cannot be reached, refuses user, password or database, or is not what Atelier needs;
            or a schema with a name of ours belongs to someone else.
    """
    connection = log_in(warehouse, application_name, patience)
    with _closed_on_error(connection, warehouse):
        ownership.check_schemas(connection, warehouse)
    locks.Watch.own_pids.add(connection.info.backend_pid)
    return connection


def log_in(
    warehouse: Warehouse, application_name: str = LAUNCHER, patience: float = STARTING_SECONDS
) -> Connection:
    """Log in to the warehouse as any user; see `connect`."""
    parameters: dict[str, Any] = {
        "host": warehouse.host,
        "port": warehouse.port,
        "user": warehouse.user,
        "password": warehouse.password,
        "dbname": warehouse.database,
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": application_name,
        **session_parameters(),
        **warehouse.tls,
    }
    try:
        connection: Connection = psycopg2.connect(**parameters)
    except psycopg2.OperationalError as error:
        state = refusals.log_in_state(parameters, _CONNECT_SECONDS)
        if patience > 0 and state == refusals.NOT_READY:
            time.sleep(POLL_SECONDS)
            return log_in(warehouse, application_name, patience - POLL_SECONDS)
        raise refusals.of_log_in(str(error), state, warehouse) from None
    connection.autocommit = True
    with _closed_on_error(connection, warehouse):
        sessions.ensure(connection)
    return connection


@contextmanager
def _closed_on_error(connection: Connection, warehouse: Warehouse) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        connection.close()
        if isinstance(error, sessions.SessionError):
            raise AtelierError(f"the warehouse, {warehouse.place}, {error}") from None
        if isinstance(error, psycopg2.Error):
            raise refusals.of_statement(error, warehouse) from None
        raise


@contextmanager
def breaks_told(warehouse: Warehouse) -> Iterator[None]:
    """Tell of a connection that breaks, or a statement that is refused, in the middle of the work.

    Raises:
        AtelierError: It did, or was.
    """
    try:
        yield
    except psycopg2.Error as error:
        raise refusals.of_statement(error, warehouse) from None


def assert_held(connection: Connection, warehouse: Warehouse) -> None:
    """Check that the session that holds the lock is still there.

    Raises:
        AtelierError: It is not: PostgreSQL has ended, or the network between.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except psycopg2.Error as error:
        raise refusals.of_statement(error, warehouse) from None


def prepare(connection: Connection, warehouse: Warehouse) -> None:
    """Create the schema of Meltano's state if it is missing.

    Raises:
        AtelierError: The user may not create it.
    """
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_namespace where nspname = %s", (STATE_SCHEMA,))
        if cursor.fetchone():
            return
        try:
            cursor.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(STATE_SCHEMA)))
        except psycopg2.errors.InsufficientPrivilege:
            raise AtelierError(
                f"user {warehouse.user} may not create schemas in {warehouse.place}: grant it with "
                f"`grant create on database {warehouse.database} to {warehouse.user}`"
            ) from None


@event.listens_for(Engine, "connect")
def _ensure_system_session(connection: object, _record: object) -> None:
    """Set and check a session that Meltano opens in this process, as all others are."""
    if not isinstance(connection, psycopg2.extensions.connection):
        return
    own = {"search_path": STATE_SCHEMA}
    if connection.get_dsn_parameters().get("options") != sessions.options(own):
        return
    try:
        sessions.ensure(connection, own)
    except sessions.SessionError as error:
        raise AtelierError(f"the warehouse, as Meltano reaches it, {error}") from None


def make_system_tables(connection: Connection, warehouse: Warehouse) -> None:
    """Let Meltano make its tables if they are missing, before it would itself.

    Rights can only be given on what is there, and the first run's marts read Meltano's record of runs.

    Raises:
        AtelierError: Meltano could not make them.
    """
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass(%s) is not null", (f"{STATE_SCHEMA}.runs",))
        if cursor.fetchone() == (True,):
            return
    # Meltano takes a second to import; only the first run has to do it before the rights are settled.
    from meltano.core.migration_service import MigrationError, MigrationService

    engine = create_engine(warehouse.system_database_uri, poolclass=NullPool)
    try:
        MigrationService(engine).upgrade(silent=True)
    except MigrationError as error:
        raise AtelierError(
            f"Meltano's tables cannot be made in schema {STATE_SCHEMA} of {warehouse.place} ({error}): the "
            "lines above say why; if the schema holds something else, move that away"
        ) from None
    except OperationalError as error:
        raise refusals.of_log_in(str(error.orig), None, warehouse) from None


@contextmanager
def exclusive_run(connection: Connection, wait_seconds: float, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the warehouse for one run, waiting for another run to end.

    The lock belongs to the session: a run that is killed gives it up at once. What such a run has left
    working, a loader or dbt whose parent is gone, is ended here, so that it cannot write into our run.

    Raises:
        AtelierError: Another run still holds the warehouse after `wait_seconds`.
    """
    deadline = time.monotonic() + wait_seconds
    told = False
    with connection.cursor() as cursor:
        while True:
            cursor.execute("select pg_try_advisory_lock(%s)", (RUN_LOCK,))
            row = cursor.fetchone()
            if row and row[0]:
                break
            if time.monotonic() >= deadline:
                raise AtelierError(
                    f"another run is using the warehouse and did not end within {wait_seconds:.0f} s: let it "
                    "end, then start this again"
                )
            if not told:
                say("another run is using the warehouse: waiting for it to end")
                told = True
            time.sleep(POLL_SECONDS)
        end_leftovers(connection, say)
        yield
