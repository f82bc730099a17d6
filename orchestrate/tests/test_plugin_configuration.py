"""The passwords of taps and loaders are never in a file, whatever happens to Meltano."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "hunter2 of a tap"  # noqa: S105 # of no server
PROJECT = """
project_id: 7b0c1f5e-5c1b-4d5e-9a55-a7e11e700002
send_anonymous_usage_stats: false
cli: {disable_version_check: true}
plugins:
  extractors:
    - name: tap-x
      namespace: tap_x
      executable: ./tap
      settings: [{name: password, kind: password, value: $SECRET}]
"""
#: Tells what it was given, and ends when it is told to.
TAP = """#!/bin/sh
cat "$2" >seen.part && mv seen.part seen
while [ ! -e stop ]; do sleep 0.05; done
"""
PROGRAM = """
from atelier import plugin_configuration
from meltano.cli import main
plugin_configuration.keep_in_memory()
main()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "meltano.yml").write_text(PROJECT)
    (tmp_path / "tap").write_text(TAP)
    (tmp_path / "tap").chmod(0o755)
    return tmp_path


def start(project: Path) -> subprocess.Popen[bytes]:
    """Start Meltano with the tap, and wait until that has read its configuration."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "invoke", "tap-x"],
        cwd=project,
        env={**os.environ, "SECRET": PASSWORD, "MELTANO_PROJECT_ROOT": str(project)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not (project / "seen").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def on_disk(project: Path) -> list[str]:
    """Files below a folder that hold the password, but for what the tap itself has written."""
    found = (path for path in project.rglob("*") if path.is_file() and not path.is_symlink())
    return [path.name for path in found if path.name != "seen" and PASSWORD.encode() in path.read_bytes()]


@pytest.mark.security(
    attack="passwords that a killed run leaves on the disk",
    rule="configurations of plugins are in memory",
)
@pytest.mark.parametrize("is_killed", [False, True], ids=["ended", "killed"])
def test_no_file_holds_the_configuration_of_a_plugin(project: Path, *, is_killed: bool) -> None:
    process = start(project)
    try:
        assert json.loads((project / "seen").read_bytes())["password"] == PASSWORD
        assert on_disk(project) == []
        if is_killed:
            process.kill()
        (project / "stop").touch()
        assert process.wait(60) == (-9 if is_killed else 0)
    finally:
        (project / "stop").touch()
        process.kill()
    links = list(project.rglob("*.config.json"))
    assert on_disk(project) == []
    # A killed one leaves a link that leads nowhere.
    assert len(links) == int(is_killed)
    assert not any(path.exists() for path in links)
