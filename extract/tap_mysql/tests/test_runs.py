"""Whole runs: one moment, all or nothing, what is selected and no more."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from tap_mysql import wire
from tap_mysql.errors import SourceError
from tap_mysql.snapshot import Snapshot

from .source import READER, Source, metadata, root

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration


@pytest.fixture
def shop(source: Source) -> Source:
    """Orders with two positions each, and an empty table."""
    source.execute("create table orders (id int primary key, customer varchar(20), total decimal(9,2))")
    source.execute(
        "create table positions (order_id int, number int, code text, primary key (order_id, number))"
    )
    source.execute("create table returned (id int primary key)")
    source.execute("insert into orders select seq, concat('c', seq), seq from numbers.from_1_to_100")
    source.execute(
        "insert into positions select o.seq, p.seq, 'x' from numbers.from_1_to_100 o, numbers.from_1_to_2 p"
    )
    return source


def test_no_table_is_activated_before_all_are_read(shop: Source) -> None:
    run = shop.run()
    assert run.error is None
    kinds = run.types("SCHEMA", "ACTIVATE_VERSION", "STATE")
    assert kinds == [
        ("SCHEMA", "orders"),
        ("SCHEMA", "positions"),
        ("SCHEMA", "returned"),
        ("ACTIVATE_VERSION", "orders"),
        ("ACTIVATE_VERSION", "positions"),
        # Of an empty table, once would pass for an announcement.
        ("ACTIVATE_VERSION", "returned"),
        ("ACTIVATE_VERSION", "returned"),
        ("STATE", None),
    ]
    versions = {m.get("version") for m in run.messages if m["type"] in ("RECORD", "ACTIVATE_VERSION")}
    assert len(versions) == 1
    assert None not in versions
    assert (len(run.records("orders")), len(run.records("positions"))) == (100, 200)


def test_all_tables_are_read_at_one_moment(shop: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is written after the first row is read is not there, in no table."""
    original = wire.query
    is_written = False

    def write_in_between(*arguments: Any) -> Any:
        nonlocal is_written
        for packets in original(*arguments):
            if not is_written:
                is_written = True
                shop.execute("delete from positions where order_id <= 50")
                shop.execute("insert into orders values (1000, 'late', 1)")
                shop.execute("insert into returned values (1)")
                shop.execute("update orders set customer = 'changed'")
            yield packets

    monkeypatch.setattr(wire, "query", write_in_between)
    first = shop.run()
    assert is_written
    assert first.error is None
    assert {row["order_id"] for row in first.records("positions")} == {
        row["id"] for row in first.records("orders")
    }
    assert first.records("orders")[0]["customer"] == "c1"
    assert not first.records("returned")
    second = shop.run()
    assert (len(second.records("orders")), len(second.records("positions"))) == (101, 100)


def test_sums_hold_under_concurrent_writes(shop: Source) -> None:
    """Transactions that move amounts between two tables never change the total that a run sees."""
    shop.execute("create table other (id int primary key, total decimal(9,2))")
    shop.execute("insert into other select id, 0 from orders")
    stop = threading.Event()

    def move() -> None:
        with shop.server.connect(shop.database) as connection:
            number = 0
            while not stop.is_set():
                number = number % 100 + 1
                with connection.cursor() as cursor:
                    cursor.execute("update orders set total = total - 1 where id = %s", (number,))
                    cursor.execute("update other set total = total + 1 where id = %s", (101 - number,))
                connection.commit()

    writer = threading.Thread(target=move)
    writer.start()
    try:
        for _ in range(5):
            run = shop.run()
            assert run.error is None
            assert sum(float(row["total"]) for row in run.records("orders") + run.records("other")) == 5050
    finally:
        stop.set()
        writer.join()


def test_only_selected_columns_are_asked_for(shop: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = shop.catalog()
    metadata(catalog, "orders", ["properties", "customer"])["selected"] = False
    root(catalog, "positions")["selected"] = False
    # A column that came after the catalog was made was selected by nobody.
    shop.execute("alter table orders add column secret varchar(20) default 'secret'")
    asked: list[str] = []
    original = wire.query
    monkeypatch.setattr(
        wire, "query", lambda connection, sql: (asked.append(sql), original(connection, sql))[1]
    )
    run = shop.run(catalog=catalog)
    assert run.error is None
    assert run.records("orders")[0] == {"id": 1, "total": "1.00"}
    assert set(run.schema("orders")) == {"id", "total"}
    assert not run.records("positions")
    assert not [sql for sql in asked if "customer" in sql or "secret" in sql or "positions" in sql]


def test_the_types_are_those_of_the_table_not_of_an_old_catalog(shop: Source) -> None:
    catalog = shop.catalog()
    shop.execute("alter table orders modify total varchar(20)")
    run = shop.run(catalog=catalog)
    assert run.error is None
    assert run.schema("orders")["total"] == {"type": ["string", "null"]}
    assert run.records("orders")[0]["total"] == "1.00"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("drop table positions", r"has no table positions, or user .* may not read it"),
        ("alter table orders drop column customer", r"the table orders .* has no column customer any more"),
    ],
)
def test_what_is_selected_and_gone_is_named(shop: Source, change: str, sentence: str) -> None:
    catalog = shop.catalog()
    shop.execute(change)
    run = shop.run(catalog=catalog)
    assert isinstance(run.error, SourceError)
    assert re.search(sentence, str(run.error))
    assert not run.messages


