"""The warehouse before and during a run: reachable, ready for Meltano's state, and ours alone."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import psycopg2
from psycopg2 import sql
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from atelier import locks
from atelier.connections import (
    KEEPALIVES_IDLE_SECONDS,
    LOCK_TIMEOUT_SECONDS,
    SESSION_OPTIONS,
    STATE_SCHEMA,
    Warehouse,
)
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

_STARTING = re.compile(r"the database system is (starting up|in recovery|not yet accepting)")

#: Seconds that a server gets which is about to start, as after a crash it first puts its files in order.
STARTING_SECONDS = 60.0


def connect(
    warehouse: Warehouse, application_name: str = LAUNCHER, patience: float = STARTING_SECONDS
) -> Connection:
    """Log in to the warehouse.

    Args:
        warehouse: Where it is.
        application_name: What the session is called.
        patience: Seconds that a server gets which is just starting.

    Raises:
        AtelierError: It cannot be reached, or refuses user, password or database.
    """
    try:
        connection: Connection = psycopg2.connect(
            host=warehouse.host,
            port=warehouse.port,
            user=warehouse.user,
            password=warehouse.password,
            dbname=warehouse.database,
            connect_timeout=15,
            application_name=application_name,
            keepalives_idle=KEEPALIVES_IDLE_SECONDS,
            options=SESSION_OPTIONS,
            **cast("dict[str, Any]", warehouse.tls),
        )
    except psycopg2.OperationalError as error:
        if patience > 0 and _STARTING.search(str(error)):
            time.sleep(POLL_SECONDS)
            return connect(warehouse, application_name, patience - POLL_SECONDS)
        raise AtelierError(f"the warehouse, {warehouse.place}, {_reason(str(error))}") from None
    connection.autocommit = True
    locks.Watch.own_pids.add(connection.info.backend_pid)
    return connection


def broken_off(warehouse: Warehouse) -> AtelierError:
    """Return the error that says that the warehouse has ended a connection in the middle of the work."""
    return AtelierError(
        f"the warehouse, {warehouse.place}, has broken off the connection: see in PostgreSQL's log why, and "
        "start this again once it runs"
    )


def failed(warehouse: Warehouse, error: psycopg2.Error) -> AtelierError:
    """Return the error that says why a statement failed that nothing of its own can make fail."""
    if isinstance(error, locks.LOCKED):
        return AtelierError(
            f"what is locked in the warehouse, {warehouse.place}, was not free within "
            f"{LOCK_TIMEOUT_SECONDS} s"
        )
    return broken_off(warehouse)


@contextmanager
def breaks_told(warehouse: Warehouse) -> Iterator[None]:
    """Tell of a connection that breaks in the middle of the work, and of a lock that is not to be had.

    Raises:
        AtelierError: It did, or was not.
    """
    try:
        yield
    except psycopg2.OperationalError as error:
        raise failed(warehouse, error) from None


def assert_held(connection: Connection, warehouse: Warehouse) -> None:
    """Check that the session that holds the lock is still there.

    Raises:
        AtelierError: It is not: PostgreSQL has ended, or the network between.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except psycopg2.Error:
        raise broken_off(warehouse) from None


def _reason(message: str) -> str:
    text = message.lower()
    # With two copies of libpq in a process, as in the API's, the second one refuses without its reason.
    if re.search("certificate verify failed|does not match host name|no ssl error reported", text):
        return (
            f"shows a certificate that is not trusted ({_last_line(message)}): let POSTGRES_TLS_CA name the "
            "authority that signed it, and POSTGRES_HOST the name in it"
        )
    if "does not support ssl" in text:
        return "does not speak TLS: turn it on there (ssl = on), or set POSTGRES_TLS to off"
    if "no pg_hba.conf entry" in text and "no encryption" in text:
        return "lets nobody in without TLS from here: set POSTGRES_TLS to required, or see its pg_hba.conf"
    if "password authentication failed" in text or "no password supplied" in text:
        return "refuses the log-in: check POSTGRES_USER and POSTGRES_PASSWORD"
    if "role" in text and "does not exist" in text:
        return "does not know the user: check POSTGRES_USER"
    if "database" in text and "does not exist" in text:
        return "does not exist: create it, or check POSTGRES_DB"
    if "could not translate host name" in text:
        return "has a host name that does not resolve: check POSTGRES_HOST"
    if "timeout" in text or "timed out" in text:
        return "does not answer: check POSTGRES_HOST and POSTGRES_PORT, the network and the firewall"
    if "refused" in text:
        return "cannot be reached: check that PostgreSQL runs there, POSTGRES_HOST and POSTGRES_PORT"
    return f"cannot be used ({_last_line(message)}): check the POSTGRES_ variables"


def _last_line(message: str) -> str:
    return [line for line in message.strip().splitlines() if line.strip()][-1].strip()


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
        raise AtelierError(f"the warehouse, {warehouse.place}, {_reason(str(error.orig))}") from None


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
