"""The warehouse is not always as it should be: without roles, without marts, rebuilt, restarted."""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pytest
from atelier.connections import Warehouse
from atelier_demo.factory.marts import make_marts
from atelier_demo.factory.plant_days import Plant
from served import ROOT, Served, add_users, log_in, start

if TYPE_CHECKING:
    from atelier_demo.servers.site import Site

pytestmark = pytest.mark.integration

DATABASE = "serve_alone"
USER = "serve_alone_user"


def administer(site: Site, *statements: str) -> None:
    with closing(site.admin_postgres("postgres")) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for statement in statements:
            cursor.execute(statement)


def test_a_user_who_may_not_create_roles_serves_alone_and_waits_for_the_marts(
    site: Site, servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    password = secrets.token_urlsafe()
    removal = (f"drop database if exists {DATABASE} with (force)", f"drop role if exists {USER}")
    administer(
        site,
        *removal,
        f"create role {USER} login password '{password}'",
        f"create database {DATABASE} owner {USER}",
    )
    warehouse = {"POSTGRES_DB": DATABASE, "POSTGRES_USER": USER, "POSTGRES_PASSWORD": password}
    variables = {**servers, **warehouse}
    process, served = start(variables, tmp_path_factory.mktemp("alone"), until="/health")
    try:
        asyncio.run(add_users(served, {"alone1": ("reader", "a password of these tests")}))
        served.tokens["reader"] = log_in(served, "alone1", "a password of these tests")["access_token"]
        with served.client("reader") as client:
            assert client.get("/ready").status_code == 503
            missing = client.get("/v1/machines")
            assert missing.status_code == 503
            assert missing.json()["type"] == "urn:atelier:problem:marts-not-built"
            assert int(missing.headers["retry-after"]) > 0
            with closing(served.connect()) as connection, connection.cursor() as cursor:
                cursor.execute("create schema marts")
            make_marts(Warehouse.of(variables), ROOT, Plant(date(2025, 11, 20), days=3, machines=1, orders=2))
            assert client.get("/ready").status_code == 200
            assert client.get("/v1/machines").json()["count"] == 1
        with closing(served.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("select rolname from pg_roles where rolname like %s", (f"{DATABASE}%",))
            assert cursor.fetchall() == [(USER,)]
    finally:
        process.terminate()
        assert process.wait(30) == 0
        administer(site, *removal)


def test_a_mart_that_is_rebuilt_with_other_types_is_read_on(served: Served) -> None:
    with served.client("reader") as client, closing(served.connect()) as connection:
        with connection.cursor() as cursor:
            for data_type in ("varchar(200)", "text"):
                # Often enough that every connection has it prepared.
                for _ in range(60):
                    assert client.get("/v1/machines").status_code == 200
                cursor.execute(f"alter table marts.dim_machines alter column machine_name type {data_type}")
                for _ in range(20):
                    answer = client.get("/v1/machines", headers={"Cache-Control": "no-cache"})
                    assert answer.status_code == 200, answer.text


def test_a_warehouse_that_was_restarted_is_found_again(served: Served) -> None:
    with served.client("reader") as client, closing(served.connect()) as connection:
        with connection.cursor() as cursor:
            cursor.execute(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                "where datname = current_database() and application_name = 'atelier-api'"
            )
            row = cursor.fetchone()
            assert row is not None
            assert row[0] >= 3
        statuses = []
        for _ in range(20):
            answer = client.get("/v1/machines")
            statuses.append(answer.status_code)
            if answer.status_code != 200:
                assert answer.status_code == 503
                assert answer.json()["type"] == "urn:atelier:problem:warehouse-unavailable"
                assert "retry-after" in answer.headers
            time.sleep(0.1)
        # One request for each of the two pools may meet a dead connection, those after it do not.
        assert statuses[3:] == [200] * 17
