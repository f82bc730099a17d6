"""The tap is of use without the rest of Atelier: installed on its own, with another Singer target."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from atelier_demo.servers.site import Site

ROOT = Path(__file__).resolve().parents[2]

#: A target by others, with dependencies of its own that are older than ours.
TARGET = "target-jsonl==0.1.4"


def installed(folder: Path, package: str) -> Path:
    """Make an environment with one package; return its folder of programs."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", package], check=True)
    return folder / "bin"


# Slow: it fetches both packages with all that they need.
@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.timeout(600)
def test_the_tap_alone_feeds_another_target(tmp_path: Path) -> None:
    tap = installed(tmp_path / "tap", str(ROOT / "extract" / "tap_ftplogs")) / "tap-ftplogs"
    target = installed(tmp_path / "target", TARGET) / "target-jsonl"
    site = Site(tmp_path / "site")
    site.ftp.start()
    try:
        folder = site.ftp.data_folder / "plant" / "DEM12 (PVC)"
        folder.mkdir(parents=True)
        (folder / "20250528.LOG").write_bytes(b"20250528 07:00:00|@MachineStart\r\n" * 400 + b"garbage\n")
        config = {
            "host": "127.0.0.1",
            "port": site.ftp.port,
            "user": site.ftp.user,
            "password": site.ftp.site.settings.secret("ftp_password"),
            "root": f"{site.ftp.root}/plant",
        }
        (tmp_path / "config.json").write_text(json.dumps(config))
        with (tmp_path / "state.json").open("w") as state:
            records = subprocess.run(
                [str(tap), "--config", "config.json"], cwd=tmp_path, stdout=subprocess.PIPE, check=True
            ).stdout
            subprocess.run([str(target)], cwd=tmp_path, input=records, stdout=state, check=True)
        again = subprocess.run(
            [str(tap), "--config", "config.json", "--state", "state.json"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
    finally:
        site.ftp.stop()
    rows = {
        stream: len([line for path in tmp_path.glob(f"{stream}-*.jsonl") for line in path.open()])
        for stream in ("log_files", "log_events", "rejected_lines")
    }
    assert rows == {"log_files": 1, "log_events": 400, "rejected_lines": 1}
    assert b'"RECORD"' not in again
