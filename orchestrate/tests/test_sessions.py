"""Each kind of connection has the settings of the list, and says what is wrong with a server or database."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

import psycopg
import pytest
import sqlalchemy as sa
from atelier import warehouse
from atelier.connections import Warehouse, session_parameters
from atelier.errors import AtelierError
from atelier.warehouse import connect
from atelier_api.database import _ensure
from dbt.adapters.contracts.connection import Connection as DbtConnection
from dbt.adapters.postgres.connections import PostgresConnectionManager, PostgresCredentials
from dbt_atelier import Sessions
from dbt_common.exceptions import DbtDatabaseError
from pipeline.hostile import make_hostile
from target_warehouse import sessions
from target_warehouse.sinks import WarehouseConnector
from target_warehouse.target import TargetWarehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from atelier_demo.servers.site import Site

pytestmark = pytest.mark.integration

WANTED = {**sessions.SETTINGS, **sessions.LATER_SETTINGS}


@pytest.fixture
def database(site: Site, postgres: dict[str, str]) -> Iterator[Callable[..., dict[str, str]]]:
    """Makes a database that holds nothing; returns the variables that name it."""
    made = []

    def make(name: str, options: str = "") -> dict[str, str]:
        made.append(name)
        execute_as_admin(site, "atelier", f"drop database if exists {name} with (force)")
        owner = postgres["POSTGRES_USER"]
        execute_as_admin(site, "atelier", f"create database {name} owner {owner} {options}")
        return {**postgres, "POSTGRES_DB": name}

    yield make
    for name in made:
        execute_as_admin(site, "atelier", f"drop database {name} with (force)")


def execute_as_admin(site: Site, database: str, *statements: str) -> list[tuple[Any, ...]]:
    with closing(site.admin_postgres(database)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


def schemas_of(site: Site, database: str) -> dict[str, str]:
    return dict(
        execute_as_admin(
            site,
            database,
            "select nspname, pg_get_userbyid(nspowner) from pg_namespace "
            "where nspname !~ '^(pg_|information_schema|public)'",
        )
    )


def of_psycopg2(place: Warehouse) -> dict[str, str]:
    with closing(connect(place)) as connection, connection.cursor() as cursor:
        cursor.execute(sessions.look(WANTED))
        return dict(cursor.fetchall())


def of_meltano(place: Warehouse) -> dict[str, str]:
    engine = sa.create_engine(place.system_database_uri, poolclass=sa.NullPool)
    with engine.connect() as connection:
        rows = connection.execute(sa.text(sessions.look(WANTED)))
        found = {str(name): str(value) for name, value in rows}
    assert found.pop("search_path") == "meltano"
    return {**found, "search_path": "pg_catalog"}


def of_loader(place: Warehouse) -> dict[str, str]:
    config = {
        "host": place.host,
        "port": place.port,
        "user": place.user,
        "password": place.password,
        "database": place.database,
    }
    connector = WarehouseConnector(dict(TargetWarehouse(config=config, validate_config=False).config))
    with connector._engine.connect() as connection:
        rows = connection.execute(sa.text(sessions.look(WANTED)))
        found = {str(name): str(value) for name, value in rows}
    connector._engine.dispose()
    return found


def of_dbt(place: Warehouse) -> dict[str, str]:
    Sessions("atelier")
    credentials = PostgresCredentials(
        host=place.host,
        port=place.port,
        user=place.user,
        password=place.password,
        database=place.database,
        schema="staging",
    )
    opened = PostgresConnectionManager.open(DbtConnection("postgres", "a test", credentials))
    with closing(opened.handle), opened.handle.cursor() as cursor:
        cursor.execute(sessions.look(WANTED))
        return dict(cursor.fetchall())


def of_api(place: Warehouse) -> dict[str, str]:
    async def found() -> dict[str, str]:
        connection = await psycopg.AsyncConnection.connect(
            host=place.host,
            port=place.port,
            user=place.user,
            password=place.password,
            dbname=place.database,
            autocommit=True,
            **session_parameters(),  # type: ignore[arg-type] # libpq's
        )
        async with connection:
            await _ensure(connection, place)
            cursor = await connection.execute(sessions.look(WANTED))
            return {str(name): str(value) for name, value in await cursor.fetchall()}

    return asyncio.run(found())


def test_every_kind_of_connection_has_the_settings(
    site: Site, database: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = database("hostile_core")
    make_hostile(site, variables)
    # What libpq would send of the environment.
    for name, value in {"PGCLIENTENCODING": "LATIN1", "PGDATESTYLE": "German", "PGTZ": "Asia/Tokyo"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PGOPTIONS", "-c DateStyle=German")
    place = Warehouse.of(variables)
    for kind in (of_psycopg2, of_meltano, of_loader, of_api, of_dbt):
        found = kind(place)
        # Some versions do not know every setting.
        known = {name: value for name, value in WANTED.items() if found[name] not in (None, "None")}
        assert {name: found[name] for name in known} == known, kind.__name__
        assert found["standard_conforming_strings"] == "on"


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "WIN1252"])
def test_a_database_that_cannot_store_every_text_is_refused(
    site: Site, database: Callable[..., dict[str, str]], encoding: str
) -> None:
    variables = database("other_encoding", f"encoding '{encoding}' template template0")
    with pytest.raises(AtelierError, match=f"has the encoding {encoding}.*create the database again"):
        connect(Warehouse.of(variables))
    assert schemas_of(site, "other_encoding") == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"backend_pid": "8"}, "connection pooler, such as PgBouncer"),
        ({"server_version_num": "140011"}, "is PostgreSQL 14, and Atelier needs 15 or newer"),
        ({"server_encoding": "SQL_ASCII"}, "has the encoding SQL_ASCII"),
        ({"in_recovery": "true"}, "is a standby"),
        ({"session_replication_role": "replica"}, "keeps the setting session_replication_role at 'replica'"),
        ({"DateStyle": "German"}, "keeps the setting DateStyle at 'German', and Atelier needs 'ISO, YMD'"),
    ],
)
def test_a_session_that_is_not_what_is_needed_is_refused(change: Mapping[str, str], words: str) -> None:
    good: dict[str, str | None] = {
        **WANTED,
        **sessions.CHECKED_SETTINGS,
        "backend_pid": "7",
        "server_version_num": "150018",
        "server_encoding": "UTF8",
        "in_recovery": "false",
    }
    # A server before 17 does not know it; over a Unix socket there is nothing to keep alive.
    good |= {"transaction_timeout": None, "tcp_keepalives_idle": "0"}

    def check(values: Mapping[str, str | None]) -> None:
        found = sessions.Found(list(values.items()))
        found.check_server(7)
        found.check_settings(WANTED)

    check(good)
    with pytest.raises(sessions.SessionError, match=words):
        check({**good, **change})


def refusal(state: str) -> bytes:
    fields = f"SFATAL\0VFATAL\0C{state}\0Mla base de données dit « non »\0\0".encode()
    return b"E" + struct.pack("!i", len(fields) + 4) + fields


@contextmanager
def french_server(state: str, then: tuple[str, int] | None = None, refusals_before: int = 0) -> Iterator[int]:
    """A server that refuses log-ins in French; after some of them another one answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def copy(source: socket.socket, target: socket.socket) -> None:
            with source, target, contextlib.suppress(OSError):
                while data := source.recv(65536):
                    target.sendall(data)

        def answer() -> None:
            count = 0
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                count += 1
                if then and count > refusals_before:
                    server = socket.create_connection(then)
                    for pair in ((client, server), (server, client)):
                        threading.Thread(target=copy, args=pair, daemon=True).start()
                    continue
                with client:
                    (size,) = struct.unpack("!i", client.recv(4))
                    if client.recv(size - 4) == struct.pack("!i", 80877103):
                        client.sendall(b"N")
                        (size,) = struct.unpack("!i", client.recv(4))
                        client.recv(size - 4)
                    client.sendall(refusal(state))

        threading.Thread(target=answer, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_a_server_that_starts_is_waited_for_in_any_language(
    postgres: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse, "POLL_SECONDS", 0.01)
    real = (postgres["POSTGRES_HOST"], int(postgres["POSTGRES_PORT"]))
    with french_server("57P03", real, refusals_before=4) as port:
        connect(Warehouse.of({**postgres, "POSTGRES_PORT": str(port)})).close()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("08P01", "as a connection pooler such as PgBouncer does"),
        ("28000", "does not let the user in from here"),
        ("28P01", "refuses the log-in: check POSTGRES_USER and POSTGRES_PASSWORD"),
        ("3D000", "does not exist: create it, or check POSTGRES_DB"),
        ("42704", "does not know a setting of the session: check PGOPTIONS"),
        ("53300", "has no connection left"),
        ("57P03", "is starting or stopping"),
        ("XX000", r"refuses the log-in \(SQLSTATE XX000; .*« non »\)"),
    ],
)
def test_a_refused_log_in_is_understood_in_any_language(
    postgres: dict[str, str], state: str, words: str
) -> None:
    with french_server(state) as port, pytest.raises(AtelierError, match=words):
        connect(Warehouse.of({**postgres, "POSTGRES_PORT": str(port)}), patience=0)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("set statement_timeout = '5ms'; select pg_sleep(9)", "has cancelled a statement"),
        ("set transaction_read_only = on; create table public.t ()", "can only be read"),
        ("set lock_timeout = '5ms'; lock table public.locked", "was not free within"),
        ("select pg_terminate_backend(pg_backend_pid())", "has broken off the connection"),
        ("create table pg_catalog.t ()", "does not give the user a right that is needed"),
        ("select 1 / 0", "has refused a statement .SQLSTATE 22012."),
    ],
)
def test_a_refused_statement_is_told_as_what_it_is(
    postgres: dict[str, str], statement: str, words: str
) -> None:
    place = Warehouse.of(postgres)
    with closing(connect(place)) as other, closing(connect(place)) as connection, other.cursor() as cursor:
        cursor.execute("begin; create table public.locked (); commit; begin; lock table public.locked")
        try:
            with pytest.raises(AtelierError, match=words), warehouse.breaks_told(place):
                with connection.cursor() as working:
                    working.execute(statement)
        finally:
            cursor.execute("rollback; drop table public.locked")


