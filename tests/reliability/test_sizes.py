"""Files of any size and lines of any length: the tap stays small, and accounts for every line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from reliability.figures import NETWORKS
from reliability.pipe import PROGRAMS, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reliability.conftest import Growing

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]

#: Runs a program from a process that is small itself, and tells what it took.
SPAWN = ROOT / "bench" / "spawn.py"

MB = 1_000_000
MOST_MEMORY_MB = 200

LINES = b"".join(
    b"20250528 %02d:%02d:%02d|@StukUitgevoerd: 230001/A pos %d\r\n" % (n // 3600, n // 60 % 60, n % 60, n)
    for n in range(20_000)
)
GARBAGE = b"\x00\xff\xfe no line of a machine"


@pytest.fixture(scope="module")
def growing(new_growing: Callable[..., Growing]) -> Growing:
    return new_growing("sizes", days=1, machines=1)


def read_alone(growing: Growing, folder: Path) -> tuple[dict[str, dict[str, Any]], float, float]:
    """Run the tap; return the last record of each file, its peak memory in MB and the seconds it took."""
    config = folder / "tap.json"
    config.write_text(json.dumps({**growing.config, "host": "127.0.0.1", "read_timeout": 60}))
    records = folder / "records"
    os.mkfifo(records)
    tap = [str(PROGRAMS / "tap-ftplogs"), "--config", str(config)]
    # Started by us, it would be charged with the memory that we have when it starts.
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(SPAWN), str(records), os.devnull, *tap],
        stdout=subprocess.PIPE,
        text=True,
    ) as spawn:
        # Of gigabytes of events only their number is of interest, which the file's record tells.
        with subprocess.Popen(
            ["grep", "-v", '"stream":"log_events","record"', str(records)], stdout=subprocess.PIPE
        ) as grep:
            assert grep.stdout is not None
            messages = [json.loads(line) for line in grep.stdout]
        told = json.loads(spawn.communicate()[0])
    assert told["status"] == 0
    rows = [m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == "log_files"]
    return {row["path"]: row for row in rows}, told["peak_bytes"] / MB, told["seconds"]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("a file", 60 * MB),
        ("a line", 60 * MB),
        # Slow: gigabytes are written, sent and read.
        pytest.param("a file", 2000 * MB, marks=pytest.mark.slow),
        pytest.param("a line", 500 * MB, marks=pytest.mark.slow),
    ],
)
def test_memory_is_bounded(growing: Growing, tmp_path: Path, name: str, size: int) -> None:
    block = LINES if name == "a file" else GARBAGE * 40_000
    repeats = size // len(block) + 1
    path = growing.root / "HUGE" / "20250528.LOG"
    path.parent.mkdir()
    try:
        with path.open("wb") as file:
            for _ in range(repeats):
                file.write(block)
            file.write(b"\n" + LINES)
        rows, memory, seconds = read_alone(growing, tmp_path)
        row = rows["HUGE/20250528.LOG"]
        assert row["read_bytes"] == path.stat().st_size
    finally:
        path.unlink()
        path.parent.rmdir()
    expected = (20_000 * (repeats + 1), 0, 1) if name == "a file" else (20_000, 1, 0)
    assert (row["event_count"], row["rejected_count"], row["blank_count"]) == expected
    assert row["line_count"] == sum(expected)
    assert memory < MOST_MEMORY_MB
    NETWORKS.keep(
        "Memory of the tap",
        f"{name} of {size // MB:,} MB",
        **{"peak MB": f"{memory:.0f}", "seconds": f"{seconds:.0f}", "lines": f"{sum(expected):,}"},
    )
