"""A source or a setting that is wrong: one sentence, a status that is not 0, everything as it was."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from pipeline.conftest import erp_connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.plant import Plant

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

#: Twelve bytes each: one line of 100 MB.
GARBAGE_REPEATS = 100_000_000 // 12

SECRETS = ("FTP_PASSWORD", "MYSQL_PASSWORD", "POSTGRES_PASSWORD", "PSEUDONYM_KEY")


@pytest.fixture(scope="module")
def plant(new_plant: Callable[..., Plant]) -> Plant:
    """All is loaded; one of the files was garbage."""
    plant = new_plant("bad_input", evening=True)
    garbage = first_machine(plant) / "20251001.LOG"
    garbage.write_bytes(b"\x00\xff\xfe garbage " * GARBAGE_REPEATS)
    plant.load()
    garbage.unlink()
    return plant


def first_machine(plant: Plant) -> Path:
    return min(folder for folder in plant.logs.iterdir() if folder.name.startswith("DEM12"))


@pytest.fixture
def unchanged(plant: Plant) -> Iterator[None]:
    before = plant.contents("raw_ftplogs", "raw_erp", "marts")
    yield
    assert plant.contents("raw_ftplogs", "raw_erp", "marts") == before


def assert_refused(plant: Plant, *words: str, job: str = "elt", **changes: str) -> None:
    status, output = plant.run(job, **changes)
    assert status != 0, output[-3000:]
    last = [line for line in output.splitlines() if line.strip()][-1]
    assert last.startswith("atelier: failed: "), output[-3000:]
    for word in words:
        assert word in last, last
    for name in SECRETS:
        assert plant.environment(**changes)[name] not in output, name


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        # Names that do not resolve are tested with the taps as well: here where there is time.
        pytest.param(
            {"FTP_HOST": "no-such-host.invalid"},
            ["no-such-host.invalid", "FTP_HOST"],
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"MYSQL_HOST": "no-such-host.invalid"},
            ["no-such-host.invalid", "MYSQL_HOST"],
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"POSTGRES_HOST": "no-such-host.invalid"},
            ["no-such-host.invalid", "POSTGRES_HOST"],
            marks=pytest.mark.slow,
        ),
        ({"FTP_PORT": "1"}, ["127.0.0.1", "FTP_PORT"]),
        ({"FTP_PASSWORD": "wrong-ftp-password"}, ["FTP_USER", "FTP_PASSWORD"]),
        ({"FTP_ROOT": "/no-such-folder"}, ["/no-such-folder", "FTP_ROOT"]),
        ({"MYSQL_PORT": "1"}, ["127.0.0.1:1", "MYSQL_PORT"]),
        ({"MYSQL_PASSWORD": "wrong-mysql-password"}, ["MYSQL_USER", "MYSQL_PASSWORD"]),
        ({"MYSQL_DATABASE": "no_such_database"}, ["no_such_database", "MYSQL_DATABASE"]),
        ({"POSTGRES_PORT": "1"}, ["127.0.0.1:1", "POSTGRES_PORT"]),
        ({"POSTGRES_PASSWORD": "wrong-postgres-password"}, ["POSTGRES_USER", "POSTGRES_PASSWORD"]),
        ({"POSTGRES_DB": "no_such_database"}, ["no_such_database", "POSTGRES_DB"]),
        ({"POSTGRES_PORT": "five"}, ["POSTGRES_PORT", "five"]),
        ({"MYSQL_USER": ""}, ["MYSQL_USER", ".env"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_wrong_setting_is_named(plant: Plant, changes: dict[str, str], words: list[str]) -> None:
    assert_refused(plant, *words, **changes)


@pytest.mark.usefixtures("unchanged")
def test_an_empty_root_is_named(plant: Plant) -> None:
    empty = plant.site.ftp_root / "nothing_here"
    empty.mkdir(exist_ok=True)
    root = plant.variables["FTP_ROOT"].replace("bad_input", "nothing_here")
    assert_refused(plant, root, FTP_ROOT=root)


@pytest.mark.usefixtures("unchanged")
def test_a_table_or_column_that_is_missing_is_named(plant: Plant) -> None:
    with closing(erp_connection(plant)) as connection, connection.cursor() as cursor:
        cursor.execute("alter table p_zubeh change zcode zcode_old varchar(20)")
        try:
            assert_refused(plant, "p_zubeh", "zcode")
        finally:
            cursor.execute("alter table p_zubeh change zcode_old zcode varchar(20)")
        cursor.execute("rename table a_vorgang to a_vorgang_old")
        try:
            assert_refused(plant, "a_vorgang", plant.variables["MYSQL_DATABASE"])
        finally:
            cursor.execute("rename table a_vorgang_old to a_vorgang")


@pytest.mark.slow  # it waits for servers to stop and start; a port where nothing listens is told the same
@pytest.mark.usefixtures("unchanged")
def test_a_server_that_is_down_is_named(plant: Plant) -> None:
    plant.site.ftp.stop()
    try:
        assert_refused(plant, plant.variables["FTP_PORT"])
    finally:
        plant.site.ftp.start()
    plant.site.mysql.stop()
    try:
        assert_refused(plant, plant.variables["MYSQL_PORT"])
    finally:
        plant.site.mysql.start()


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("job", "changes", "part"),
    [
        ("erp-to-marts", {"TAP_MYSQL_PORT": "1"}, "the MySQL server 127.0.0.1:1"),
        ("elt", {"TAP_FTPLOGS_ROOT": "/no-such-folder"}, "/no-such-folder"),
        ("elt", {"TARGET_POSTGRES_PORT": "1"}, "target-postgres"),
    ],
    ids=["tap-mysql", "tap-ftplogs", "target-postgres"],
)
def test_a_part_that_fails_fails_the_run(plant: Plant, job: str, changes: dict[str, str], part: str) -> None:
    # Meltano's own settings, so that the check before the run passes and the part itself fails.
    assert_refused(plant, part, job=job, **changes)


def test_a_test_that_fails_fails_the_run(plant: Plant) -> None:
    plant.execute(
        "update raw_ftplogs.log_files set event_count = event_count + 1, line_count = line_count + 1"
    )
    try:
        status, output = plant.run("transform")
        assert status != 0
        assert "assert_every_line_is_accounted_for" in output.splitlines()[-1], output[-3000:]
    finally:
        plant.execute(
            "update raw_ftplogs.log_files set event_count = event_count - 1, line_count = line_count - 1"
        )


def test_a_garbage_file_becomes_rejected_lines(plant: Plant) -> None:
    rows = plant.query(
        "select r.reason, r.is_truncated, r.byte_count from raw_ftplogs.rejected_lines r "
        "join raw_ftplogs.log_files f using (file_version_id) where f.file_name = '20251001.LOG'"
    )
    assert rows == [("no_time", True, 12 * GARBAGE_REPEATS)]


def test_a_file_that_cannot_be_read_fails_the_run_after_all_else_is_in_the_marts(plant: Plant) -> None:
    machine = first_machine(plant)
    unreadable, readable = machine / "20251002 denied.LOG", machine / "20251003.LOG"
    lines = b"20251003 07:00:00|@MachineStart\n20251003 07:01:00|@StukUitgevoerd: 1\n"
    unreadable.write_bytes(lines)
    readable.write_bytes(lines)
    # Listed, but not sent: root may read whatever its permissions are.
    plant.site.ftp.stop()
    plant.site.ftp.options["deny_file"] = "{*denied*}"
    plant.site.ftp.start()
    days = "select count(*) from marts.fct_sessions where production_date = '2025-10-03'"
    states = plant.query("select state_id, completed_state from meltano.state")
    try:
        # The second time the loader knows the file already, and the marts need not be built.
        for job in ("ftplogs-to-marts", "ftplogs"):
            status, output = plant.run(job)
            assert status != 0
            last = output.splitlines()[-1]
            assert last.startswith("atelier: failed: "), last
            assert f"{machine.name}/20251002 denied.LOG cannot be read" in last
            assert plant.query(days) == [(1,)]
        rows = plant.query(
            "select read_error from raw_ftplogs.log_files where file_name = '20251002 denied.LOG'"
        )
        assert len(rows) == 1
        assert "550" in rows[0][0]
    finally:
        plant.site.ftp.stop()
        del plant.site.ftp.options["deny_file"]
        plant.site.ftp.start()
    problems = "select machine_id, kind, is_open from marts.fct_source_problems"
    assert plant.query(problems) == [("DEM12", "file_unreadable", True)]
    # Nor does it matter that runs were killed after the load and before their state was kept.
    with closing(plant.connect()) as connection, connection.cursor() as cursor:
        for state_id, completed in states:
            cursor.execute(
                "update meltano.state set completed_state = %s where state_id = %s", (completed, state_id)
            )
    plant.load("ftplogs-to-marts")
    assert plant.query(problems) == [("DEM12", "file_unreadable", False)]
    assert plant.query("select resolved_at >= first_seen_at from marts.fct_source_problems") == [(True,)]
    unreadable.unlink()
    readable.unlink()


@pytest.mark.slow  # five whole runs; the loader has its own test
def test_a_source_that_has_lost_too_many_rows_is_not_believed(plant: Plant) -> None:
    before = plant.contents("raw_ftplogs", "raw_erp", "marts")
    with closing(erp_connection(plant)) as connection, connection.cursor() as cursor:
        cursor.execute("create table kept as select * from p_zubeh")
        cursor.execute("delete from p_zubeh where znr % 3 = 1")
        connection.commit()
        try:
            assert_refused(plant, "raw_erp.p_zubeh would lose", "20%", "ERP_CONFIRM_DELETES")
            cursor.execute("delete from p_zubeh")
            connection.commit()
            assert_refused(plant, "raw_erp.p_zubeh has", "and the source none", ERP_MAX_DELETE_SHARE="1")
            assert plant.contents("raw_ftplogs", "raw_erp", "marts") == before
            plant.run_well("erp-to-marts", ERP_CONFIRM_DELETES="p_zubeh")
            assert plant.query("select count(*) from marts.fct_shutter_orders") == [(0,)]
        finally:
            cursor.execute("insert ignore into p_zubeh select * from kept")
            cursor.execute("drop table kept")
            connection.commit()
    plant.run_well("erp-to-marts")
    assert plant.contents("raw_ftplogs", "raw_erp", "marts") == before
