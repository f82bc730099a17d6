"""Days of a plant in hours: the scheduler serves it, things go wrong, in the end nothing is lost or twice."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import psutil
import pytest
from atelier_demo.servers.site import Site
from crash import traces
from crash.clock import Clock
from crash.test_full_disk import SmallDisk
from oracle.compare import assert_marts_equal
from pipeline.conftest import make_plants_erp
from pipeline.plant import ROOT, Plant
from receivers import HookServer, MailServer
from reliability.figures import SOAK

from soak.clock import PlantClock
from soak.living import Machines, Office
from soak.mishaps import HOUR, Mishap
from soak.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.soak,
    pytest.mark.timeout(6 * 3600),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount the small disk of the warehouse"),
]

#: How long it lasts, and how many times as fast as ours the plant's clock goes.
REAL_HOURS = float(os.environ.get("SOAK_HOURS", "2"))
SPEED = float(os.environ.get("SOAK_SPEED", "24"))

SEED = 11
ZONE = ZoneInfo("Europe/Paris")
#: A Monday in winter time without a closing day near it.
BEGIN = datetime(2025, 11, 17, 5, tzinfo=ZONE)
ORDERS = 300
WAREHOUSE_MB = 1500

#: What the office and the machines do between two of their steps lasts so long for us.
STEP_SECONDS = 2.0


@pytest.fixture
def site() -> Iterator[Site]:
    """Servers of its own, the warehouse on a small disk."""
    folder = ROOT / ".local" / "soak"
    folder.mkdir(parents=True, exist_ok=True)
    servers = Site(folder)
    servers.down()
    (folder / "postgres").mkdir(exist_ok=True)
    while (folder / "postgres").is_mount():
        # A soak that was killed has left it.
        subprocess.run(["umount", str(folder / "postgres")], check=True)
    disk = SmallDisk(folder / "postgres", WAREHOUSE_MB << 20)
    servers.disk = disk  # type: ignore[attr-defined] # the soak's own
    servers.up(lambda _: None)
    yield servers
    disk.make_room()
    servers.down()
    disk.close()


class Soak:
    """The plant, its clock, its service, and what happens to them."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.folder = site, folder
        self.plant = Plant(site, site.variables(), "soak")
        self.machines = Machines(self.plant, folder / "staging", SEED, BEGIN.date(), days=4)
        self.office = Office(self.plant, SEED)
        self.mail, self.hook = MailServer(), HookServer()
        self.mail.start()
        self.hook.start()
        make_plants_erp(self.plant, seed=SEED, orders=ORDERS, until=BEGIN.date())
        site.postgres.stop()
        site.mysql.stop()
        self.clock = PlantClock(Clock(site, folder), BEGIN, SPEED)
        self.end = BEGIN + timedelta(hours=REAL_HOURS * SPEED)
        self._start(site.postgres)
        self._start(site.mysql)

    def _start(self, server: object) -> None:
        with self.clock.for_children():
            server.start(lambda _: None)  # type: ignore[attr-defined] # any of the site's servers

    @property
    def environment(self) -> dict[str, str]:
        """What the service has."""
        return self.plant.environment(
            **self.clock.environment(files=True),
            SMTP_HOST="127.0.0.1",
            SMTP_PORT=str(self.mail.port),
            SMTP_TLS="off",
            ALERT_FROM="atelier@usine.example",
            ALERT_TO="production@usine.example",
            ALERT_WEBHOOK_URL=self.hook.url,
            ALERT_REMINDER_HOURS="1000",
            BACKUP_DIR=str(self.folder / "backups"),
            BACKUP_KEEP="2",
        )

    def serve(self) -> subprocess.Popen[bytes]:
        """Start the service."""
        return subprocess.Popen(
            [str(ROOT / ".venv" / "bin" / "atelier"), "scheduler", "run", "--environment=test"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / "scheduler.log").open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def live(self) -> None:
        """Let machines write and the office work up to now."""
        now = self.clock.now()
        self.machines.write(now, now.replace(tzinfo=None))
        if 7 <= now.hour < 19:
            self.office.work()

    def mishaps(self) -> list[Mishap]:
        """What goes wrong, in the order in which it begins."""
        machines, site = self.machines, self.site
        silent, absent, garbled = machines.codes[0], machines.codes[1], machines.codes[2]
        monday, tuesday = BEGIN, BEGIN + timedelta(days=1)
        garbage = self.plant.logs / garbled / f"{tuesday:%Y%m%d} bis.LOG"
        jumping = self.plant.logs / garbled / f"{tuesday:%Y%m%d} ter.LOG"
        denied = self.plant.logs / silent / f"{monday:%Y%m%d} denied.LOG"

        def lines(day: datetime) -> bytes:
            return b"".join(
                f"{day:%Y%m%d} 06:{minute:02}:00|@MachineStart:\n".encode() for minute in range(60)
            )

        back = b"".join(
            f"{tuesday:%Y%m%d} {hour:02}:{minute:02}:00|@MachineStart:\n".encode()
            for hour, minute in ((8, 0), (8, 30), (7, 10), (7, 40), (8, 10))
        )

        def write(path: Path, content: bytes) -> None:
            path.write_bytes(content)
            os.utime(path, (self.clock.now().timestamp(),) * 2)

        def deny(pattern: str | None, path: Path | None = None) -> None:
            site.ftp.options.pop("deny_file", None)
            if pattern and path:
                write(path, lines(monday))
                site.ftp.options["deny_file"] = pattern
            site.ftp.stop()
            site.ftp.start(lambda _: None)

        def hold(*names: str) -> None:
            machines.held.update(names)

        def release(*names: str) -> None:
            machines.held.difference_update(names)

        def kill_a_run() -> None:
            found = traces.processes(self.plant)
            runs = [process for process in found if any("/meltano" in word for word in process.cmdline())]
            for process in runs[:1]:
                process.kill()

        def fill_the_disk() -> None:
            site.disk.fill()  # type: ignore[attr-defined] # the soak's own

        def make_room() -> None:
            site.disk.make_room()  # type: ignore[attr-defined] # the soak's own
            # PostgreSQL ends when it cannot write its log.
            self._start(site.postgres)

        day_file = f"{monday:%Y%m%d}.LOG"
        return [
            Mishap(
                "a machine's file does not come",
                timedelta(0),
                26 * HOUR,
                lambda: hold(f"{absent}/{day_file}"),
                lambda: release(f"{absent}/{day_file}"),
                (("missing_production_day", f"{monday:%Y-%m-%d}"), ("machine_silent", "")),
                29 * HOUR,
            ),
            Mishap(
                "a file may not be read",
                2 * HOUR,
                4 * HOUR,
                lambda: deny("{*denied*}", denied),
                lambda: deny(None),
                (("unreadable_file", "denied"), ("run_failed", "ftplogs-to-marts")),
                6 * HOUR,
            ),
            Mishap(
                "the FTP server is gone",
                6 * HOUR,
                8 * HOUR,
                site.ftp.kill,
                lambda: site.ftp.start(lambda _: None),
                (("run_failed", "ftplogs-to-marts"), ("logs_load_stale", "")),
                10 * HOUR,
            ),
            Mishap(
                "the ERP's server is gone",
                8.5 * HOUR,
                31 * HOUR,
                site.mysql.kill,
                lambda: self._start(site.mysql),
                (("run_failed", "erp-to-marts"), ("erp_load_stale", "")),
                35 * HOUR,
            ),
            Mishap(
                "PostgreSQL is killed",
                11 * HOUR,
                12.5 * HOUR,
                site.postgres.kill,
                lambda: self._start(site.postgres),
                (("warehouse_unreachable", ""),),
                15 * HOUR,
            ),
            Mishap("a run is killed", 16 * HOUR, 16 * HOUR, kill_a_run, lambda: None, (), 17 * HOUR),
            Mishap(
                "the warehouse's disk is full",
                18 * HOUR,
                19.5 * HOUR,
                fill_the_disk,
                make_room,
                (),
                21 * HOUR,
            ),
            Mishap(
                "a machine is silent",
                27 * HOUR,
                30 * HOUR,
                lambda: hold(silent),
                lambda: release(silent),
                (("machine_silent", ""),),
                32 * HOUR,
            ),
            Mishap(
                "a file is garbled",
                28 * HOUR,
                32 * HOUR,
                lambda: write(garbage, lines(tuesday) + b"\x8f\x02 garbled\n" * 60),
                lambda: write(garbage, lines(tuesday)),
                (("rejected_share", garbage.name),),
                35 * HOUR,
            ),
            Mishap(
                "a machine's clock jumps",
                29 * HOUR,
                33 * HOUR,
                lambda: write(jumping, back),
                lambda: write(jumping, lines(tuesday)),
                (("clock_jump", jumping.name),),
                36 * HOUR,
            ),
            Mishap("a run is killed", 36 * HOUR, 36 * HOUR, kill_a_run, lambda: None, (), 37 * HOUR),
        ]


def test_days_of_a_plant(site: Site, tmp_path: Path) -> None:
    soak = Soak(site, tmp_path)
    mishaps = [each for each in soak.mishaps() if BEGIN + each.settled <= soak.end]
    todo = sorted(
        [(BEGIN + each.begins, 0, each.name, each.begin) for each in mishaps]
        + [(BEGIN + each.ends, 1, each.name, each.end) for each in mishaps],
        key=lambda item: item[:2],
    )

    def go_on() -> None:
        """Let happen what is due, then let the plant live: what is held back from the start is never seen."""
        while todo and todo[0][0] <= soak.clock.now():
            _, is_end, name, do = todo.pop(0)
            print(f"{soak.clock.now():%a %H:%M} {name}{', over' if is_end else ''}", flush=True)  # noqa: T201
            do()
        soak.live()

    sessions_before = sessions(site)
    go_on()
    service = soak.serve()
    samples = Samples(soak.plant, service.pid, ROOT / ".local" / "soak" / "samples.csv")
    try:
        while soak.clock.now() < soak.end:
            go_on()
            time.sleep(STEP_SECONDS)
            assert service.poll() is None, "the service has ended by itself"
        samples.stop()
        service.send_signal(signal.SIGTERM)
        assert service.wait(120) == 0
    finally:
        with_children(service.pid)
        service.kill()
    now = soak.clock.now()
    soak.machines.finish(now, now.replace(tzinfo=None))
    # The last files are settled when a run has seen them twice.
    for _ in range(2):
        soak.plant.run_well("elt", **soak.clock.environment(files=True))
    traces.assert_nothing_left(soak.plant)
    assert_marts_equal(soak.plant)
    told = assert_told(soak, mishaps)
    memory, files = samples.growth("memory_mb"), samples.growth("open_files")
    assert memory[1] <= memory[0] * 1.1 + 5, memory
    assert files[1] <= files[0] + 5, files
    assert sessions(site) <= sessions_before + 1
    assert samples.all[-1].temporary_files <= max(each.temporary_files for each in samples.all[:60])
    outcomes = dict(
        soak.plant.query("select outcome, count(*) from ops.runs where schedule is not null group by 1")
    )
    SOAK.keep(
        f"{REAL_HOURS:g} hours, {REAL_HOURS * SPEED:g} hours of the plant",
        f"seed {SEED}, {SPEED:g} times as fast",
        **{
            "runs that succeeded": outcomes.get("succeeded", 0),
            "that failed": outcomes.get("failed", 0),
            "that were interrupted": outcomes.get("interrupted", 0),
            "mishaps": len(mishaps),
            "alerts told, each once and over once": told,
            "orders added or changed": soak.office.changes,
            "service's memory, second quarter": f"{memory[0]:.0f} MB",
            "service's memory, last quarter": f"{memory[1]:.0f} MB",
        },
    )
    soak.mail.stop()
    soak.hook.stop()
    soak.clock.stop()


def assert_told(soak: Soak, mishaps: list[Mishap]) -> int:
    """Hold that what went wrong was told once, and once that it was over; return the number of alerts."""
    letters, documents = soak.mail.take(), soak.hook.take()
    posted = [alert for document in documents for alert in document["alerts"]]
    by_incident: dict[str, list[str]] = {}
    for alert in posted:
        by_incident.setdefault(alert["incident_id"], []).append(alert["status"])
    found = {alert["incident_id"]: (alert["kind"], alert["subject"]) for alert in posted}
    wrong = [
        f"{mishap.name}: nobody was told of {kind} {subject}"
        for mishap in mishaps
        for kind, subject in mishap.alerts
        if not any(known == kind and subject in about for known, about in found.values())
    ]
    wrong += [
        f"{found[incident]} was told as {states}"
        for incident, states in by_incident.items()
        if states.count("new") > 1
        or states[-1] not in ("over", "passed")
        or len(states) > 2 + 2 * states.count("again")
    ]
    assert wrong == [], f"{'; '.join(wrong)}; told were {list(found.values())}"
    # Whoever reads mail was told the same.
    assert len(letters) == len(documents)
    return len(by_incident)


def sessions(site: Site) -> int:
    """How many sessions the warehouse has."""
    with closing(site.admin_postgres()) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_stat_activity where backend_type = 'client backend'")
        return int((cursor.fetchone() or (0,))[0])


def with_children(pid: int) -> None:
    """End what a service that failed has left."""
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return
    for child in children:
        child.kill()
