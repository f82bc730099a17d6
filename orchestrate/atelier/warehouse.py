"""The warehouse before and during a run: reachable, ready for Meltano's state, and ours alone."""

from __future__ import annotations

import os
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import psycopg2
from psycopg2 import sql
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from atelier.connections import STATE_SCHEMA, Warehouse
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class

#: Begins the application name of every session of a run; the run's own number follows.
SESSION_PREFIX = "atelier-run-"

#: The launcher's own session, which holds the lock or waits for it: never taken for something left over.
LAUNCHER = "atelier-launcher"

#: Key of the advisory lock that a run holds: any number, the same for ever.
RUN_LOCK = 7_021_955_231

LOCK_POLL_SECONDS = 1.0

#: Environment variable that the launcher sets for the steps of a run: it holds the warehouse already.
HELD = "ATELIER_HOLDS_WAREHOUSE"


def connect(warehouse: Warehouse, application_name: str = LAUNCHER) -> Connection:
    """Log in to the warehouse.

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
            keepalives_idle=60,
            **cast("dict[str, Any]", warehouse.tls),
        )
    except psycopg2.OperationalError as error:
        raise AtelierError(f"the warehouse, {warehouse.place}, {_reason(str(error))}") from None
    connection.autocommit = True
    return connection


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
            time.sleep(LOCK_POLL_SECONDS)
        _end_leftovers(connection, say)
        yield


def _end_leftovers(connection: Connection, say: Callable[[str], None]) -> None:
    query = (
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
        "and usename = current_user and application_name like %s and application_name <> %s"
    )
    # A command of ours that Meltano has invoked must not end Meltano.
    own = os.environ.get("PGAPPNAME", "")
    with connection.cursor() as cursor:
        ended = 0
        # A session that is ended may take a moment to roll back; nothing may start before it is gone.
        for _ in range(100):
            cursor.execute(query, (SESSION_PREFIX + "%", own))
            rows = cursor.fetchall()
            if not rows:
                break
            ended = max(ended, len(rows))
            time.sleep(0.1)
    if ended:
        say(f"ended {ended} session(s) that an interrupted run had left in the warehouse")
