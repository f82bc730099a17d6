"""The benchmark works: every contestant takes part, and all receive the same. Nothing here is about time."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: What is installed of those that the tap is measured against.
PEERS = {peer for peer in ("curl", "lftp") if shutil.which(peer)}


@pytest.mark.integration
@pytest.mark.slow  # half a minute, and nothing of the product leans on it
def test_a_quick_benchmark_has_every_contestant(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.ftp", "--quick", "--folder", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )
    assert done.returncode == 0, done.stderr
    received = tables(done.stdout)
    assert [title.split()[0] for title, _ in received] == [
        *["30"] * 4,
        *["One", "One", "Nothing", "Nothing", "One", "One"],
    ]
    for (title, circumstance), amounts in received.items():
        contestants = {name.replace(",", "").split()[0] for name in amounts}
        is_download = "MB" in title or "KB" in title
        # It would stand still there; the page says why.
        without_curl = not is_download or circumstance == "0 ms round trip, 1 connection"
        peers = PEERS - {"curl"} if without_curl else PEERS
        assert {"tap-ftplogs", "ftplib", *peers} <= contestants, (title, circumstance)
        if "new line" in title:
            # lftp takes a file that has changed for another one, and fetches all of it.
            amounts.pop("lftp mirror", None)
        assert len(set(amounts.values())) == 1, (title, circumstance, amounts)
    assert "the tap's parser, local file" in received["One file of 2 MB", "0 ms round trip"]
    assert set(received["Nothing new among 60 files", "0 ms round trip"].values()) == {0}


def tables(page: str) -> dict[tuple[str, str], dict[str, int]]:
    """Return the bytes that each contestant received, by heading and circumstance."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    title = circumstance = ""
    for line in page.splitlines():
        if line.startswith("### "):
            title = line.removeprefix("### ")
        elif "round trip" in line and line.endswith(":"):
            circumstance = line.removesuffix(":")
        elif row := re.match(r"\| ([^|]+) \| ([0-9,]+) \| .* \|$", line):
            found.setdefault((title, circumstance), {})[row[1]] = int(row[2].replace(",", ""))
    return found


@pytest.mark.integration
def test_a_quick_benchmark_of_the_api_asks_every_route_and_the_database(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.api", "--quick", "--folder", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^\| ([^|:]+): ([^|]+) \|", done.stdout, re.MULTILINE)
    assert len(rows) == 10
    assert {contestant.strip() for _, contestant in rows} == {"the API", "bare SQL"}
    assert all({"the API", "bare SQL"} == {c.strip() for r, c in rows if r == route} for route, _ in rows)
