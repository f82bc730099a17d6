"""One plant per module of tests: its sources are made once, its tests follow each other as days do."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pytest
from atelier_demo.factory.erp import make_erp
from atelier_demo.factory.logs import grow_logs, make_logs

from tests.pipeline.plant import Plant

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_demo.servers.site import Site

SEED = 7
DAYS = 6
ORDERS = 250
#: A day in winter time, so that a test that is about other things has no odd hour.
UNTIL = date(2025, 11, 20)
ERP_TABLES = ("a_kopf", "a_logbuch", "p_zubeh", "a_vorgang", "p_artikel", "a_kopffreie")


def erp_connection(plant: Plant):  # noqa: ANN201 # PyMySQL's connection class is not exported
    """Return an administrator's connection to the plant's own ERP."""
    connection = plant.site.admin_mysql()
    connection.select_db(plant.variables["MYSQL_DATABASE"])
    return connection


def finish_the_day(plant: Plant) -> None:
    """Let the machines work until the end of the last shift."""
    assert grow_logs(plant.logs, seed=SEED, until=UNTIL) > 0


@pytest.fixture(scope="module")
def new_plant(site: Site, servers: dict[str, str]) -> Callable[..., Plant]:
    """Makes a plant whose sources are full and whose warehouse is empty.

    It is the noon of the last day, its files end in a torn line; or, `evening`, its shift is over.
    """

    def make(name: str, *, evening: bool = False) -> Plant:
        plant = Plant(site, servers, name)
        manifest = make_logs(plant.logs, seed=SEED, days=DAYS, until=UNTIL)
        plant.growing = {plant.logs / path for path in manifest.growing}
        if evening:
            finish_the_day(plant)
        database = plant.variables["MYSQL_DATABASE"]
        with closing(site.admin_mysql()) as connection, connection.cursor() as cursor:
            cursor.execute(f"drop database if exists {database}")
            cursor.execute(f"create database {database} character set utf8mb4")
            connection.select_db(database)
            make_erp(connection, seed=SEED, orders=ORDERS, until=UNTIL)
            connection.commit()
        site.grant_erp_reader(ERP_TABLES, database=database)
        return plant

    return make
