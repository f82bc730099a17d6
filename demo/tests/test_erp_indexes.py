"""The index advice for the ERP, on a real MariaDB: what its document says of each query is so."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from atelier_demo.factory.erp import make_erp
from atelier_demo.factory.erp_schema import add_advised_indexes
from atelier_demo.servers.places import project_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_demo.servers.site import Site
    from pymysql.connections import Connection

pytestmark = pytest.mark.integration

DATABASE = "index_test"
ADVISED = {
    "a_kopf_aunummer": "a_kopf",
    "a_kopf_aufstatus": "a_kopf",
    "p_zubeh_zcode": "p_zubeh",
    "a_logbuch_notiz": "a_logbuch",
}


def documented(kind: str) -> list[tuple[str, str]]:
    """Give the queries of the document's blocks of a kind, each with the heading that it stands under."""
    root = project_root()
    assert root is not None
    page = (root / "extract" / "ERP_INDEXES.md").read_text(encoding="utf-8")
    found = []
    for section in re.split(r"^#+ ", page, flags=re.MULTILINE):
        heading = section.partition("\n")[0].strip("` ")
        blocks = re.findall(rf"^```{kind}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
        found += [(heading, query.strip()) for block in blocks for query in block.split(";") if query.strip()]
    return found


HELPED = [(index, query) for index, query in documented("sql") if index in ADVISED]
NOT_HELPED = [query for heading, query in documented("sql") if heading == "What no index helps"]


@pytest.fixture(scope="module")
def connection(site: Site) -> Iterator[Connection[Any]]:
    with site.admin_mysql(None) as opened:
        make_erp(opened, seed=3, orders=4000, until=date(2025, 6, 12), database=DATABASE)
        yield opened
        with opened.cursor() as cursor:
            cursor.execute(f"drop database if exists {DATABASE}")


@contextmanager
def without_indexes(connection: Connection[Any]) -> Iterator[None]:
    """Take the advised indexes away for a while."""
    with connection.cursor() as cursor:
        for index, table in ADVISED.items():
            cursor.execute(f"alter table {table} drop index {index}")
    try:
        yield
    finally:
        add_advised_indexes(connection)


def rows(connection: Connection[Any], query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def indexes(connection: Connection[Any]) -> dict[str, str]:
    """Give the columns of each index that is no key."""
    found = rows(
        connection,
        "select index_name, column_name, coalesce(sub_part, 0) from information_schema.statistics "
        f"where table_schema = '{DATABASE}' and index_name in {tuple(ADVISED)}",
    )
    return {name: f"{column}({length})" for name, column, length in found}


def plan(connection: Connection[Any], query: str) -> tuple[set[str | None], int]:
    """Give the indexes that a query uses, and how many rows the server expects to read with them."""
    for table in set(ADVISED.values()):
        rows(connection, f"analyze table {table}")
    steps = rows(connection, f"explain {query}")
    # id, select_type, table, type, possible_keys, key, key_len, ref, rows, Extra
    return {step[5] for step in steps}, max(int(step[8] or 0) for step in steps)


def rows_read(connection: Connection[Any], query: str) -> int:
    """Give how many rows the server really reads, in indexes and tables, to answer a query."""

    def counted() -> int:
        return sum(int(value) for _, value in rows(connection, "show session status like 'Handler_read_%'"))

    before = counted()
    rows(connection, query)
    after = counted()
    # The counters themselves are read from a table, too.
    return after - before - (counted() - after)


def test_each_advised_index_has_a_documented_query() -> None:
    assert {index for index, _ in HELPED} == set(ADVISED)
    assert NOT_HELPED


@pytest.mark.parametrize(("index", "query"), HELPED)
def test_the_index_is_chosen_and_fewer_rows_are_read(
    connection: Connection[Any], index: str, query: str
) -> None:
    chosen, expected = plan(connection, query)
    read, answer = rows_read(connection, query), sorted(map(str, rows(connection, query)))
    assert index in chosen
    assert answer
    with without_indexes(connection):
        chosen_before, expected_before = plan(connection, query)
        read_before = rows_read(connection, query)
        assert sorted(map(str, rows(connection, query))) == answer
    assert index not in chosen_before
    if "group by" in query:
        # It still reads every entry, but of the small index and in its order: nothing is sorted.
        assert read < read_before
        return
    assert expected < expected_before / 4
    assert read < read_before / 4


@pytest.mark.parametrize("query", NOT_HELPED)
def test_what_no_index_helps(connection: Connection[Any], query: str) -> None:
    chosen, _ = plan(connection, query)
    assert not chosen & set(ADVISED)


def test_the_script_adds_what_is_missing_and_nothing_twice(connection: Connection[Any]) -> None:
    wanted = {
        "a_kopf_aunummer": "aunummer(0)",
        "a_kopf_aufstatus": "aufstatus(0)",
        "p_zubeh_zcode": "zcode(0)",
        "a_logbuch_notiz": "notiz(40)",
    }
    assert indexes(connection) == wanted
    add_advised_indexes(connection)
    assert indexes(connection) == wanted
    rows(connection, "alter table a_kopf drop index a_kopf_aunummer, add index own_name (aunummer)")
    add_advised_indexes(connection)
    assert set(indexes(connection)) == set(wanted) - {"a_kopf_aunummer"}
    rows(connection, "alter table a_kopf drop index own_name")
    add_advised_indexes(connection)
    assert indexes(connection) == wanted


def test_removing_them_is_as_documented(connection: Connection[Any]) -> None:
    for heading, statement in documented("sql"):
        if heading == "Removing them":
            rows(connection, statement)
    assert indexes(connection) == {}
    add_advised_indexes(connection)
    assert set(indexes(connection)) == set(ADVISED)


def test_the_extraction_reads_as_much_with_them_as_without(connection: Connection[Any]) -> None:
    """The statements of the tap: whole tables."""
    statements = [query for heading, query in documented("sql") if heading == "The pipeline"]
    assert statements
    read = [rows_read(connection, statement) for statement in statements]
    with without_indexes(connection):
        without = [rows_read(connection, statement) for statement in statements]
    # Not to the row: the server counts what it reads of its own catalogue, too.
    assert without == pytest.approx(read, rel=0.01)
