"""The tap as a Singer tap: the SDK's own suite, stream maps, the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, TapTestRunner
from singer_sdk.testing.suites import tap_stream_attribute_tests, tap_stream_tests, tap_tests
from tap_mysql.check import check_source
from tap_mysql.errors import SourceError
from tap_mysql.streams import TableStream
from tap_mysql.tap import TapMySQL

from .source import PASSWORD, READER, Source, source_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .source import Server

pytestmark = pytest.mark.integration

CONFIG: dict[str, Any] = {"host": "127.0.0.1", "port": 1, "user": "u", "password": "p", "database": "d"}


@pytest.fixture(scope="module", autouse=True)
def server(mysql: Server) -> Iterator[Source]:
    with source_on(mysql, "standard_suite") as source:
        source.execute(
            "create table orders (id int primary key, customer varchar(20) character set latin1,"
            " total decimal(20,10), at datetime, f float, data blob)"
        )
        source.execute(
            "insert into orders select seq, 'é\\n\"', 1234567890.0123456789, '2025-05-28 07:00:00', 0.1, 'x'"
            " from numbers.from_1_to_200"
        )
        source.execute("create table notes (id int primary key) engine = MyISAM")
        source.execute("insert into notes values (1)")
        CONFIG.update(source.config)
        yield source


class WholeRun(TapTestRunner):
    """Runs the tap as its command line does; the SDK's own would read a few rows of each stream."""

    def run_sync_dry_run(self) -> bool:
        self.new_tap().sync_all()
        return True


def test_the_sdk_has_nothing_to_complain_of(server: Source, subtests: Any) -> None:
    """The SDK's suite, which cannot be collected before there is a server."""
    runner = WholeRun(TapMySQL, config=server.config, suite_config=SuiteConfig(), parse_env_config=False)
    runner.sync_all()
    common: dict[str, Any] = {"config": SuiteConfig(), "resource": None, "runner": runner}
    streams = list(runner.new_tap().streams.values())
    for test in tap_tests.tests:
        with subtests.test(test.name):
            test().run(**common)
    for test in tap_stream_tests.tests:
        for stream in streams:
            with subtests.test(test.name, stream=stream.name):
                test().run(**common, stream=stream)
    for test in tap_stream_attribute_tests.tests:
        for stream in streams:
            for name, schema in stream.schema["properties"].items():
                if test.evaluate(stream=stream, property_name=name, property_schema=schema):
                    with subtests.test(test.name, stream=stream.name, attribute=name):
                        test().run(**common, stream=stream, attribute_name=name)


def test_the_names_of_streams_fit_the_selections_in_use(server: Source) -> None:
    entries = {entry["tap_stream_id"]: entry for entry in server.catalog()["streams"]}
    assert fnmatch("standard_suite-orders", "*-orders")
    assert set(entries) == {"standard_suite-orders", "standard_suite-notes"}
    assert entries["standard_suite-orders"]["stream"] == "orders"
    assert entries["standard_suite-orders"]["key_properties"] == ["id"]


