"""One plant per module of tests: its sources are made once, its tests follow each other as days do."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pytest
from atelier_demo.factory.erp import make_erp
from atelier_demo.factory.fill import PIPELINE_TABLES
from atelier_demo.factory.logs import grow_logs, make_logs

from pipeline.plant import Plant

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_demo.servers.site import Site
    from pymysql.connections import Connection

SEED = 7
DAYS = 6
ORDERS = 250
#: A day in winter time, so that a test that is about other things has no odd hour.
UNTIL = date(2025, 11, 20)


def erp_connection(plant: Plant) -> Connection:
    """Return an administrator's connection to the plant's own ERP."""
    return plant.site.admin_mysql(plant.variables["MYSQL_DATABASE"])


def make_plants_erp(plant: Plant, *, seed: int = SEED, orders: int = ORDERS, until: date = UNTIL) -> None:
    """Fill the plant's own ERP and let the pipeline's user read the six tables of it, and no other."""
    database, user = plant.variables["MYSQL_DATABASE"], plant.variables["MYSQL_USER"]
    with closing(plant.site.admin_mysql(None)) as connection, connection.cursor() as cursor:
        cursor.execute(f"drop database if exists {database}")
        make_erp(connection, seed=seed, orders=orders, until=until, database=database)
        connection.commit()
        for table in PIPELINE_TABLES:
            cursor.execute(f"grant select on {database}.{table} to {user}@'%'")


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
        make_plants_erp(plant)
        return plant

    return make
