"""The files of the benchmark: log lines as the machines of the demo write them, made once and kept."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import count
from typing import TYPE_CHECKING

from atelier_demo.factory.machines import fleet
from atelier_demo.factory.shifts import simulate
from atelier_demo.factory.writing import draft, instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from atelier_demo.factory.machines import Machine

#: To be raised when other files are to be made of the same sizes.
_VERSION = 1

_MACHINES = 3
_LAST_DAY = date(2026, 6, 30)
_FIRST_DAY_OF_LARGE = date(1990, 1, 1)
_SMALL_BYTES = 1000


@dataclass(frozen=True)
class Sizes:
    """How much is made: `many` files of `many_bytes` each, one of `large_bytes`, `idle` small ones."""

    many: int
    many_bytes: int
    large_bytes: int
    idle: int


FULL = Sizes(many=2000, many_bytes=20_000, large_bytes=1_000_000_000, idle=10_000)
QUICK = Sizes(many=30, many_bytes=20_000, large_bytes=2_000_000, idle=60)


@dataclass(frozen=True)
class Corpus:
    """Where the files lie: one folder per workload, each with folders of machines."""

    root: Path
    many: Path
    large: Path
    idle: Path


def make(root: Path, sizes: Sizes) -> Corpus:
    """Make the files, or find them made."""
    corpus = Corpus(root, root / "many", root / "large", root / "idle")
    marker = root.parent / f"{root.name}.json"
    wanted = json.dumps({"version": _VERSION, **asdict(sizes)})
    if marker.exists() and marker.read_text() == wanted:
        return corpus
    marker.unlink(missing_ok=True)
    shutil.rmtree(root, ignore_errors=True)
    _make_files(corpus.many, sizes.many, sizes.many_bytes)
    _make_files(corpus.idle, sizes.idle, _SMALL_BYTES)
    _make_large(corpus.large, sizes.large_bytes)
    marker.write_text(wanted)
    return corpus


def files(folder: Path) -> list[Path]:
    """Return the files of a workload, in order."""
    return sorted(folder.rglob("*.LOG"))


def _make_files(folder: Path, number: int, size: int) -> None:
    """Write files of the last days, one per machine and day, each cut at a line end within the size."""
    machines = fleet(_MACHINES)
    for index in range(number):
        machine, day = machines[index % _MACHINES], _LAST_DAY - timedelta(days=index // _MACHINES)
        content, later = _day(machine, day), day
        # A short day, as Saturdays are, goes on with the lines of the next one.
        while len(content) < size:
            later += timedelta(days=1)
            content += _day(machine, later)
        _write(folder, machine, day, iter([content[: content.rindex(b"\n", 0, size) + 1]]))


def _make_large(folder: Path, size: int) -> None:
    """Write one file of many days."""
    machine = fleet(1)[0]

    def parts() -> Iterator[bytes]:
        missing = size
        for number in count():
            content = _day(machine, _FIRST_DAY_OF_LARGE + timedelta(days=number))
            if len(content) >= missing:
                yield content[: content.rfind(b"\n", 0, missing) + 1]
                return
            yield content
            missing -= len(content)

    _write(folder, machine, _LAST_DAY, parts())


def _day(machine: Machine, day: date) -> bytes:
    return draft(machine, day, simulate(machine, day, 1)).content()


def _write(folder: Path, machine: Machine, day: date, parts: Iterator[bytes]) -> None:
    path = folder / machine.folder / f"{day:%Y%m%d}.LOG"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for part in parts:
            file.write(part)
    modified = int(instant(day, 86_400))
    os.utime(path, (modified, modified))