def test_an_empty_selection_is_refused(shop: Source) -> None:
    catalog = shop.catalog()
    for entry in catalog["streams"]:
        root(catalog, entry["stream"])["selected"] = False
    run = shop.run(catalog=catalog)
    assert isinstance(run.error, SourceError)
    assert "no table of the database it's a `shop` on" in str(run.error)
    assert not run.messages
    for entry in catalog["streams"]:
        root(catalog, entry["stream"])["selected"] = entry["stream"] == "orders"
    for name in ("id", "customer", "total"):
        metadata(catalog, "orders", ["properties", name]).update(selected=False, inclusion="available")
    assert "no column is selected" in str(shop.run(catalog=catalog).error)


def test_a_view_is_read_and_can_have_a_key(shop: Source) -> None:
    shop.execute("create view big as select id, total from orders where total > 90")
    catalog = shop.catalog()
    root(catalog, "big")["table-key-properties"] = ["id"]
    run = shop.run(catalog=catalog)
    assert run.error is None
    assert len(run.records("big")) == 10
    (message,) = [m for m in run.messages if m["type"] == "SCHEMA" and m["stream"] == "big"]
    assert message["key_properties"] == ["id"]


def test_names_may_be_odd(source: Source) -> None:
    source.execute('create table `sélect % ``from``` (`ke"y` int primary key, `a b%%s` text, `.` int)')
    source.execute("insert into `sélect % ``from``` values (1, 'x', 2)")
    run = source.run(config={"table_reads": True})
    assert run.error is None
    assert run.records("sélect % `from`") == [{'ke"y': 1, "a b%%s": "x", ".": 2}]


def incremental(shop: Source, key: str) -> dict[str, Any]:
    catalog = shop.catalog()
    for entry in catalog["streams"]:
        root(catalog, entry["stream"])["selected"] = entry["stream"] == "orders"
        if entry["stream"] == "orders":
            entry["replication_method"], entry["replication_key"] = "INCREMENTAL", key
    return catalog


@pytest.mark.parametrize(
    ("key", "declaration", "old", "new"),
    [
        ("total", "decimal(30,20)", "1234567890.12345678901234567889", "1234567890.12345678901234567890"),
        ("at", "datetime(3)", "2025-05-28 07:00:00.123", "2025-05-28 07:00:00.124"),
        ("at", "timestamp", "2025-05-28 07:00:00", "2025-05-28 07:00:01"),
        ("day", "date", "2025-05-28", "2025-05-29"),
        ("word", "varchar(20)", "it's", "it's \\ later"),
        ("number", "bigint unsigned", 18446744073709551614, 18446744073709551615),
    ],
)
def test_the_next_run_reads_on_from_the_bookmark(
    source: Source, key: str, declaration: str, old: object, new: object
) -> None:
    source.execute(f"create table orders (id int primary key, {key} {declaration} null)")
    source.execute("insert into orders values (3, null), (2, %s), (1, %s)", (new, old))
    catalog = incremental(source, key)
    first = source.run(catalog=catalog)
    assert first.error is None
    assert [row["id"] for row in first.records("orders")] == [3, 1, 2]
    assert not first.types("ACTIVATE_VERSION")
    assert all("version" not in message for message in first.messages)
    assert first.state is not None
    assert first.state["bookmarks"]["orders"]["replication_key"] == key
    # Equal values are read again: others of the same value may have come since.
    source.execute("insert into orders values (4, %s)", (new,))
    second = source.run(
        catalog=catalog, state=first.state, config={"timezone": "+05:30", "table_reads": True}
    )
    assert sorted(row["id"] for row in second.records("orders")) == [2, 4]
    assert second.error is None
    third = source.run(catalog=catalog, state=second.state)
    assert sorted(row["id"] for row in third.records("orders")) == [2, 4]


