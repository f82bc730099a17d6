"""The ERP on its way to the marts: one moment for all tables, every row accounted for, by either tap."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from atelier.report import report_orders
from atelier_demo.factory.erp_operations import add_order, delete_order
from oracle.compare import ERP_TABLES, assert_marts_equal

from pipeline.conftest import erp_connection
from pipeline.plant import ROOT, Plant

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

LOADS = """
    select table_name, source_row_count, raw_row_count, is_loaded, snapshot_at
    from marts.fct_erp_table_loads order by coalesce(loaded_at, snapshot_at), table_name
"""
PUBLISHED_TAP = ROOT / "extract" / "tap_mysql_published" / ".venv" / "bin" / "tap-mysql"


#: Statuses as offices type them and programs spoil them, with the seed's name; None where it has none.
STATUSES = {
    "cde Planifiee": "Planifiée",
    "Planifi\u201ae": "Planifiée",
    " planifiée\u00a0": "Planifiée",
    "Lancer  en prod": "lancer en prod",
    " vitrage ": "vitrage",
    "Annulée": "Annulée",
    "Suspendue": "Suspendue",
    "Bloquée": None,
    "BLOQUEE": None,
    "Planifi?e": None,
}


def fill_with_field_cases(plant: Plant) -> None:
    """Add orders as they come from the field: each stops nothing, and what is wrong with it is told."""
    with closing(erp_connection(plant)) as connection, connection.cursor() as cursor:
        cursor.execute("set foreign_key_checks = 0")
        for number, status in enumerate(STATUSES):
            add_order(connection, number=800_000 + number, status=status, note="la CDE \u00a0planifi\u201ae")
        keyed = add_order(connection, number=800_100, event_number="VR1")
        for table in ("a_logbuch", "p_zubeh", "a_vorgang"):
            cursor.execute(f"update {table} set id_a_kopf = 'cmd1' where id_a_kopf = %s", (keyed,))
        marked = add_order(connection, number=800_101, accessory_code="VR-TEN")
        cursor.execute("update p_zubeh set kennung = '10' where id_a_kopf = %s", (marked,))
        huge = add_order(connection, number=800_102, quantity=3760123456789)
        cursor.execute("update a_kopf set id = 'CMD1' where id = %s", (keyed,))
        cursor.execute("update a_kopf set id = 'KENN1' where id = %s", (marked,))
        cursor.execute("update a_kopf set id = 'HUGE1' where id = %s", (huge,))
        for table in ("a_logbuch", "p_zubeh"):
            cursor.execute(f"update {table} set id_a_kopf = 'Kenn1' where id_a_kopf = %s", (marked,))
            cursor.execute(f"update {table} set id_a_kopf = 'huge1' where id_a_kopf = %s", (huge,))
        cursor.execute(
            "insert into p_zubeh (id_a_kopf, position, kennung, znr, zcode, text, stueck) "
            "values ('kenn1', 1, '2', 1, 'VR-TWO', 'Volet', 1), ('nobody', 1, '2', 1, 'VR-TWO', 'Volet', 1)"
        )
        connection.commit()


@pytest.fixture(scope="module")
def plant(new_plant: Callable[..., Plant]) -> Plant:
    plant = new_plant("erp", evening=True)
    fill_with_field_cases(plant)
    plant.run_well("elt")
    return plant


def test_orders_of_the_field_are_in_the_list_as_mysql_and_the_seed_say(plant: Plant) -> None:
    found = plant.query(
        "select status, status_name, is_selected, reason from marts.fct_order_selection "
        "where order_number between 800000 and 800099 order by order_number"
    )
    assert [name for _, name, _, _ in found] == list(STATUSES.values())
    assert [selected for _, _, selected, _ in found] == 5 * [True] + 5 * [False]
    assert [status for status, _, _, _ in found][:5] == [
        *("cde Planifiee", "Planifiée", "planifiée", "Lancer  en prod", "vitrage")
    ]
    assert found[-1][3] == "Absente de la liste : statut inconnu de la liste des statuts."
    assert plant.query(
        "select order_id, box_code, accessory_count, accessory_quantity, is_stock_managed "
        "from marts.fct_shutter_orders where order_id in ('CMD1', 'KENN1', 'HUGE1') order by order_number"
    ) == [("CMD1", "VR100", 1, 1, True), ("KENN1", "VR-TWO", 2, 2, False), ("HUGE1", "VR100", 1, 0, False)]
    assert plant.query(
        "select order_id, quantity from marts.fct_order_accessories where order_id = 'HUGE1'"
    ) == [("HUGE1", None)]
    assert plant.query("select is_planned from snapshots.order_history where order_id = 'CMD1'") == [(True,)]


def test_what_the_marts_cannot_hold_is_told_by_row_and_column(plant: Plant) -> None:
    problems = plant.query(
        "select table_name, order_id, row_key, column_name, reason from marts.fct_data_problems "
        "where table_name = 'p_zubeh' order by column_name desc"
    )
    assert problems == [
        ("p_zubeh", "HUGE1", "1/Z/1", "stueck", "unreadable_number"),
        ("p_zubeh", "nobody", "nobody", "id_a_kopf", "unknown_order"),
    ]
    alerts = dict(plant.query("select kind || ' ' || subject, details from marts.fct_alerts"))
    assert alerts["data_problem p_zubeh.stueck"] == "1 ligne"
    assert (
        "« Bloquée » (2)" in alerts["unknown_status order_statuses"]
        or "« BLOQUEE » (2)" in alerts["unknown_status order_statuses"]
    )
    assert "« Planifi?e » (1)" in alerts["unknown_status order_statuses"]


def test_the_last_lines_of_a_run_name_the_statuses_that_nobody_knows(plant: Plant) -> None:
    said = report_orders(plant.variables)
    assert "are not in transform/seeds/order_statuses.csv" in said
    assert "'Bloquée' (1), 'Planifi?e' (1)" in said
    assert "'p_zubeh.stueck' (1)" in said
    assert "no roller-shutter order is left" not in said


def test_a_list_that_becomes_empty_is_told_until_it_has_orders_again(plant: Plant) -> None:
    def told() -> bool:
        alert = plant.query("select count(*) from marts.fct_alerts where kind = 'no_shutter_orders'")
        said = "no roller-shutter order is left" in report_orders(plant.variables)
        assert said == (alert == [(1,)])
        return said

    # As the hook of a build does: it has recorded that there were orders.
    assert plant.query("select has_orders from ops.order_list_changes") == [(True,)]
    plant.execute("insert into ops.order_list_changes (has_orders) values (false)")
    assert told()
    plant.execute("insert into ops.order_list_changes (has_orders) values (true)")
    assert not told()


def test_the_marts_agree_with_the_oracle_about_them(plant: Plant) -> None:
    assert_marts_equal(plant)


def test_a_run_writes_down_what_the_source_had_and_what_the_warehouse_has(plant: Plant) -> None:
    loads = plant.query(LOADS)
    assert [row[0] for row in loads] == sorted(ERP_TABLES)
    assert len({row[4] for row in loads}) == 1
    with closing(erp_connection(plant)) as connection, connection.cursor() as cursor:
        for table, source, raw, is_loaded, _ in loads:
            cursor.execute(f"select count(*) from {table}")
            assert is_loaded
            assert (source,) == cursor.fetchone()
            assert [(raw,)] == plant.query(f"select count(*) from raw_erp.{table}")
    impossible = plant.query("select sum(impossible_date_count) from marts.fct_erp_table_loads")
    # The factory writes zero dates.
    assert impossible[0][0] > 0


def test_a_row_too_few_in_the_warehouse_fails_the_run(plant: Plant) -> None:
    plant.execute(
        "update raw_erp.full_table_loads set row_count = row_count - 1 where table_name = 'p_zubeh'"
    )
    try:
        status, output = plant.run("transform")
        assert status != 0
        assert "assert_source_and_warehouse_have_as_many_rows" in output.splitlines()[-1], output[-2000:]
    finally:
        plant.execute(
            "update raw_erp.full_table_loads set row_count = row_count + 1 where table_name = 'p_zubeh'"
        )


class Office:
    """People who write and delete orders, each in one transaction, for as long as it is open."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self.written = 0

    def __enter__(self) -> Office:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        with closing(erp_connection(self._plant)) as connection:
            while not self._stop.is_set():
                self.written += 1
                order = add_order(connection, number=900_000 + self.written, event_number="VR1")
                if self.written % 3 == 0:
                    delete_order(connection, order)
                self._stop.wait(0.002)


