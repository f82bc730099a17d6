"""An ERP as another plant has it, or after an upgrade: whole runs by `meltano run`."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from pipeline.conftest import erp_connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.plant import Plant

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

#: What an upgrade of the ERP may do, all at once; some tables become views, some get another key.
UPGRADE = (
    "set foreign_key_checks = 0",
    "alter table a_kopf change aufstatus AufStatus varchar(40), change kundennr KundenNr varchar(20), "
    "modify fsystemgrp int, modify aunummer bigint unsigned",
    "rename table p_zubeh to P_ZUBEH",
    "alter table a_logbuch modify id bigint unsigned auto_increment, modify notiz mediumblob, "
    "modify datum timestamp null",
    "rename table a_kopffreie to A_KopfFreie",
    "rename table p_artikel to articles",
    "create view P_Artikel as select * from articles",
    "alter table a_vorgang drop foreign key a_vorgang_a_kopf",
    "alter table a_vorgang drop primary key, add ID int auto_increment primary key",
)


def change(plant: Plant, *statements: str) -> None:
    """Run statements in the plant's ERP; the pipeline's user may read its tables under any name."""
    with closing(erp_connection(plant)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        connection.commit()
        cursor.execute(
            f"grant select on {plant.variables['MYSQL_DATABASE']}.* to {plant.variables['MYSQL_USER']}@'%'"
        )


def test_an_upgraded_erp_gives_the_same_marts(new_plant: Callable[..., Plant]) -> None:
    plant = new_plant("erp_upgraded", evening=True)
    plant.run_well("elt")
    plant.execute("create view public.own as select fsystemgrp, aufstatus from raw_erp.a_kopf")
    before = plant.contents("raw_erp", "intermediate", "marts")
    change(plant, *UPGRADE)
    status, output = plant.run("erp-published")
    assert status != 0
    assert "PyPI's tap cannot read the table a_kopf" in output.splitlines()[-1]
    plant.run_well("erp")
    # Without a run of dbt the views that stand on raw are there, also those of a user.
    assert plant.query("select count(*) from public.own") == plant.query(
        "select count(*) from staging.stg_erp__orders"
    )
    plant.run_well("elt")
    assert plant.contents("raw_erp", "intermediate", "marts") == before
    change(
        plant,
        "update a_kopf set fsystemgrp = 40000, AufStatus = 'Terminée' where fsystemgrp is not null limit 1",
        "insert into a_logbuch (id, id_a_kopf, datum, zeit, notiz) select 18446744073709551614, id, now(), "
        "now(), 'cde planifiée' from a_kopf limit 1",
    )
    plant.run_well("elt")
    assert plant.query("select aufstatus from raw_erp.a_kopf where fsystemgrp = 40000") == [("Terminée",)]
    assert plant.query("select count(*) from raw_erp.a_logbuch where id = 18446744073709551614") == [(1,)]
    plant.execute("drop view public.own")
    fresh = plant.contents("intermediate", "marts")
    # A first run on such an ERP gives the same.
    twin = plant.twin("erp_upgraded_twin")
    twin.run_well("elt")
    assert twin.lasting("marts") == plant.lasting("marts")
    assert fresh


def test_a_refused_change_leaves_everything_as_it_was(new_plant: Callable[..., Plant]) -> None:
    plant = new_plant("erp_refused", evening=True)
    plant.run_well("elt")
    before = plant.contents("raw_erp", "marts")
    for statement, words in (
        ("alter table a_kopf modify fsystemgrp varchar(9)", ["a_kopf", "fsystemgrp", "varchar(9)", "int"]),
        ("create table A_KOPF (id int)", ["a_kopf", "A_KOPF"]),
        ("alter table p_zubeh drop primary key, modify znr int null", []),
    ):
        change(plant, "set foreign_key_checks = 0", statement)
        if not words:
            change(plant, "update p_zubeh set znr = null limit 1")
            words = ["p_zubeh", "id_a_kopf, position, kennung, znr", "1 rows have NULL"]
        status, output = plant.run("elt")
        last = [line for line in output.splitlines() if line.strip()][-1]
        assert status != 0
        for word in words:
            assert word in last, last
        assert plant.contents("raw_erp", "marts") == before
        if "A_KOPF" in statement:
            change(plant, "drop table A_KOPF")
        elif "fsystemgrp" in statement:
            change(plant, "alter table a_kopf modify fsystemgrp smallint")
    with closing(erp_connection(plant)) as connection, connection.cursor() as cursor:
        cursor.execute("update p_zubeh set znr = 1 where znr is null")
        cursor.execute("lock tables a_kopf write")
        status, output = plant.run("erp")
        assert status != 0
        assert "the table a_kopf is locked" in output.splitlines()[-1]
