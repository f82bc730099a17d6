"""Each runbook, with the trouble that it is about."""

from __future__ import annotations

import copy
from contextlib import closing
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from atelier.rights import GROUPS
from atelier_demo.factory.logs import make_logs
from pipeline.conftest import erp_connection, make_plants_erp
from pipeline.plant import ROOT, Plant
from pipeline.second_server import another_server

from runbooks.book import Book, blocks

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_demo.servers.base import Server
    from atelier_demo.servers.site import Site


# Slow: one to three whole runs each, an installation for one of them.
pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def plant(site: Site, servers: dict[str, str]) -> Plant:
    """A plant of the last days, loaded."""
    plant = Plant(site, servers, "runbooks")
    make_logs(plant.logs, seed=7, days=6, until=date.today() - timedelta(days=1))  # noqa: DTZ011 # as the pages say
    make_plants_erp(plant)
    plant.run_well("elt")
    return plant


@pytest.fixture
def book(plant: Plant, tmp_path: Path) -> Book:
    return Book(plant, tmp_path)


def try_while_down(book: Book, page: str, server: Server, says: str, finds: str, alert: str) -> None:
    """Check with the server down, then with it back, and see that the alert is over."""
    check, verify = blocks(page)
    server.kill()
    try:
        found = book.run(check)
    finally:
        server.start()
    assert found.status == 1
    assert says in found.output
    assert finds in book.run_well(check)
    assert alert not in book.run_well(verify)


def test_ftp_down(book: Book) -> None:
    ftp = book.plant.site.ftp
    try_while_down(book, "ftp-down", ftp, "nothing answers", "holds", "plus chargés")


def test_erp_down(book: Book) -> None:
    erp = book.plant.site.mysql
    try_while_down(book, "erp-down", erp, "cannot be reached", "has the 6 tables", "ERP plus chargé")


def test_disk_full(book: Book) -> None:
    disks, tables, run = blocks("disk-full")
    (book.folder / ".local" / "prod").mkdir(parents=True)
    assert "Mounted on" in book.run_well(disks)
    assert "log_events" in book.run_well(tables)
    book.run_well(run)


def test_wrong_figures(book: Book) -> None:
    *looks, refresh = blocks("wrong-figures")
    outputs = [book.run_well(look) for look in looks]
    yesterday = date.today() - timedelta(days=1)  # noqa: DTZ011 # the pages say yesterday
    if yesterday.weekday() < 5:  # the plant rests at the weekend
        assert f"{yesterday:%Y%m%d}" in outputs[0]
        assert "productive" in outputs[2]
    before = book.plant.contents("marts")
    book.run_well(refresh)
    assert book.plant.contents("marts") == before


def test_replay_a_file(book: Book) -> None:
    look, replay, mend, verify = blocks("replay-a-file")
    assert ".LOG" in book.run_well(look)
    # The second run takes the last lines of the newest files.
    book.plant.run_well("ftplogs-to-marts")
    before = book.plant.lasting("raw_ftplogs", "marts")
    book.plant.execute(
        "delete from raw_ftplogs.log_events where file_version_id = ("
        "select file_version_id from raw_ftplogs.log_files where event_count > 0 order by path limit 1)"
    )
    assert "(1 row)" in book.run_well(verify)
    book.run_well(replay)
    assert "(0 rows)" in book.run_well(verify)
    assert book.plant.lasting("raw_ftplogs", "marts") == before
    # A file is replaced by one with the same first line; then nobody remembers the one before.
    folder = book.plant.logs / "DEM12 (PVC)"
    file = folder / "20250101.LOG"
    start = b"20250101 07:00:00|@MachineStart:\n"
    file.write_bytes(start + b"20250101 07:01:00|@StukUitgevoerd: 1\n" * 3)
    book.plant.run_well("ftplogs-to-marts")
    file.write_bytes(start + b"a" * 500 + b"\n")
    book.plant.run_well("ftplogs-to-marts")
    sessions = "select (to_jsonb(s) - 'input_digest')::text from marts.fct_sessions s order by 1"
    days = book.plant.query(sessions)
    assert book.run(replay).status != 0
    book.run_well(mend)
    assert "(0 rows)" in book.run_well(verify)
    assert book.plant.query(sessions) == days
    file.unlink()


def test_backfill_a_year(book: Book) -> None:
    load, retention, verify = blocks("backfill-a-year")
    make_logs(book.plant.logs, seed=7, days=9, machines=3, until=date(2024, 12, 20), oddities=False)
    book.run_well(load)
    book.run_well(retention)
    assert "2024-12-" in book.run_well(verify)


def test_new_machine(book: Book) -> None:
    name, load, verify = blocks("new-machine")
    folder = book.plant.logs / "DEM14 (PVC)"
    folder.mkdir()
    day = date.today()  # noqa: DTZ011 # the plant's own
    (folder / f"{day:%Y%m%d}.LOG").write_text(f"{day:%Y%m%d} 00:00:01|@MachineStart:\n" * 3)
    book.run_well(name)
    book.run_well(load)
    assert "DEM14" in book.run_well(verify)
    named = book.plant.query("select machine_name from seeds.machine_names where machine_id = 'DEM14'")
    assert named == [("Centre d'usinage PVC 2",)]


