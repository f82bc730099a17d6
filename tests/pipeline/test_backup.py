"""A warehouse is backed up, and goes on elsewhere from the very byte where it stopped."""

from __future__ import annotations

import copy
import os
import shutil
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from atelier.backup import folders, manifest, suppressions
from atelier.connections import Warehouse, project_root
from atelier.gdpr import operations
from atelier.gdpr.operations import Request
from atelier.roles import STEPS, Roles
from oracle.compare import assert_marts_equal
from served import start
from target_warehouse.sinks import pseudonym

from pipeline.conftest import erp_connection, finish_the_day
from pipeline.personal import ATELIER, texts_of
from pipeline.plant import DATA_SCHEMAS, ROOT
from pipeline.second_server import OtherPostgres, another_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.plant import Plant

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

EVERYTHING = (*DATA_SCHEMAS, "meltano", "gdpr", "serve", "ops")
USER, PASSWORD = "chef.atelier", "a password for these tests"


def start_atelier(plant: Plant, *words: str) -> subprocess.Popen[str]:
    """Start the program on the plant's warehouse, in a process group of its own."""
    return subprocess.Popen(
        [str(ATELIER), *words, "--environment=test"],
        cwd=ROOT,
        env=plant.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def atelier(plant: Plant, *words: str) -> str:
    """Run it; it must succeed."""
    process = start_atelier(plant, *words)
    output, _ = process.communicate(timeout=280)
    assert process.returncode == 0, output
    return output


def at(plant: Plant, server: OtherPostgres, **changes: str) -> Plant:
    """Return the same sources with a warehouse on another server."""
    other = copy.copy(plant)
    other.variables = {**plant.variables, **server.variables(), **changes}
    return other


def bytes_sent(plant: Plant) -> int:
    """Return how many bytes the FTP server has sent since it runs."""
    return sum(each.byte_count for each in plant.site.ftp_transfers() if each.direction == "sent")


@pytest.fixture(scope="module")
def plant(new_plant: Callable[..., Plant], tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """It is noon: files end in a torn line. Somebody uses the API."""
    plant = new_plant("backup")
    plant.load()
    env_file = tmp_path_factory.mktemp("api") / "env"
    env_file.touch()
    subprocess.run(
        [
            str(ATELIER.with_name("atelier-api")),
            "--env-file",
            str(env_file),
            "users",
            "add",
            USER,
            "--password-stdin",
        ],
        cwd=ROOT,
        env=plant.environment(MELTANO_ENVIRONMENT="test", API_SECRET_KEY="x" * 40),
        input=PASSWORD,
        text=True,
        check=True,
    )
    return plant


@pytest.fixture(scope="module")
def backup(plant: Plant) -> Path:
    """The nightly job has run."""
    assert "Backed up:" in plant.run_well("backup")
    (folder,) = folders.names(Path(plant.variables["BACKUP_DIR"]))
    return folder


@pytest.fixture(scope="module")
def server(plant: Plant) -> Iterator[OtherPostgres]:
    """A new machine."""
    with another_server(plant.site.folder / "new-machine") as server:
        yield server


@pytest.fixture(scope="module")
def moved(plant: Plant, backup: Path, server: OtherPostgres) -> Plant:
    """The warehouse on the new machine, as the backup has it."""
    moved = at(plant, server)
    assert "Restored:" in atelier(moved, "restore", str(backup))
    return moved


def test_a_killed_backup_is_none(plant: Plant, backup: Path) -> None:
    backups = backup.parent
    process = start_atelier(plant, "backup")
    deadline = time.monotonic() + 60
    while not list(backups.glob("*.part/*.dump")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    process.communicate(timeout=60)
    assert folders.names(backups) == [backup]
    said = atelier(plant, "backup")
    assert "removed what an interrupted backup had left" in said
    assert not list(backups.glob("*.part"))
    made = [folder for folder in folders.names(backups) if folder != backup]
    assert len(made) == 1
    manifest.verify(made[0], manifest.read(made[0], plant.variables["PSEUDONYM_KEY"]))
    shutil.rmtree(made[0])
    # By hand it counts as the job does.
    assert plant.query("select job, schedule, outcome, message from ops.runs order by started_at") == [
        ("elt", None, "succeeded", None),
        ("backup", None, "succeeded", None),
        ("backup", None, "succeeded", None),
    ]


def start_restore(moved: Plant, backup: Path, *words: str, until: str) -> subprocess.Popen[str]:
    """Start a restore and wait until its session is at work on a statement that begins with a text."""
    process = start_atelier(moved, "restore", str(backup), *words)
    with closing(moved.connect()) as connection, connection.cursor() as cursor:
        while process.poll() is None:
            cursor.execute(
                "select count(*) from pg_stat_activity where application_name = 'atelier-run-restore' "
                "and ltrim(query, E'\\n') ilike %s",
                (f"{until}%",),
            )
            if cursor.fetchone() != (0,):
                break
    return process


def kill(process: subprocess.Popen[str], *, whole_group: bool) -> None:
    """Kill a command, with its children or without."""
    assert process.poll() is None, process.communicate()
    os.killpg(process.pid, signal.SIGKILL) if whole_group else process.kill()
    process.communicate(timeout=60)


def wait_until_taken_back(moved: Plant) -> None:
    """Wait until the server has seen that nobody is there any more."""
    sessions = "select count(*) from pg_stat_activity where application_name = 'atelier-run-restore'"
    deadline = time.monotonic() + 60
    while moved.query(sessions) != [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_killed_restore_leaves_the_server_empty(plant: Plant, backup: Path, server: OtherPostgres) -> None:
    moved = at(plant, server)
    kill(start_restore(moved, backup, until="COPY"), whole_group=False)
    wait_until_taken_back(moved)
    assert moved.query(f"select count(*) from pg_namespace where nspname in {EVERYTHING}") == [(0,)]


def test_the_run_that_made_the_backup_does_not_seem_to_have_been_killed(moved: Plant) -> None:
    found = moved.query("select job, outcome, ended_at >= started_at from ops.runs order by started_at")
    assert found == [("elt", "succeeded", True), ("backup", "succeeded", True)]


def test_everything_is_there_again(plant: Plant, moved: Plant, backup: Path) -> None:
    made = manifest.read(backup, plant.variables["PSEUDONYM_KEY"])
    assert {table.partition(".")[0] for table in made.tables} == set(EVERYTHING) - {"staging"}
    # Who runs the backup is noted after it: that is all that differs.
    ours, theirs = (
        moved.contents(*DATA_SCHEMAS, "gdpr", "serve"),
        plant.contents(*DATA_SCHEMAS, "gdpr", "serve"),
    )
    assert ours == theirs
    views = "select schemaname, viewname from pg_views where schemaname in ('marts', 'staging') order by 1, 2"
    assert moved.query(views) == plant.query(views)
    with closing(moved.connect()) as connection, connection.cursor() as cursor:
        roles = Roles.of(Warehouse.of(moved.variables))
        assert [list(step(cursor, roles)) for step in STEPS] == [[]] * len(STEPS)


def test_people_log_in_and_read_before_any_run(moved: Plant, tmp_path: Path) -> None:
    process, served = start(moved.variables, tmp_path)
    try:
        form = {"grant_type": "password", "username": USER, "password": PASSWORD}
        token = httpx.post(f"{served.url}/v1/auth/token", data=form).json()["access_token"]
        read = httpx.get(f"{served.url}/v1/machines", headers={"Authorization": f"Bearer {token}"})
        assert (read.status_code, len(read.json()["data"])) == (200, len(list(moved.logs.iterdir())))
    finally:
        process.terminate()
        process.wait(20)


def test_a_run_there_reads_on_and_neither_loses_nor_doubles(moved: Plant) -> None:
    read = dict(moved.query("select path, max(read_bytes) from raw_ftplogs.log_files group by path"))
    events = moved.contents("raw_ftplogs")["raw_ftplogs.log_events"]
    finish_the_day(moved)
    grown = {path: path.stat().st_size - read[str(path.relative_to(moved.logs))] for path in moved.growing}
    sent = bytes_sent(moved)
    output = moved.run_well("elt")
    assert "computes them all anew" not in output
    # Not a byte that was read already: of the torn line what there was had not been taken.
    assert bytes_sent(moved) - sent == sum(grown.values())
    assert set(events) < set(moved.contents("raw_ftplogs")["raw_ftplogs.log_events"])
    assert_marts_equal(moved)


def test_who_is_erased_after_the_backup_stays_so(plant: Plant, moved: Plant, backup: Path) -> None:
    with closing(erp_connection(plant)) as erp, erp.cursor() as cursor:
        cursor.execute(
            "select kundennr, id from a_kopf where kundennr = (select kundennr from a_kopf "
            "where kundennr <> '' order by id limit 1)"
        )
        rows = cursor.fetchall()
    number, orders = rows[0][0], [row[1] for row in rows]
    key = pseudonym(number, plant.variables["PSEUDONYM_KEY"])
    assert plant.query(f"select count(*) from raw_erp.a_kopf where kundennr = '{key}'") == [(len(orders),)]
    operations.erase(plant.variables, project_root(), number, Request("DPO", "2026-17"), print)
    suppressions.keep(project_root(), "test", plant.variables)
    output = atelier(moved, "restore", str(backup), "--replace")
    assert "Erasures and periods newer than the backup were applied again" in output
    found = [
        table for table, text in texts_of(moved) if key in text or any(order in text for order in orders)
    ]
    assert not found
    assert moved.query("select customer_key from gdpr.suppressed_customers") == [(key,)]


@pytest.mark.slow  # two whole runs
def test_after_it_both_are_the_same_plant(plant: Plant, moved: Plant) -> None:
    plant.run_well("elt")
    moved.run_well("elt")
    assert moved.lasting("marts") == plant.lasting("marts")


@pytest.mark.slow  # two restores each
@pytest.mark.parametrize("whole_group", [False, True])
@pytest.mark.parametrize(
    "until",
    ["drop schema", "SET statement", "COPY raw_ftplogs", "SELECT count", "insert into gdpr", "analyze"],
)
def test_a_restore_that_is_killed_is_all_or_nothing(
    moved: Plant, backup: Path, until: str, *, whole_group: bool
) -> None:
    moved.execute("delete from raw_ftplogs.rejected_lines")
    before = moved.contents(*DATA_SCHEMAS, "serve")
    process = start_restore(moved, backup, "--replace", until=until)
    if process.poll() is None:
        kill(process, whole_group=whole_group)
    wait_until_taken_back(moved)
    after = moved.contents(*DATA_SCHEMAS, "serve")
    assert "Restored:" in atelier(moved, "restore", str(backup), "--replace")
    assert after in (before, moved.contents(*DATA_SCHEMAS, "serve"))


@pytest.mark.slow  # two whole runs
def test_from_an_old_postgresql_to_a_new_one_under_another_name_without_roles(
    new_plant: Callable[..., Plant], server: OtherPostgres
) -> None:
    sources = new_plant("old_machine", evening=True)
    with another_server(sources.site.folder / "old-machine", 16) as old:
        before = at(sources, old)
        before.run_well("elt")
        (expected, said) = (before.lasting("marts"), atelier(before, "backup"))
        assert "Backed up:" in said
        administrator = server.connect(admin=True, database="postgres")
        administrator.autocommit = True
        with closing(administrator), administrator.cursor() as cursor:
            cursor.execute(f"create role plain login password '{PASSWORD}'")
            cursor.execute('create database "Other name" owner plain')
        after = at(
            sources, server, POSTGRES_DB="Other name", POSTGRES_USER="plain", POSTGRES_PASSWORD=PASSWORD
        )
        assert "may not create roles" in atelier(after, "restore", "latest")
        assert after.lasting("marts") == expected
        downloads = after.downloads()
        after.run_well("elt")
        assert after.downloads() == downloads
        assert after.lasting("marts") == expected
