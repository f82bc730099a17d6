"""With the loader of the warehouse: types of columns, exact values, tables replaced at the end."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from atelier_demo.servers.site import Site
from target_warehouse.target import TargetWarehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .source import Run, Source

pytestmark = pytest.mark.integration

#: As many digits as the loader keeps: it makes floats of longer numbers.
PRECISE = "1234567890123.45"


class Warehouse:
    """An own PostgreSQL."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.config = {
            "host": variables["POSTGRES_HOST"],
            "port": int(variables["POSTGRES_PORT"]),
            "user": variables["POSTGRES_USER"],
            "password": variables["POSTGRES_PASSWORD"],
            "database": variables["POSTGRES_DB"],
        }
        self.connection = psycopg2.connect(
            **{("dbname" if name == "database" else name): value for name, value in self.config.items()}
        )
        self.connection.autocommit = True

    def load(self, run: Run) -> None:
        settings = {
            "default_target_schema": "raw",
            "validate_records": False,
            "use_copy": True,
            "add_record_metadata": False,
            "activate_version": False,
            # The second load takes all rows away from a table, on purpose.
            "confirm_deletes": "all",
        }
        # The run's own texts: numbers with a fraction must not pass through a float here either.
        lines = "".join(f"{line}\n" for line in run.lines)
        with redirect_stdout(io.StringIO()):
            TargetWarehouse(config={**self.config, **settings}).listen(io.StringIO(lines))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    site = Site(tmp_path_factory.mktemp("postgres"))
    site.postgres.start()
    warehouse = Warehouse(site.variables())
    yield warehouse
    warehouse.connection.close()
    site.postgres.stop()


def test_tables_are_loaded_exactly_and_replaced(source: Source, warehouse: Warehouse) -> None:
    source.execute(
        "create table orders (id bigint unsigned primary key, small smallint, total decimal(65,30), f float,"
        " d double, at datetime(6), stamp timestamp null, day date, span time, word varchar(20), b bit(64))"
    )
    source.execute(
        "insert into orders values (9007199254740991, -1, %s, 0.1, 1e300, '2025-05-28 07:00:00.123456',"
        " '2025-05-28 07:00:00', '2025-05-28', '-30:00:01', %s, 7)",
        (PRECISE, "\\N\t\n\\ é😀"),
    )
    source.execute("create table notes (id int primary key)")
    source.execute("insert into notes values (1), (2)")
    warehouse.load(source.run(config={"table_reads": True}))
    types = warehouse.query(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = 'raw' and table_name = 'orders'"
    )
    assert dict(types) == {
        "id": "numeric",
        "small": "smallint",
        "total": "numeric",
        "f": "numeric",
        "d": "numeric",
        "at": "timestamp without time zone",
        "stamp": "timestamp without time zone",
        "day": "date",
        "span": "text",
        "word": "text",
        "b": "numeric",
    }
    (row,) = warehouse.query(
        "select id, total, f, d, at::text, stamp::text, day::text, span, word, b from raw.orders"
    )
    assert row == (
        Decimal(2**53 - 1),
        Decimal(PRECISE),
        Decimal("0.1"),
        Decimal("1e300"),
        "2025-05-28 07:00:00.123456",
        "2025-05-28 07:00:00",
        "2025-05-28",
        "-30:00:01",
        "\\N\t\n\\ é😀",
        Decimal(7),
    )
    assert warehouse.query("select table_name, emitted_rows from raw.table_reads order by 1") == [
        ("notes", 2),
        ("orders", 1),
    ]
    # A table that is empty now is empty there, too; the other has changed.
    source.execute("delete from notes")
    source.execute("update orders set small = 7")
    complete = source.run()
    broken_off = type(complete)(lines=[line for line in complete.lines if "ACTIVATE" not in line])
    warehouse.load(broken_off)
    assert warehouse.query("select count(*) from raw.notes") == [(2,)]
    assert warehouse.query("select small from raw.orders") == [(-1,)]
    warehouse.load(complete)
    assert warehouse.query("select count(*) from raw.notes") == [(0,)]
    assert warehouse.query("select small from raw.orders") == [(7,)]
    assert json.loads(complete.lines[-1])["type"] == "STATE"