def test_new_plant(book: Book) -> None:
    create, fill, verify = blocks("new-plant")
    site = book.plant.site
    with closing(site.admin_postgres()) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("drop database if exists atelier_lyon with (force)")
            for role in ("lyon", *(f"atelier_lyon_{group}" for group in GROUPS)):
                cursor.execute(f"drop role if exists {role}")
        place = connection.get_dsn_parameters()
        administrator = {
            "POSTGRES_HOST": place["host"],
            "POSTGRES_PORT": place["port"],
            "POSTGRES_USER": place["user"],
            "POSTGRES_PASSWORD": connection.info.password or "",
        }
    book.run_well(create, **administrator)
    lyon = {"POSTGRES_USER": "lyon", "POSTGRES_PASSWORD": "change-me-1", "POSTGRES_DB": "atelier_lyon"}
    book.run_well(fill, **lyon)
    assert "atelier_lyon_reader" in book.run_well(verify, **lyon)


def test_erase_a_customer(book: Book, tmp_path: Path) -> None:
    check, erase, verify = blocks("erase-a-customer")
    with closing(erp_connection(book.plant)) as connection, connection.cursor() as cursor:
        cursor.execute("select min(kundennr) from a_kopf where kundennr <> ''")
        cursor.execute("update a_kopf set kundennr = '10001' where kundennr = %s", cursor.fetchone())
        connection.commit()
    book.plant.run_well("erp")
    exports = {"EXPORT_FOLDER": str(tmp_path / "exports")}
    book.run_well(check, **exports)
    assert "Client effacé" in book.run_well(erase)
    assert "2026-17 verify" not in book.run_well(verify, **exports)
    kinds = book.plant.query(
        "select kind from gdpr.operations where kind <> 'retention' order by finished_at"
    )
    assert [kind for (kind,) in kinds] == ["export", "erase", "export"]


def test_restore(book: Book) -> None:
    restore, run = blocks("restore")
    book.run_well(".venv/bin/atelier backup --environment=prod")
    before = book.plant.lasting("raw_ftplogs", "raw_erp", "marts")
    # Damage, as by a mistaken statement.
    book.plant.execute("drop table marts.fct_sessions cascade; delete from raw_ftplogs.log_events")
    refused = book.run(restore)
    assert refused.status == 1
    assert "is not empty" in refused.output
    assert "Restored: " in book.run_well(f"{restore.rstrip()} --replace")
    book.run_well(run)
    assert book.plant.lasting("raw_ftplogs", "raw_erp", "marts") == before


def test_move_server(book: Book, tmp_path: Path) -> None:
    create, last_backup, install, bring, first_run = blocks("move-server")
    backups = tmp_path / "new" / "backups"
    (book.folder / ".env").write_text(f"PSEUDONYM_KEY={book.plant.variables['PSEUDONYM_KEY']}\n")
    # What the page leaves open: the names of the two machines, and a password that nobody is there to type.
    here = {
        "--pwprompt atelier": "moved",
        "--owner=atelier atelier": "--owner=moved moved",
        "<where yours comes from>": str(ROOT),
        "scp old:atelier/": f"cp {book.folder}/",
        "rsync --archive old:/srv/backups/atelier/": f"cp -r {book.plant.variables['BACKUP_DIR']}/",
        "/srv/backups/atelier/ ": f"{backups} ",
    }

    def as_here(block: str) -> str:
        for written, meant in here.items():
            block = block.replace(written, meant)
        return block

    with another_server(book.plant.site.folder / "moved") as server:
        there = server.variables()
        with closing(server.connect(admin=True)) as connection, connection.cursor() as cursor:
            administrator = {
                "POSTGRES_USER": connection.info.user,
                "POSTGRES_PASSWORD": connection.info.password or "",
                "POSTGRES_DB": connection.info.dbname,
            }
            book.run_well(as_here(create), **(there | administrator))
            cursor.execute("alter role moved password %s", (there["POSTGRES_PASSWORD"],))
            connection.commit()
        new = copy.copy(book)
        moved = {"POSTGRES_USER": "moved", "POSTGRES_DB": "moved", "BACKUP_DIR": str(backups)}
        new.plant = book.plant.reached_by(**(there | moved))
        new.folder = tmp_path / "new"
        new.folder.mkdir()
        book.run_well(last_backup)
        # What uv leaves there is not a run's.
        new.run_well(as_here(install), TMPDIR=str(tmp_path))
        new.folder /= "atelier"
        assert "Restored: " in new.run_well(as_here(bring))
        new.run_well(first_run)
        days = "select * from marts.fct_machine_days order by 1, 2, 3"
        assert new.plant.query(days) == book.plant.query(days)
