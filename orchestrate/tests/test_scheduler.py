"""The service that starts runs: what was missed, one at a time, and how it stops."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from atelier import warehouse
from atelier.connections import Warehouse
from atelier.ops import migrations
from atelier.ops.runs import Run, record
from atelier.ops.steps import Step
from atelier.scheduler import heartbeat
from atelier.scheduler.due import Due, last_started, latest, missed
from atelier.schedules.read import Schedule
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
PARIS = ZoneInfo("Europe/Paris")

LOGS = Schedule("logs", "logs", "*/15 * * * *")
MORNING = Schedule("morning", "erp", "0 9 * * *")
AFTERNOON = Schedule("afternoon", "erp", "0 14 * * *")
NIGHT = Schedule("night", "retention", "30 2 * * *")


def paris(*when: int) -> datetime:
    return datetime(*when, tzinfo=PARIS).astimezone(timezone.utc)  # type: ignore[arg-type,misc] # year, month, …


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ("*/15 * * * *", paris(2025, 5, 28, 12, 0)),
        ("0 9 * * *", paris(2025, 5, 28, 9, 0)),
        ("0 14 * * *", paris(2025, 5, 27, 14, 0)),
        ("0 0 * * 0", paris(2025, 5, 25, 0, 0)),
        ("0 0 1 1 *", paris(2025, 1, 1, 0, 0)),
        ("0 0 29 2 *", paris(2024, 2, 29, 0, 0)),
    ],
)
def test_the_latest_time_that_was_due(interval: str, expected: datetime) -> None:
    assert latest(Schedule("x", "x", interval), PARIS, paris(2025, 5, 28, 12, 7)) == expected


@given(st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)), st.sampled_from([LOGS, MORNING, NIGHT]))  # noqa: DTZ001 # made aware below
def test_between_the_latest_and_now_nothing_is_due(moment: datetime, schedule: Schedule) -> None:
    now = moment.replace(tzinfo=timezone.utc)
    found = latest(schedule, PARIS, now)
    assert found <= now < schedule.calendar.after(found, PARIS)


def test_what_was_missed_is_caught_up_once_per_job() -> None:
    now = paris(2025, 5, 28, 16, 7)
    last = {
        "logs": paris(2025, 5, 26, 18, 0),
        "morning": paris(2025, 5, 26, 9, 0),
        "afternoon": paris(2025, 5, 26, 14, 0),
        "night": paris(2025, 5, 28, 2, 30),
    }
    # Two days of logs, two mornings and afternoons of the ERP: one run each. The night was not missed.
    assert missed([LOGS, MORNING, AFTERNOON, NIGHT], PARIS, now, last) == [
        Due(AFTERNOON, paris(2025, 5, 28, 14, 0)),
        Due(LOGS, paris(2025, 5, 28, 16, 0)),
    ]


def test_a_job_that_never_ran_is_caught_up() -> None:
    now = paris(2025, 5, 28, 8, 0)
    assert [due.schedule.name for due in missed([MORNING, AFTERNOON], PARIS, now, {})] == ["afternoon"]
    # Of the schedules of one job, the one that ran speaks for the others.
    assert missed([MORNING, AFTERNOON], PARIS, now, {"afternoon": paris(2025, 5, 27, 14, 0)}) == []


def test_a_heartbeat_grows_old(tmp_path: Path) -> None:
    assert heartbeat.read(tmp_path) is None
    heartbeat.write(tmp_path, {"process_id": 1})
    found = heartbeat.read(tmp_path)
    assert found is not None
    assert found.is_alive
    for age in (121, -121):
        os.utime(tmp_path / heartbeat.FILE, (time.time() - age,) * 2)
        old = heartbeat.read(tmp_path)
        assert old is not None
        assert not old.is_alive


class Project:
    """A project of its own with schedules of its own, beside the real one's programs and servers."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        self.state, self.logs = folder / "state", folder / "logs"
        for name in (".venv", "orchestrate"):
            (folder / name).symlink_to(ROOT / name)
        essentials = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
        self.environment = {
            **essentials,
            **variables,
            "MELTANO_PROJECT_ROOT": str(folder),
            "MELTANO_SYS_DIR_ROOT": str(folder / "meltano"),
            "ATELIER_STATE_DIR": str(self.state),
            "ATELIER_LOG_DIR": str(self.logs),
        }
        self.target = Warehouse.of(variables)

    def schedule(self, *schedules: tuple[str, str, str], pause: int = 0) -> None:
        """Write the project's file: jobs `elt`, `succeed`, `pause` and `fail`, and the schedules."""
        # What fills a new warehouse is the job `elt`, whose step is a tap's.
        programs = {
            "tap-all": "/bin/true",
            "succeed": "/bin/true",
            "fail": "/bin/false",
            "pause": f"/bin/sleep {pause}",
        }
        document = {
            "project_id": "test-of-the-scheduler",
            "send_anonymous_usage_stats": False,
            "environments": [{"name": "test"}],
            "plugins": {
                "utilities": [
                    {
                        "name": name,
                        "namespace": name,
                        "executable": program.partition(" ")[0],
                        "commands": {"now": {"args": program.partition(" ")[2]}},
                    }
                    for name, program in programs.items()
                ]
            },
            "jobs": [
                {"name": "elt" if name == "tap-all" else name, "tasks": [f"{name}:now"]} for name in programs
            ],
            "schedules": [
                {"name": name, "job": job, "interval": interval} for name, job, interval in schedules
            ],
        }
        part = self.folder / "meltano.part"
        part.write_text(yaml.safe_dump(document))
        part.replace(self.folder / "meltano.yml")

    @contextmanager
    def scheduler(self, **changes: str) -> Iterator[subprocess.Popen[str]]:
        """The service, killed at the end if it still runs."""
        with subprocess.Popen(
            [str(ROOT / ".venv" / "bin" / "atelier"), "scheduler", "run", "--environment=test"],
            cwd=self.folder,
            env={**self.environment, **changes},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def command(self, verb: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(ROOT / ".venv" / "bin" / "atelier"), "scheduler", verb, "--environment=test"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def runs(self) -> list[tuple[Any, ...]]:
        with closing(warehouse.connect(self.target)) as connection, connection.cursor() as cursor:
            cursor.execute("select to_regclass('ops.runs') is not null")
            if cursor.fetchone() != (True,):
                return []
            cursor.execute(
                "select schedule, job, outcome, due_at, started_at from ops.runs where schedule is not null "
                "order by started_at"
            )
            return cursor.fetchall()

    def outcomes(self) -> list[tuple[str, str]]:
        return [(row[0], row[2]) for row in self.runs()]


def wait_until(holds: Callable[[], bool], seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.2)


@pytest.fixture
def new_project(tmp_path: Path, servers: dict[str, str]) -> Project:
    with closing(warehouse.connect(Warehouse.of(servers))) as connection, connection.cursor() as cursor:
        cursor.execute("drop schema if exists ops cascade")
    return Project(tmp_path, servers)


@pytest.fixture
def project(new_project: Project) -> Project:
    """A project in whose warehouse somebody has loaded everything by hand."""
    moment = datetime.now(timezone.utc) - timedelta(days=2)
    run = Run("elt", "test", started_at=moment)
    run.end("succeeded", None, [Step("tap-all:now", moment, moment, "succeeded", None, {})])
    with closing(warehouse.connect(new_project.target)) as connection:
        migrations.apply(connection, new_project.target)
        record(connection, run)
    return new_project


@pytest.mark.integration
def test_a_new_warehouse_is_filled_first(new_project: Project) -> None:
    new_project.schedule(("daily", "succeed", "0 0 * * *"))
    with new_project.scheduler() as service:
        wait_until(lambda: new_project.outcomes() == [("first-load", "succeeded")])
        service.terminate()
        assert service.wait(60) == 0
    # From then on, what did not run is caught up.
    with new_project.scheduler() as service:
        wait_until(lambda: ("daily", "succeeded") in new_project.outcomes())
        service.terminate()
        assert service.wait(60) == 0


@pytest.mark.integration
def test_a_backup_has_loaded_nothing_and_a_clock_that_was_ahead_has_started_nothing(
    new_project: Project,
) -> None:
    target, now = new_project.target, datetime.now(timezone.utc)

    def recorded(job: str, due_at: datetime, *steps: str) -> None:
        run = Run(job, "test", job, due_at)
        run.end("succeeded", None, [Step(step, now, now, "succeeded", None, {}) for step in steps])
        with closing(warehouse.connect(target)) as connection:
            migrations.apply(connection, target)
            record(connection, run)

    recorded("backup", now - timedelta(hours=1), "atelier:backup")
    assert last_started(target, "test", now) is None
    recorded("logs", now + timedelta(days=300), "tap-ftplogs target-postgres", "dbt:build")
    assert last_started(target, "test", now) == {"backup": now - timedelta(hours=1)}


@pytest.mark.integration
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ALERT_QUIET_HOURS": "at night"}, "ALERT_QUIET_HOURS is 'at night'"),
        ({"RUN_KEEP_DAYS": "some"}, "RUN_KEEP_DAYS is 'some'"),
    ],
)
def test_what_makes_no_sense_is_said_before_it_serves(
    project: Project, changes: dict[str, str], says: str
) -> None:
    project.schedule(("daily", "succeed", "0 0 * * *"))
    with project.scheduler(**changes) as service:
        output, _ = service.communicate(timeout=60)
    assert (service.returncode, len(output.splitlines())) == (1, 1)
    assert says in output


