"""What the launcher of Meltano makes of a command line, and that nothing that writes meets a run."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from atelier.connections import Warehouse
from atelier.launcher import blocks_of, command_of, environment_of, writes
from atelier.ops import runs
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
