"""What the check of the ERP says before anything is loaded: names in any case, types, keys, locks."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from atelier.erp_source import DAY, MOMENT, NUMBER, TEXT, WHOLE, check_erp, check_erp_published
from atelier.errors import AtelierError
from atelier_demo.factory.erp_schema import recreate_tables
from tap_mysql.tables import list_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_demo.servers.site import Site

pytestmark = pytest.mark.integration

DATABASE = "Erp_Check"


class Erp:
    """A database of the ERP's tables, and the variables that name it."""

    def __init__(self, site: Site, servers: dict[str, str]) -> None:
        self.connection = site.admin_mysql(None)
        self.variables = {**servers, "MYSQL_DATABASE": DATABASE}
        self.execute(
            f"drop database if exists {DATABASE}",
            f"create database {DATABASE} character set utf8mb4",
            f"use {DATABASE}",
            f"grant select on {DATABASE}.* to {servers['MYSQL_USER']}@'%'",
        )
        recreate_tables(self.connection)
        self.execute("set foreign_key_checks = 0")

    def execute(self, *statements: str) -> None:
        with self.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


@pytest.fixture(scope="module")
def database(site: Site, servers: dict[str, str]) -> Iterator[Erp]:
    erp = Erp(site, servers)
    with closing(erp.connection):
        yield erp
        erp.execute(f"drop database {DATABASE}")


@pytest.fixture
def erp(database: Erp) -> Iterator[Erp]:
    """The tables as the ERP's maker made them."""
    yield database
    database.execute("drop table if exists other, A_Kopf, P_ZUBEH, kept", "drop view if exists p_zubeh")
    recreate_tables(database.connection)


def test_the_known_erp_is_as_it_must_be(erp: Erp) -> None:
    assert f"database {DATABASE} at 127.0.0.1:" in check_erp(erp.variables)
    assert "6 tables" in check_erp_published(erp.variables)


def test_names_may_be_in_any_case_but_for_the_published_tap(erp: Erp) -> None:
    erp.execute("alter table a_kopf change aufstatus AufStatus varchar(15)")
    check_erp(erp.variables)
    with pytest.raises(AtelierError, match=r"cannot read the table a_kopf .* there is AufStatus"):
        check_erp_published(erp.variables)
    erp.execute("rename table p_zubeh to P_ZUBEH", "rename table a_kopf to A_Kopf")
    check_erp(erp.variables)
    with pytest.raises(AtelierError, match="there is A_Kopf, AufStatus"):
        check_erp_published(erp.variables)
    erp.execute("create table a_kopf (id int)")
    with pytest.raises(AtelierError, match="has several tables a_kopf, as A_Kopf, a_kopf"):
        check_erp(erp.variables)


def test_a_column_that_holds_something_else_is_refused(erp: Erp) -> None:
    erp.execute(
        "alter table p_artikel modify artikelid geometry", "alter table a_kopf modify aunummer varchar(20)"
    )
    # All of them at once.
    with pytest.raises(
        AtelierError,
        match=r"Erp_Check.* other types now: a_kopf\.aunummer is varchar\(20\) and was int.*; "
        r"p_artikel\.artikelid is geometry and was varchar or text: nothing is loaded",
    ):
        check_erp(erp.variables)
    erp.execute("alter table a_kopf drop column techniker")
    with pytest.raises(AtelierError, match=r"table a_kopf .* no column techniker"):
        check_erp(erp.variables)


#: Types and what a column of such a type may be.
TYPES = {
    "smallint": {WHOLE, NUMBER},
    "bigint unsigned": {WHOLE, NUMBER},
    "tinyint(1)": {WHOLE, NUMBER},
    "decimal(20,0)": {WHOLE, NUMBER},
    "decimal(9,2)": {NUMBER},
    "double": {NUMBER},
    "longtext": {TEXT},
    "char(3)": {TEXT},
    "enum('a', 'b')": {TEXT},
    "mediumblob": {TEXT},
    "varbinary(9)": {TEXT},
    "datetime(6)": {DAY, MOMENT},
    "timestamp null": {DAY, MOMENT},
    "date": {DAY},
    "time": set(),
    "year": set(),
    "bit(8)": set(),
    "geometry": set(),
}


def test_what_a_column_may_hold(erp: Erp) -> None:
    columns = ", ".join(f"c{number} {declared}" for number, declared in enumerate(TYPES))
    erp.execute(f"create table other ({columns})")
    with erp.connection.cursor() as cursor:
        cursor.execute(f"use {DATABASE}")
        table = next(table for table in list_tables(erp.connection) if table.name == "other")
    found = {
        declared: {holds for holds in (TEXT, WHOLE, NUMBER, DAY, MOMENT) if holds.fits(column)}
        for declared, column in zip(TYPES, table.columns, strict=True)
    }
    assert found == TYPES


def test_wider_columns_are_welcome(erp: Erp) -> None:
    erp.execute(
        "alter table a_kopf modify fsystemgrp int, modify aunummer bigint unsigned, modify kommission "
        "longtext, modify aufstatus enum('a', 'b'), modify a_vormwst double",
        "alter table a_logbuch modify id bigint unsigned auto_increment, modify notiz mediumblob, "
        "modify zeit timestamp null, modify datum date",
        "alter table p_zubeh modify stueck decimal(20,5)",
    )
    check_erp(erp.variables)
    with pytest.raises(AtelierError, match=r"misreads zeit \(timestamp\), notiz \(mediumblob\)"):
        check_erp_published(erp.variables)


@pytest.mark.parametrize(
    "change",
    [
        ["rename table p_zubeh to kept", "create view p_zubeh as select * from kept"],
        ["alter table p_zubeh drop primary key, add ID int auto_increment primary key"],
    ],
    ids=["view", "another key"],
)
def test_the_published_tap_needs_the_known_keys(erp: Erp, change: list[str]) -> None:
    erp.execute(*change)
    check_erp(erp.variables)
    with pytest.raises(AtelierError, match=r"the table p_zubeh .* takes no other key"):
        check_erp_published(erp.variables)


def test_a_view_that_is_broken_is_named(erp: Erp) -> None:
    erp.execute(
        "rename table p_zubeh to kept", "create view p_zubeh as select * from kept", "drop table kept"
    )
    with pytest.raises(AtelierError, match="p_zubeh"):
        check_erp(erp.variables)


def test_a_locked_table_is_named(erp: Erp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tap_mysql.settings.DEFAULT_LOCK_TIMEOUT", 1.0)
    erp.execute("lock tables a_kopf write")
    try:
        with pytest.raises(AtelierError, match="the table a_kopf is locked on the MySQL server"):
            check_erp(erp.variables)
    finally:
        erp.execute("unlock tables")