def test_an_error_of_dbt_s_begins_with_its_sqlstate(postgres: dict[str, str]) -> None:
    Sessions("atelier")
    manager = mock.create_autospec(PostgresConnectionManager, instance=True)
    with closing(connect(Warehouse.of(postgres))) as connection, connection.cursor() as cursor:
        with pytest.raises(DbtDatabaseError, match=r"\[22012\] division by zero"):
            with PostgresConnectionManager.exception_handler(manager, "select 1 / 0"):
                cursor.execute("select 1 / 0")


@pytest.mark.parametrize(
    ("schema", "is_superuser"),
    [
        *(("staging", False), ("staging", True), ("marts", True)),
        *(("raw_erp", False), ("meltano", False), ("ops", True), ("gdpr", False), ("serve", False)),
    ],
)
def test_a_schema_of_someone_else_is_left_alone(
    site: Site, database: Callable[..., dict[str, str]], schema: str, *, is_superuser: bool
) -> None:
    variables = database("shared")
    user = variables["POSTGRES_USER"]
    execute_as_admin(
        site,
        "shared",
        "drop role if exists someone_else",
        f"create role someone_else; grant someone_else to {user}",
        f"create schema {schema} authorization someone_else",
    )
    if is_superuser:
        password = site.postgres.site.settings.secret("postgres_admin_password")
        variables |= {"POSTGRES_USER": "postgres", "POSTGRES_PASSWORD": password}
    try:
        with pytest.raises(AtelierError, match=rf"{schema} \(of someone_else\).*alter schema"):
            connect(Warehouse.of(variables))
        assert schemas_of(site, "shared") == {schema: "someone_else"}
    finally:
        execute_as_admin(site, "shared", f"drop schema {schema}; drop role someone_else")


def test_the_schemas_of_a_renamed_database_are_still_atelier_s(
    site: Site, database: Callable[..., dict[str, str]]
) -> None:
    variables = database("renamed")
    user = variables["POSTGRES_USER"]
    execute_as_admin(
        site,
        "renamed",
        f"create role was_transformer; grant was_transformer to {user}",
        "create schema marts authorization was_transformer",
        f"create schema ops authorization {user}",
    )
    try:
        connect(Warehouse.of(variables)).close()
    finally:
        execute_as_admin(site, "renamed", "drop schema marts; drop role was_transformer")
