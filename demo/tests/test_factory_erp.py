"""The ERP factory: what it means to make is what the plain words of the domain find in the tables."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from atelier_demo.factory import erp_operations as operations
from atelier_demo.factory import erp_words as words
from atelier_demo.factory.erp import ErpManifest, make_erp
from atelier_demo.factory.erp_rows import CLOSED, NO_BOX, PLAIN, SHUTTER, UNPLANNED
from atelier_demo.factory.erp_schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from atelier_demo.servers.site import Site
    from pymysql.connections import Connection

MOJIBAKE = re.compile(r"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")
UNTIL = date(2025, 6, 12)
DATABASE = "factory_test"
SHUTTER_CODE = re.compile(r"VR|SOP|S (P|D|Q|T|TAB|TN)( |\d)", re.IGNORECASE)


@pytest.fixture(scope="module")
def connection(site: Site) -> Iterator[Connection[Any]]:
    """An administrator's connection; the tests fill a database of their own, not the pipeline's."""
    with site.admin_mysql(None) as opened:
        yield opened
        with opened.cursor() as cursor:
            cursor.execute(f"drop database if exists {DATABASE}")


@pytest.fixture(scope="module")
def made(connection: Connection[Any]) -> ErpManifest:
    return make_erp(connection, seed=7, orders=1500, until=UNTIL, database=DATABASE)


def rows(connection: Connection[Any], query: str) -> list[tuple[Any, ...]]:
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def count(connection: Connection[Any], query: str) -> int:
    return int(rows(connection, f"select count(*) from {query}")[0][0])


def plain(text: str | None) -> str:
    """Give a text without mojibake, accents and case: what it says.

    Only the characters that are mojibake are repaired: a note may hold real accents beside them.
    """
    back = {ord(shown): byte for byte, shown in words.CP1252_ONLY.items()}
    repaired = MOJIBAKE.sub(
        lambda found: found[0].encode("latin-1").decode("utf-8", "ignore"), (text or "").translate(back)
    )
    return unicodedata.normalize("NFKD", repaired).encode("ascii", "ignore").decode().lower()


def shutter_orders(connection: Connection[Any]) -> set[str]:
    """Find the roller-shutter orders to plan by the three conditions, without knowing how they were made."""
    planned = {
        order_id
        for order_id, note in rows(connection, "select id_a_kopf, notiz from a_logbuch")
        if "cde planifiee" in plain(note)
    }
    statuses = {"planifiee", "lancer en prod", "vitrage"}
    is_open = {
        order_id
        for order_id, status in rows(connection, "select id, aufstatus from a_kopf")
        if plain(status) in statuses
    }
    with_box = {
        order_id
        for order_id, code in rows(connection, "select id_a_kopf, zcode from p_zubeh")
        if SHUTTER_CODE.match(code or "")
    }
    return planned & is_open & with_box


def contents(connection: Connection[Any]) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(connection, f"select * from {table} order by 1, 2, 3") for table in TABLES}


def test_the_manifest_counts_what_is_there(connection: Connection[Any], made: ErpManifest) -> None:
    assert made.rows == {table: count(connection, table) for table in TABLES}
    assert made.rows["a_kopf"] == sum(made.kinds.values()) == 1500
    assert set(made.kinds) == {SHUTTER, CLOSED, UNPLANNED, NO_BOX, PLAIN}
    assert min(made.kinds.values()) > 100


def test_the_domains_words_find_the_orders_that_were_meant(
    connection: Connection[Any], made: ErpManifest
) -> None:
    found = shutter_orders(connection)
    assert len(found) == made.shutter_orders == made.kinds[SHUTTER]
    accessories = [
        order_id
        for order_id, code in rows(connection, "select id_a_kopf, zcode from p_zubeh")
        if SHUTTER_CODE.match(code or "")
    ]
    assert len(accessories) == made.matching_accessories
    assert sum(order_id in found for order_id in accessories) == made.shutter_order_accessories
    managed = {
        order_id
        for (order_id,) in rows(
            connection, "select id_a_kopf from a_vorgang where nloesch = 0 and binary nummer like '%VR%'"
        )
    }
    assert len(managed & found) == made.stock_managed_shutter_orders > 0


def test_two_runs_make_equal_tables(connection: Connection[Any], made: ErpManifest) -> None:
    before = contents(connection)
    assert make_erp(connection, seed=7, orders=1500, until=UNTIL, database=DATABASE) == made
    assert contents(connection) == before


def test_every_spelling_is_there(connection: Connection[Any], made: ErpManifest) -> None:
    assert made.shutter_orders
    statuses = {status for (status,) in rows(connection, "select distinct binary aufstatus from a_kopf")}
    for status in words.OPEN_STATUSES + words.CLOSED_STATUSES:
        assert (status.encode("cp1252") if status is not None else None) in statuses
    notes = {note for (note,) in rows(connection, "select notiz from a_logbuch")}
    assert notes >= {*words.PLANNED_NOTES, *words.OTHER_NOTES}
    codes = {code for (code,) in rows(connection, "select zcode from p_zubeh")}
    assert codes >= {*words.SHUTTER_CODES, *words.DECOY_CODES}
    assert "PLANIFIÃ‰E" in words.OPEN_STATUSES
    assert "CDE PLANIFIÃ‰E" in words.PLANNED_NOTES


def test_latin1_columns_hold_utf8_bytes(connection: Connection[Any], made: ErpManifest) -> None:
    assert made.shutter_orders
    for table, column, text in (
        ("a_kopf", "aufstatus", "Planifiée"),
        ("a_kopf", "kommission", "Villa Müller"),
        ("p_zubeh", "text", "Manœuvre à sangle côté droit"),
    ):
        assert count(connection, f"{table} where hex({column}) = '{text.encode().hex()}'") > 0
    assert count(connection, "a_kopf where bauvorhaben like '%🏠%'") > 0


def test_odd_dates_and_numbers(connection: Connection[Any], made: ErpManifest) -> None:
    assert made.shutter_orders_without_planned_date > 0
    for condition in (
        "a_logbuch where cast(datum as char) = '0000-00-00 00:00:00'",
        "a_logbuch where cast(zeit as char) = '0000-00-00 00:00:00'",
        "a_logbuch where datum is null",
        "a_logbuch where zeit is null and datum is not null",
        "a_logbuch where date(zeit) = '1899-12-30' and time(datum) = '00:00:00'",
        "a_logbuch where date(zeit) = date(datum) and time(zeit) <> time(datum)",
        "a_logbuch where time(zeit) = '23:50:00' and notiz = 'cde planifiée'",
        "a_kopffreie where feld2 not regexp '^[0-9]+$'",
        "a_kopffreie where feld3 = '2022-02-31'",
        "a_kopffreie where feld5 in ('', 'xx')",
        "p_zubeh where stueck = 2.5",
        "a_kopf where a_vormwst < 0",
        "a_vorgang where nloesch = 1 and nummer like '%VR%'",
    ):
        assert count(connection, condition) > 0, condition


def test_the_schema_is_the_domains(connection: Connection[Any], made: ErpManifest) -> None:
    assert made.shutter_orders
    columns = f"information_schema.columns where table_schema = '{DATABASE}'"
    types = dict(rows(connection, f"select concat(table_name, '.', column_name), column_type from {columns}"))
    assert types["a_kopf.id"] == "varchar(32)"
    assert types["a_kopf.aufstatus"] == "varchar(15)"
    assert types["a_kopf.a_vormwst"] == "decimal(15,2)"
    assert types["p_zubeh.stueck"] == "float"
    foreign = count(
        connection, f"information_schema.referential_constraints where constraint_schema = '{DATABASE}'"
    )
    assert foreign == 6
    indexes = f"information_schema.statistics where table_schema = '{DATABASE}' and seq_in_index = 1"
    indexed = {
        f"{table}.{column}"
        for table, column in rows(connection, f"select table_name, column_name from {indexes}")
    }
    assert indexed >= {"a_kopf.aufstatus", "a_kopf.aunummer", "p_zubeh.zcode", "a_logbuch.notiz"}


def test_operations(connection: Connection[Any], made: ErpManifest) -> None:
    before = shutter_orders(connection)
    order_id = operations.add_order(connection, number=999_001, event_number="VR1")
    assert shutter_orders(connection) - before == {order_id}
    operations.change_status(connection, order_id, "Terminée")
    assert shutter_orders(connection) == before
    unplanned = operations.add_order(connection, number=999_002, note="cde à planifier")
    assert shutter_orders(connection) == before
    operations.add_note(connection, unplanned, "CDE PLANIFIEE", datetime(2025, 6, 1, 23, 50))  # noqa: DTZ001
    assert shutter_orders(connection) - before == {unplanned}
    for added in (order_id, unplanned):
        operations.delete_order(connection, added)
    assert made.rows == {table: count(connection, table) for table in TABLES}
    with pytest.raises(LookupError, match="inconnu"):
        operations.some_order_id(connection, status="inconnu")


def test_the_same_call_again_changes_nothing(connection: Connection[Any], tmp_path: Path) -> None:
    note = tmp_path / "erp.json"

    def make(orders: int) -> ErpManifest:
        return make_erp(connection, seed=7, orders=orders, until=UNTIL, database=DATABASE, manifest=note)

    first = make(40)
    operations.delete_order(connection, operations.some_order_id(connection, status="Planifiée"))
    assert make(40) == first
    assert count(connection, "a_kopf") == 39
    assert make(41).rows["a_kopf"] == count(connection, "a_kopf") == 41


def test_impossible_wishes_are_refused(connection: Connection[Any]) -> None:
    with pytest.raises(ValueError, match="order numbers"):
        make_erp(connection, seed=7, orders=10, until=date(1940, 1, 1), database=DATABASE)
    connection.set_character_set("latin1")
    with pytest.raises(ValueError, match="utf8mb4"):
        make_erp(connection, seed=7, orders=10, until=UNTIL, database=DATABASE)
    connection.set_character_set("utf8mb4")