@pytest.mark.slow  # six runs
def test_an_order_that_is_written_meanwhile_is_there_wholly_or_not_at_all(plant: Plant) -> None:
    with Office(plant) as office:
        for _ in range(2):
            plant.run_well("erp-to-marts")
    assert office.written > 100
    rows: Counter[Any] = Counter()
    orders = {row[0] for row in plant.query("select id from raw_erp.a_kopf where aunummer > 900000")}
    assert orders
    for table in ("a_logbuch", "p_zubeh", "a_vorgang"):
        rows.update(
            row[0]
            for row in plant.query(
                f"select id_a_kopf from raw_erp.{table} where id_a_kopf in "
                "(select id from raw_erp.a_kopf where aunummer > 900000)"
            )
        )
        orphans = (
            f"select count(*) from raw_erp.{table} where id_a_kopf <> 'nobody' "
            "and lower(id_a_kopf) not in (select lower(id) from raw_erp.a_kopf)"
        )
        assert plant.query(orphans) == [(0,)]
    assert rows == dict.fromkeys(orders, 3)
    marts = plant.query(
        "select order_id, accessory_count, is_stock_managed from marts.fct_shutter_orders "
        "where order_number > 900000"
    )
    assert {row[0] for row in marts} == orders
    assert {row[1:] for row in marts} == {(1, True)}
    with closing(erp_connection(plant)) as connection, connection.cursor() as cursor:
        cursor.execute("select id from a_kopf where aunummer > 900000")
        for (order,) in cursor.fetchall():
            delete_order(connection, order)
    plant.run_well("erp-to-marts", ERP_CONFIRM_DELETES="all")
    assert_marts_equal(plant)