@pytest.mark.parametrize(
    ("method", "key", "word"),
    [
        ("INCREMENTAL", None, "no selected column"),
        ("INCREMENTAL", "gone", "no selected column"),
        ("INCREMENTAL", "f", "a column of float"),
        ("LOG_BASED", None, "LOG_BASED, which this tap cannot do"),
    ],
)
def test_a_way_of_replication_that_cannot_work_is_refused(
    source: Source, method: str, key: str | None, word: str
) -> None:
    source.execute("create table orders (id int primary key, f float)")
    catalog = source.catalog()
    catalog["streams"][0].update(replication_method=method, replication_key=key)
    run = source.run(catalog=catalog)
    assert isinstance(run.error, SourceError)
    assert word in str(run.error)
    assert not run.messages


def test_a_wrong_count_fails_the_run(shop: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Snapshot.count
    monkeypatch.setattr(Snapshot, "count", lambda *arguments: original(*arguments) + 1)
    run = shop.run()
    assert "orders of 127.0.0.1" in str(run.error)
    assert "has 101 rows, but 100 came" in str(run.error)
    assert not run.types("ACTIVATE_VERSION", "STATE")


def test_table_reads_tells_what_was_read(shop: Source) -> None:
    run = shop.run(config={"table_reads": True})
    rows = run.records("table_reads")
    assert [(row["table_name"], row["counted_rows"], row["emitted_rows"]) for row in rows] == [
        ("orders", 100, 100),
        ("positions", 200, 200),
        ("returned", 0, 0),
    ]
    assert {row["database_name"] for row in rows} == {shop.database}
    assert len({row["snapshot_at"] for row in rows}) == 1
    assert shop.execute("select version()") == [(rows[0]["server_version"],)]
    assert {row["version"] for row in rows} == {
        message["version"] for message in run.messages if message["type"] == "ACTIVATE_VERSION"
    }
    # After the tables it tells of: a row of it says that they are there.
    types = run.types("ACTIVATE_VERSION", "RECORD", "STATE")
    assert types[-4:] == [("RECORD", "table_reads")] * 3 + [("STATE", None)]
    assert not shop.run().records("table_reads")


@pytest.mark.usefixtures("own_mysql")
def test_table_reads_tells_the_position_in_the_binary_log(shop: Source) -> None:
    row = shop.run(config={"table_reads": True}).records("table_reads")[0]
    assert row["binlog_file"].startswith("binlog.")
    assert row["binlog_position"] > 0
    assert "0-1-" in row["gtid_set"]


def test_a_table_of_the_same_name_as_a_stream_of_ours_is_refused(shop: Source) -> None:
    shop.execute("create table table_reads (id int primary key)")
    assert shop.run().error is None
    assert "table_reads" in str(shop.run(config={"table_reads": True}).error)


def kill_reader(shop: Source) -> None:
    """End the reader's session, once there is one."""
    for _ in range(200):
        found = shop.execute("select id from information_schema.processlist where user = %s", (READER,))
        if found:
            shop.execute(f"kill {found[0][0]}")
            return
        time.sleep(0.01)


def test_a_lost_connection_fails_the_run(shop: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    # More than sockets hold: most of it is still to come when the server is told to stop.
    shop.execute("alter table orders modify customer text")
    shop.execute("insert into orders select seq, repeat('x', 4000), 1 from numbers.from_1001_to_6000")
    original = wire.query
    is_killed = False

    def kill_in_between(*arguments: Any) -> Any:
        nonlocal is_killed
        for packets in original(*arguments):
            if not is_killed:
                is_killed = True
                kill_reader(shop)
            yield packets

    monkeypatch.setattr(wire, "query", kill_in_between)
    run = shop.run()
    assert is_killed
    assert isinstance(run.error, SourceError)
    assert "reading the table orders failed: the connection to the MySQL server" in str(run.error)
    assert "run again" in str(run.error)
    assert run.records("orders")
    assert not run.types("ACTIVATE_VERSION", "STATE")


def test_memory_is_bounded(source: Source, tmp_path: Path) -> None:
    """90 MB pass through a process that grows by less than 40 MB."""
    source.execute("create table t (id int primary key, word text)")
    source.execute("insert into t select seq, repeat('x', 3000) from numbers.from_1_to_15000")
    source.execute("create view twice as select a.id, b.seq, word from t a join numbers.from_1_to_2 b")
    catalog = source.catalog()
    root(catalog, "twice")["table-key-properties"] = ["id", "seq"]
    root(catalog, "t")["selected"] = False
    (tmp_path / "config.json").write_text(json.dumps(source.config))
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    program = (
        "import resource, sys\n"
        "from tap_mysql.tap import TapMySQL\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    TapMySQL.cli()\n"
        "finally:\n"
        "    sys.stderr.write(f'{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before}\\n')\n"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            program,
            "--config",
            str(tmp_path / "config.json"),
            "--catalog",
            str(tmp_path / "catalog.json"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert "twice: 30000 rows read" in done.stderr
    assert int(done.stderr.splitlines()[-1]) < 40_000, done.stderr
