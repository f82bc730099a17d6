"""A warehouse of its own with made-up marts, and the real server on it."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from atelier.connections import Warehouse
from atelier_api.app import routes
from atelier_api.handbook.build import build
from atelier_demo.factory.marts import make_marts
from atelier_demo.factory.plant_days import Plant
from served import ROLES, ROOT, Served, add_users, log_in, start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from atelier_demo.servers.site import Site

DATABASE = "serve_tests"

#: What the tests' machines did: some days before a day in winter time.
PLANT = Plant(until=date(2025, 11, 20), days=12, machines=2, orders=40)


@pytest.fixture(scope="session")
def marts(site: Site, servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """The variables of a warehouse with marts."""
    with closing(site.admin_postgres("postgres")) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(f"drop database if exists {DATABASE} with (force)")
        cursor.execute(f"create database {DATABASE} owner {servers['POSTGRES_USER']}")
    variables = {**servers, "POSTGRES_DB": DATABASE}
    make_marts(Warehouse.of(variables), ROOT, PLANT)
    yield variables
    with closing(site.admin_postgres("postgres")) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(f"drop database if exists {DATABASE} with (force)")


@pytest.fixture(scope="session")
def served(site: Site, marts: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server, with a user of each role who is logged in."""
    process, served = start(marts, tmp_path_factory.mktemp("served"))
    try:
        with closing(site.admin_postgres(DATABASE)) as connection, connection.cursor() as cursor:
            # Small numbers are left to a test that tries all of them.
            cursor.execute("alter table serve.users alter column user_id restart with 1000000")
            connection.commit()
        served.passwords = {role: secrets.token_urlsafe(16) for role in ROLES}
        asyncio.run(add_users(served, {f"{role}1": (role, served.passwords[role]) for role in ROLES}))
        for role, password in served.passwords.items():
            served.tokens[role] = log_in(served, f"{role}1", password)["access_token"]
        yield served
    finally:
        process.terminate()
        assert process.wait(30) == 0


@pytest.fixture(scope="session")
def handbook(served: Served, marts: dict[str, str]) -> Path:
    """The documentation's pages, made where the server looks for them, in the place of older ones."""
    folder = served.docs_folder
    folder.mkdir(parents=True)
    (folder / "old.html").touch()
    zone = ZoneInfo("Europe/Paris")
    build(ROOT, folder, marts, target="test", description=routes().openapi(), timezone=zone)
    return folder