def test_a_load_that_is_refused_is_written_down_as_not_loaded(plant: Plant) -> None:
    with closing(erp_connection(plant)) as connection, connection.cursor() as cursor:
        # One of the rows refers to no order.
        cursor.execute("set foreign_key_checks = 0")
        cursor.execute("create table kept as select * from p_zubeh")
        cursor.execute("delete from p_zubeh")
        connection.commit()
        try:
            status, _ = plant.run("erp")
            assert status != 0
        finally:
            cursor.execute("insert into p_zubeh select * from kept")
            cursor.execute("drop table kept")
            connection.commit()
    plant.run_well("erp")
    last = {row[0]: row[1:4] for row in plant.query(LOADS)[-12:-6]}
    assert last["p_zubeh"] == (0, None, False)
    assert {is_loaded for _, _, is_loaded in last.values()} == {False}


@pytest.mark.skipif(
    not PUBLISHED_TAP.exists(), reason="PyPI's tap-mysql wants Python 3.9 to 3.11: none was here at set-up"
)
def test_the_published_tap_gives_the_same_marts(plant: Plant) -> None:
    before = plant.contents("marts", "intermediate")
    plant.run_well("erp-published")
    plant.load("transform")
    assert plant.contents("marts", "intermediate") == before
    loads = plant.query(LOADS)[-6:]
    assert {row[4] for row in loads} == {None}
    assert [row[2] for row in loads] == [
        plant.query(f"select count(*) from raw_erp.{row[0]}")[0][0] for row in loads
    ]
