"""The history of runs: what is recorded, also of a run that was killed or could not reach the warehouse."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from atelier import places, warehouse
from atelier.connections import Warehouse
from atelier.errors import AtelierError
from atelier.ops import logs, migrations, runs
from atelier.ops.steps import Step, Watch, names_of, totals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class

ROOT = Path(__file__).resolve().parents[2]
MOMENT = datetime(2025, 5, 28, 12, 15, tzinfo=timezone.utc)


def line(event: str, **fields: object) -> logging.LogRecord:
    """A line as Meltano hands it to logging."""
    return logging.LogRecord("meltano", logging.INFO, "", 0, {"event": event, **fields}, None, None)


def metric(name: str, value: object) -> logging.LogRecord:
    return line("METRIC: " + json.dumps({"type": "counter", "metric": name, "value": value, "tags": {}}))


def step(name: str = "dbt:build", **counts: int) -> Step:
    return Step(name, MOMENT, MOMENT + timedelta(seconds=9), "succeeded", None, counts)


def test_a_job_has_the_steps_of_its_tasks() -> None:
    assert names_of(ROOT, ["elt"]) == [
        "atelier:check-logs",
        "atelier:check-erp",
        "tap-ftplogs target-postgres",
        "tap-mysql target-postgres",
        "atelier:gdpr-enforce",
        "dbt:build",
        "atelier:report-problems",
    ]
    assert names_of(ROOT, ["tap-mysql", "target-postgres", "dbt:build", "transform"]) == [
        "tap-mysql target-postgres",
        "dbt:build",
        "atelier:gdpr-enforce",
        "dbt:build",
        "atelier:report-orders",
    ]


def test_what_a_step_says_is_counted_to_it() -> None:
    Watch.begin(["a", "b", "c"])
    watch = Watch()
    for record in (
        metric("rows_written", 3),
        metric("rows_written", 4),
        metric("bytes_received", 100),
        metric("record_count", 9),
        metric("lines_rejected", "many"),
        line("METRIC: {torn"),
        line("Block run completed", success=True, err=None),
        metric("rows_written", 5),
        line("Block run completed", success=False, err="`dbt` failed"),
    ):
        watch.emit(record)
    Watch.broken_off("failed", "Failure in test x")
    assert [(s.name, s.outcome, s.message, s.counts) for s in Watch.steps] == [
        ("a", "succeeded", None, {"rows_loaded": 7, "bytes_read": 100}),
        ("b", "failed", "Failure in test x", {"rows_loaded": 5}),
    ]
    assert totals(Watch.steps) == {"rows_loaded": 12, "bytes_read": 100}


def test_a_step_in_which_the_run_was_stopped_is_recorded() -> None:
    Watch.begin(["a", "b"])
    Watch().emit(line("Block run completed", success=True, err=None))
    Watch.broken_off("interrupted", "it was asked to stop")
    assert [(s.name, s.outcome) for s in Watch.steps] == [("a", "succeeded"), ("b", "interrupted")]
    Watch.broken_off("interrupted", "there is no step left")
    assert len(Watch.steps) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("jobs: [{name: elt}]", "the tasks of the job elt must be a list of texts"),
        ("jobs: [{name: elt, tasks: [3]}]", "the tasks of the job elt must be a list of texts"),
        ("plugins: [loaders]", r"plugins\.loaders must be a list of entries"),
        ("plugins: {loaders: [target-postgres]}", r"plugins\.loaders must be a list of entries"),
    ],
)
def test_a_project_whose_steps_cannot_be_known_is_said(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "meltano.yml").write_text(content + "\n")
    with pytest.raises(AtelierError, match=says):
        names_of(tmp_path, ["elt"])


@pytest.mark.parametrize("due_at", ["soon", "2025-05-28T12:00:00", "2025-13-01T00:00:00+00:00"])
def test_a_due_time_that_is_none_is_refused(due_at: str) -> None:
    with pytest.raises(AtelierError, match="ATELIER_DUE_AT is"):
        runs.Run.of("elt", "test", {runs.DUE_AT: due_at})


def test_logs_are_kept_for_some_days(tmp_path: Path) -> None:
    old, new, other = (tmp_path / name for name in ("run-a.jsonl", "run-b.jsonl.1", "scheduler.jsonl"))
    for path in (old, new, other):
        path.touch()
    ago = time.time() - 91 * places.DAY_SECONDS
    os.utime(old, (ago, ago))
    os.utime(other, (ago, ago))
    assert places.remove_older(tmp_path, logs.PATTERN, 90) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run-b.jsonl.1", "scheduler.jsonl"]


def test_so_are_those_of_meltano_and_their_folders_go_with_them(tmp_path: Path) -> None:
    folder = tmp_path / "meltano" / "log" / "elt" / "prod_tap-mysql-to-target-postgres"
    for number, age_days in (("a", 91), ("b", 1)):
        path = folder / number / "elt.log"
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (time.time() - age_days * places.DAY_SECONDS,) * 2)
    assert places.remove_older(tmp_path, logs.MELTANO_PATTERN, 90) == 1
    assert [path.name for path in folder.iterdir()] == ["b"]


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "ninety", "99999"])
def test_a_number_of_days_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(AtelierError, match=r"LOG_KEEP_DAYS is .*whole number of days"):
        places.days({"LOG_KEEP_DAYS": value}, "LOG_KEEP_DAYS", 90)


def test_a_log_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    logs.write(tmp_path / "missing" / "run.jsonl", "x")
    logs.write(tmp_path / "run.jsonl", "x", run_id="y")
    assert json.loads((tmp_path / "run.jsonl").read_text())["run_id"] == "y"
    assert (tmp_path / "run.jsonl").stat().st_mode & 0o777 == 0o600


def never(sentence: str) -> None:
    pytest.fail(sentence)


@pytest.fixture
def connection(postgres: dict[str, str]) -> Iterator[Connection]:
    target = Warehouse.of(postgres)
    with closing(warehouse.connect(target)) as connection:
        with connection.cursor() as cursor:
            cursor.execute("drop schema if exists ops cascade; drop schema if exists meltano cascade")
        warehouse.prepare(connection, target)
        warehouse.make_system_tables(connection, target)
        migrations.apply(connection, target)
        yield connection


def rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


@pytest.mark.integration
def test_a_run_and_its_steps_are_recorded(connection: Connection, tmp_path: Path) -> None:
    run = runs.Run("elt", "test", "erp-morning", MOMENT)
    runs.begin(connection, run, tmp_path, 400, never)
    assert rows(connection, "select outcome, ended_at from ops.runs") == [("running", None)]
    run.end("succeeded", None, [step(rows_loaded=4, bytes_read=10), step("x", rows_loaded=1)])
    runs.record(connection, run)
    # Recorded twice, as when the answer to the first time was lost, it is there once.
    runs.record(connection, run)
    assert rows(
        connection,
        "select run_id::text, schedule, due_at, outcome, rows_loaded, bytes_read, lines_rejected "
        "from ops.runs",
    ) == [(run.run_id, "erp-morning", MOMENT, "succeeded", 5, 10, None)]
    assert rows(connection, "select step_number, step, rows_loaded from ops.run_steps order by 1") == [
        (1, "dbt:build", 4),
        (2, "x", 1),
    ]


@pytest.mark.security(
    attack="a NUL in what a server says",
    rule="the run ends as failed; texts of others are made plain",
)
@pytest.mark.integration
def test_what_a_hostile_server_says_leaves_no_run_running(connection: Connection, tmp_path: Path) -> None:
    run = runs.Run("ftplogs", "test")
    runs.begin(connection, run, tmp_path, 400, print)
    said = "550 no\0way \x1b[31m\u202e\ud800" * 1000
    run.end("failed", said, [Step("tap", run.started_at, run.started_at, "failed", said, {})])
    runs.record(connection, run)
    with connection.cursor() as cursor:
        cursor.execute("select outcome, message from ops.runs where run_id = %s", (run.run_id,))
        [(outcome, message)] = cursor.fetchall()
    assert outcome == "failed"
    assert message.startswith(r"550 no\x00way \x1b[31m\u202e\ud800")
    assert len(message) == 2000


def test_a_killed_run_becomes_interrupted_with_the_next(connection: Connection, tmp_path: Path) -> None:
    killed, following = runs.Run("elt", "test"), runs.Run("erp", "test")
    runs.begin(connection, killed, tmp_path, 400, never)
    runs.begin(connection, following, tmp_path, 400, never)
    assert rows(connection, "select job, outcome, ended_at is null from ops.runs order by 1") == [
        ("elt", "interrupted", False),
        ("erp", "running", True),
    ]


@pytest.mark.integration
def test_a_run_that_could_not_be_recorded_is_recorded_by_the_next(
    connection: Connection, tmp_path: Path
) -> None:
    lost = runs.Run("elt", "test", started_at=MOMENT)
    lost.end("failed", "the warehouse cannot be reached", [step(rows_loaded=2)])
    runs.keep(tmp_path, lost)
    (tmp_path / "torn.json").write_text('{"job": "el')
    (tmp_path / "empty.json").write_text("null")
    said: list[str] = []
    runs.begin(connection, runs.Run("erp", "test"), tmp_path, 4000, said.append)
    # What is lost is lost, but not in silence.
    assert [
        f"{tmp_path / name} holds no run that can be read" in said[place]
        for place, name in enumerate(("empty.json", "torn.json"))
    ] == [True, True]
    assert len(said) == 2
    assert rows(connection, "select outcome, message, rows_loaded from ops.runs where job = 'elt'") == [
        ("failed", "the warehouse cannot be reached", 2)
    ]
    assert rows(connection, "select step from ops.run_steps") == [("dbt:build",)]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.integration
def test_what_can_neither_be_recorded_nor_removed_is_said_and_stops_no_run(
    connection: Connection, tmp_path: Path
) -> None:
    lost = runs.Run("elt", "test", started_at=MOMENT)
    lost.end("failed", "x", [])
    lost.outcome = "of another release"
    runs.keep(tmp_path, lost)
    (tmp_path / "folder.json").mkdir()
    said: list[str] = []
    for count in (2, 4):
        runs.begin(connection, runs.Run("erp", "test"), tmp_path, 4000, said.append)
        assert len(said) == count
    assert f"{tmp_path / 'folder.json'} cannot be recorded or removed (Is a directory)" in said[1]
    assert rows(connection, "select job, count(*) from ops.runs group by job") == [("erp", 2)]


@pytest.mark.integration
def test_old_runs_are_forgotten_but_not_what_was_loaded_last(connection: Connection, tmp_path: Path) -> None:
    old = runs.Run("elt", "test", started_at=datetime.now(timezone.utc) - timedelta(days=401))
    old.end("succeeded", None, [step()])
    runs.record(connection, old)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into meltano.runs (job_name, state, ended_at) values "
            "('a', 'SUCCESS', now() - interval '402 days'), ('a', 'SUCCESS', now() - interval '401 days'), "
            "('b', 'SUCCESS', now() - interval '402 days'), ('b', 'SUCCESS', now())"
        )
    runs.begin(connection, runs.Run("erp", "test"), tmp_path, 400, never)
    assert rows(connection, "select job from ops.runs") == [("erp",)]
    assert rows(connection, "select count(*) from ops.run_steps") == [(0,)]
    assert rows(
        connection, "select job_name, ended_at < now() - interval '400 days' from meltano.runs order by 1"
    ) == [("a", True), ("b", False)]


@pytest.mark.integration
def test_two_commands_at_once_apply_a_migration_once(
    connection: Connection, postgres: dict[str, str]
) -> None:
    target = Warehouse.of(postgres)
    with connection.cursor() as cursor:
        cursor.execute("drop schema ops cascade")
    errors: list[BaseException] = []

    def apply() -> None:
        try:
            with closing(warehouse.connect(target)) as own:
                migrations.apply(own, target)
        except BaseException as error:  # noqa: BLE001 # it is looked at below
            errors.append(error)

    threads = [threading.Thread(target=apply) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    known = [(number, name) for number, name, _ in migrations.files()]
    assert rows(connection, "select version, name from ops.migrations order by 1") == known


@pytest.mark.integration
def test_a_problem_that_was_open_before_the_upgrade_is_not_over_by_it(
    connection: Connection, postgres: dict[str, str]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("drop schema if exists ops, raw_ftplogs cascade; create schema raw_ftplogs")
        try:
            # As 0.1.0 had it.
            cursor.execute(
                "create table raw_ftplogs.source_problems "
                "(path text primary key, first_seen_at timestamp, resolved_at timestamp); "
                "insert into raw_ftplogs.source_problems values "
                "('open', '2025-05-28 10:00', null), ('over', '2025-05-28 10:00', '2025-05-28 11:00')"
            )
            migrations.apply(connection, Warehouse.of(postgres))
            assert rows(
                connection,
                "select path, abs(extract(epoch from now() at time zone 'utc' - last_seen_at)) < 60 "
                "from raw_ftplogs.source_problems order by path",
            ) == [("open", True), ("over", None)]
        finally:
            cursor.execute("drop schema raw_ftplogs cascade")


@pytest.mark.integration
def test_a_warehouse_of_a_later_release_is_left_alone(
    connection: Connection, postgres: dict[str, str]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("insert into ops.migrations (version, name) values (9999, '9999_later.sql')")
    try:
        with pytest.raises(AtelierError, match="was used by a later release of Atelier"):
            migrations.apply(connection, Warehouse.of(postgres))
        assert not connection.closed
    finally:
        with connection.cursor() as cursor:
            cursor.execute("delete from ops.migrations where version = 9999")