@pytest.mark.integration
def test_it_catches_up_serves_and_stops(project: Project) -> None:
    project.schedule(("daily", "succeed", "0 0 * * *"), ("never", "fail", "0 0 29 2 *"))
    assert project.command("health").returncode == 1
    with project.scheduler() as service:
        wait_until(
            lambda: len(project.outcomes()) == 2 and "running" not in dict(project.outcomes()).values()
        )
        assert sorted(project.outcomes()) == [("daily", "succeeded"), ("never", "failed")]
        health, status = project.command("health"), project.command("status")
        assert health.stdout == f"The scheduler lives (process {service.pid}).\n"
        assert "daily" in status.stdout
        assert "succeeded" in status.stdout
        assert "failed: " in status.stdout
        second = project.command("run")
        assert second.returncode == 1
        assert "another scheduler serves the environment test on this machine" in second.stderr
        # A schedule that comes while it runs is taken up; a file that makes no sense changes nothing.
        project.schedule(("daily", "succeed", "at noon"))
        wait_until(lambda: "the schedules stay as they were" in log(project))
        (project.folder / "meltano.yml").write_text("schedules: [daily]\n")
        wait_until(lambda: "schedules must be a list of entries" in log(project))
        project.schedule(("minute", "succeed", "* * * * *"))
        wait_until(lambda: "the schedules were changed" in log(project))
        service.terminate()
        output, _ = service.communicate(timeout=60)
    assert service.returncode == 0, output
    assert "the scheduler has stopped" in output
    assert project.command("health").returncode == 1
    # The next start finds nothing missed: what failed was started.
    project.schedule(("daily", "succeed", "0 0 * * *"), ("never", "fail", "0 0 29 2 *"))
    with project.scheduler() as service:
        wait_until(lambda: heartbeat.read(project.state) is not None)
        service.terminate()
        assert service.wait(60) == 0
    assert sorted(outcome for outcome in project.outcomes() if outcome[0] != "minute") == [
        ("daily", "succeeded"),
        ("never", "failed"),
    ]