def test_the_short_way_writes_what_the_sdk_would_write(
    server: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = server.run()
    monkeypatch.setattr(TableStream, "_is_plain", False)
    long = server.run()
    assert len(short.records("orders")) == 200
    for message in [*short.messages, *long.messages]:
        assert message.pop("version", None) or message["type"] in ("SCHEMA", "STATE")
        assert message.pop("time_extracted", None) or message["type"] != "RECORD"
    assert long.messages[:-1] == short.messages[:-1]


def test_a_stream_map_is_applied(server: Source) -> None:
    maps = {"orders": {"customer": "md5(customer)", "__filter__": "id <= 10"}, "notes": None}
    run = server.run(config={"stream_maps": maps, "table_reads": True})
    assert run.error is None
    rows = run.records("orders")
    assert len(rows) == 10
    assert {len(row["customer"]) for row in rows} == {32}
    assert rows[0]["total"] == "1234567890.0123456789"
    assert run.records("table_reads")[1]["emitted_rows"] == 200
    assert ("ACTIVATE_VERSION", "orders") in run.types()


def command(tmp_path: Path, *arguments: str, **changes: Any) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**CONFIG, **changes}))
    return subprocess.run(
        [sys.executable, "-m", "tap_mysql", "--config", str(path), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_line_tests_the_source(tmp_path: Path, server: Source) -> None:
    server.execute("create view broken as select * from notes")
    server.execute("alter table notes rename column id to number")
    try:
        done = command(tmp_path, "--test")
    finally:
        server.execute("drop view broken")
        server.execute("alter table notes rename column number to id")
    assert done.returncode == 1, done.stderr
    assert "FAILED: broken may not be read (View " in done.stderr.splitlines()[-1]
    told = done.stdout.splitlines()
    assert told[0].startswith(
        f"Logged in to 127.0.0.1:{CONFIG['port']} as {READER}, without encryption; the server is "
    )
    assert "orders (about 200 rows)" in told[1]
    assert told[2:6] == [
        "Storage engines: InnoDB (1), MyISAM (1), view (1).",
        "Character sets: latin1 (1 columns).",
        "Declared latin1, so what was stored as UTF-8 in them is read as mojibake: orders.customer.",
        "Tables that know no snapshot, read when their turn comes: notes.",
    ]
    assert told[6].startswith("Problem: broken may not be read (View ")
    assert len(told) == 7


def test_a_source_without_problems_passes_the_test(tmp_path: Path) -> None:
    done = command(tmp_path, "--test")
    assert done.returncode == 0, done.stderr
    assert "Problem" not in done.stdout


def test_a_report_can_be_had_as_a_library(server: Source) -> None:
    report = check_source(server.config)
    assert report.snapshot_refusal is None
    assert report.tls is None
    columns = {table.name: [column.name for column in table.columns] for table in report.tables}
    assert columns["orders"] == ["id", "customer", "total", "at", "f", "data"]


@pytest.mark.parametrize(
    ("changes", "word", "arguments"),
    [
        ({"password": "wrong"}, "MYSQL_PASSWORD", ["--discover"]),
        ({"port": 1, "attempts": 1}, "MYSQL_PORT", ["--test"]),
        ({"host": "no-such-host.invalid", "attempts": 1}, "MYSQL_HOST", ["--test"]),
        ({"database": "nothing"}, "MYSQL_DATABASE", []),
    ],
)
def test_the_command_line_fails_in_one_sentence(
    tmp_path: Path, arguments: list[str], changes: dict[str, Any], word: str
) -> None:
    done = command(tmp_path, *arguments, **changes)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert "FAILED: " in last
    assert word in last
    assert "Traceback" not in done.stderr
    assert PASSWORD not in done.stderr + done.stdout
    assert not done.stdout


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"host": ""}, "MYSQL_HOST"),
        ({"port": "0"}, "MYSQL_PORT"),
        ({"tls": "maybe"}, "MYSQL_TLS"),
        ({"timezone": "Europe/Paris"}, "MYSQL_TIMEZONE"),
        ({"tls_verify": "perhaps"}, "tls_verify"),
        ({"read_timeout": "-1"}, "read_timeout"),
        ({"tls_ca_file": "/nothing.pem"}, "MYSQL_TLS_CA"),
    ],
)
def test_a_setting_that_cannot_be_right_is_named(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(SourceError, match=word):
        TapMySQL(config={**CONFIG, **changes})


def test_texts_do_for_numbers_as_meltano_hands_them_over(tmp_path: Path) -> None:
    done = command(tmp_path, port=str(CONFIG["port"]), tls="", tls_ca_file="", table_reads="true")
    assert done.returncode == 0, done.stderr
    assert '"stream":"table_reads"' in done.stdout
    assert len(done.stderr.splitlines()) < 10


def test_a_reader_that_goes_away_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))
    with subprocess.Popen(
        [sys.executable, "-m", "tap_mysql", "--config", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read().decode()
        assert process.wait(timeout=60) == 1
    assert "FAILED: whatever was reading" in errors.splitlines()[-1]
