"""What the launcher of Meltano makes of a command line, and that nothing that writes meets a run."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from atelier.connections import Warehouse
from atelier.errors import AtelierError
from atelier.launcher import blocks_of, command_of, environment_of, writes
from atelier.ops import runs, steps
from atelier.project_files import documents
from atelier.warehouse import connect, exclusive_run

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("line", "environment", "command"),
    [
        ("run elt", "dev", "run"),
        ("--environment=prod run elt", "prod", "run"),
        ("--environment prod --log-level debug run elt", "prod", "run"),
        ("--log-level=debug run --dry-run elt", "dev", "run"),
        ("run --help", "dev", None),
        ("--version", "dev", None),
        ("", "dev", None),
    ],
)
def test_the_command_line_is_understood(line: str, environment: str, command: str | None) -> None:
    assert environment_of(line.split()) == environment
    assert command_of(line.split()) == command


def test_a_run_is_known_by_what_it_is_asked_for() -> None:
    line = "--environment prod run --state-id-suffix x ftplogs --force dbt:build"
    assert blocks_of(line.split()) == ["ftplogs", "dbt:build"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("invoke dbt:build", True),
        ("invoke dbt run --select fct_sessions", True),
        ("--environment=prod invoke dbt snapshot", True),
        ("invoke target-postgres", True),
        ("elt tap-ftplogs target-postgres", True),
        ("state clear prod:tap-ftplogs-to-target-postgres", True),
        ("invoke dbt:freshness", False),
        ("invoke dbt docs generate", False),
        ("invoke tap-ftplogs --test", False),
        ("state list", False),
        ("config list tap-ftplogs", False),
        ("schedule list", False),
    ],
)
def test_what_writes_is_known(command: str, *, expected: bool) -> None:
    assert writes(command.split()) is expected


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("etl", "there is no job 'etl' (is it 'elt'?): the jobs are backup, elt, erp, "),
        ("elt marts", "there is no job 'marts'"),
        ("", "`meltano run` is told nothing to run: the jobs are backup, elt, "),
        ("dbt:biuld", "dbt has no command 'biuld': its commands are build, docs, freshness; the jobs are "),
        ("tap-mysql target-postgres:x", "target-postgres has no command 'x'"),
        ("atelier:check-log", "atelier has no command 'check-log'"),
    ],
)
def test_a_slip_in_what_is_to_run_is_told_with_the_jobs(line: str, says: str) -> None:
    with pytest.raises(AtelierError) as refused:
        steps.check(ROOT, line.split())
    assert str(refused.value).startswith(says)


def test_all_that_the_project_runs_is_known() -> None:
    for document in documents(ROOT):
        for job in document.entries("jobs"):
            steps.check(ROOT, [job["name"], *(block for task in job["tasks"] for block in task.split())])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--environment=test run etl", "there is no job 'etl'"),
        ("--environment=tset run elt", "there is no environment 'tset': meltano.yml has dev, test, prod"),
        ("--environment=tset state list", "there is no environment 'tset'"),
    ],
)
def test_a_slip_is_refused_before_anything_else(tmp_path: Path, line: str, says: str) -> None:
    done = subprocess.run(
        [str(ROOT / ".venv" / "bin" / "meltano"), *line.split()],
        cwd=ROOT,
        env={
            **os.environ,
            # Nothing is there to record a run in, or to look for alerts.
            "POSTGRES_HOST": "127.0.0.1",
            "POSTGRES_PORT": "1",
            "POSTGRES_USER": "x",
            "POSTGRES_PASSWORD": "x",
            "POSTGRES_DB": "x",
            "ATELIER_STATE_DIR": str(tmp_path / "state"),
            "ATELIER_LOG_DIR": str(tmp_path / "log"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"atelier: failed: {says}")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_request_to_stop_is_heard_between_the_steps_as_well() -> None:
    code = """
import asyncio, os, signal
from atelier.launcher import _stop_cleanly

async def steps():
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, lambda: None)
    loop.remove_signal_handler(signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(20)

_stop_cleanly()
asyncio.run(steps())
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert done.returncode == runs.STOPPED


@pytest.mark.integration
@pytest.mark.parametrize("command", ["run transform", "invoke dbt:build", "state clear --force x"])
def test_what_writes_waits_for_a_run_and_says_so(
    postgres: dict[str, str], tmp_path: Path, command: str
) -> None:
    target = Warehouse.of(postgres)
    with closing(connect(target)) as connection, exclusive_run(connection, 0, lambda _: None):
        done = subprocess.run(
            [str(ROOT / ".venv" / "bin" / "meltano"), "--environment=test", *command.split()],
            cwd=ROOT,
            env={
                **os.environ,
                **postgres,
                "RUN_WAIT_SECONDS": "1",
                "ATELIER_STATE_DIR": str(tmp_path),
                "ATELIER_LOG_DIR": str(tmp_path),
                "MELTANO_SYS_DIR_ROOT": str(tmp_path / "meltano"),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 1
    waits, fails = done.stderr.splitlines()[-2:]
    assert waits == "atelier: another run is using the warehouse: waiting for it to end"
    assert fails == (
        "atelier: failed: another run is using the warehouse and did not end within 1 s: let it end, then "
        "start this again"
    )