@pytest.mark.integration
def test_a_run_that_does_not_end_in_time_is_stopped_and_recorded(project: Project) -> None:
    project.schedule(("daily", "pause", "0 0 * * *"), pause=317)
    with project.scheduler(SCHEDULER_STOP_SECONDS="1") as service:
        wait_until(lambda: project.outcomes() == [("daily", "running")])
        wait_until(lambda: pauses() == 1)
        service.terminate()
        output, _ = service.communicate(timeout=60)
    assert service.returncode == 0, output
    assert "the run does not end by itself and is stopped" in output
    assert project.outcomes() == [("daily", "interrupted")]
    assert pauses() == 0


@pytest.mark.integration
@pytest.mark.slow  # minutes have to pass
@pytest.mark.timeout(600)
def test_each_minute_a_run_and_none_beside_its_own(project: Project) -> None:
    project.schedule(("minute", "pause", "* * * * *"), pause=80)
    began = datetime.now(timezone.utc)
    with project.scheduler() as service:
        wait_until(lambda: len(project.runs()) == 3, 400)
        service.send_signal(signal.SIGKILL)
        output, _ = service.communicate(timeout=120)
    assert "is due while its last run is not over: it is not started twice" in output
    runs = project.runs()
    # The first is caught up, the others came on the minute, as soon as the one before had ended.
    for earlier, later in pairwise(runs):
        assert later[4] - earlier[4] >= timedelta(seconds=80)
        assert later[3].second == 0
        assert later[3] > began


def log(project: Project) -> str:
    path = project.logs / "scheduler.jsonl"
    return "\n".join(json.loads(line)["event"] for line in path.read_text().splitlines())


def pauses() -> int:
    """How many processes of this test's pause there are, also of those whose parent is gone."""
    found = subprocess.run(
        ["ps", "-e", "-o", "args="], capture_output=True, text=True, check=True, timeout=30
    )
    return found.stdout.splitlines().count("/bin/sleep 317")
