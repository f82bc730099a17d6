"""A plant whose files grow between the runs, and what a quiet run makes of it."""

from __future__ import annotations

import os
import re
import shutil
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from atelier_demo.factory.logs import grow_logs, make_logs

from reliability.growing import GrowingLogs
from reliability.pipe import Pipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from atelier_demo.servers.site import Site

UNTIL = date(2025, 11, 20)


class Growing(GrowingLogs):
    """Logs that are one third there at first, and how the tap reaches them."""

    def __init__(self, root: Path, config: dict[str, Any]) -> None:
        super().__init__(root)
        self.config = config

    def reset(self) -> None:
        """Let the day begin again."""
        self.write(1, 3)

    def grow(self) -> None:
        """Let the machines write on."""
        self.write(2, 3)

    def finish(self) -> None:
        """Let them come to the end."""
        self.write(1, 1)


def pad_events(root: Path, size: int) -> None:
    """Make every line of an event longer: the tap tells its state by the bytes that it has read."""
    for path in root.rglob("*"):
        if path.is_file():
            times = path.stat()
            longer = re.sub(rb"(?m)^(\d{8} [^\r\n]*\|@\w[^\r\n]*)", rb"\1 " + b"x" * size, path.read_bytes())
            path.write_bytes(longer)
            os.utime(path, (times.st_atime, times.st_mtime))


@pytest.fixture(scope="module")
def new_growing(site: Site, servers: dict[str, str]) -> Iterator[Callable[..., Growing]]:
    """Makes folders of logs, by name, number of days and of machines, and how long their lines are."""
    made: list[Path] = []

    def make(name: str, *, days: int, machines: int = 3, padding: int = 0) -> Growing:
        root = site.ftp_root / f"reliability_{name}"
        shutil.rmtree(root, ignore_errors=True)
        make_logs(root, seed=11, days=days, machines=machines, until=UNTIL)
        grow_logs(root, seed=11, until=UNTIL)
        if padding:
            pad_events(root, padding)
        made.append(root)
        config = {
            "port": int(servers["FTP_PORT"]),
            "user": servers["FTP_USER"],
            "password": servers["FTP_PASSWORD"],
            "root": f"{servers['FTP_ROOT'].rstrip('/')}/{root.name}",
            # Short, so that a network that is silent is given up soon.
            "connect_timeout": 2,
            "read_timeout": 1.5,
        }
        return Growing(root, config)

    yield make
    for root in made:
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module")
def new_pipe(
    servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Pipe]]:
    """Makes warehouses, by name, for a folder of logs and the host by which its server is reached."""
    pipes: list[Pipe] = []

    def make(name: str, growing: Growing, host: str = "127.0.0.1", **target_settings: Any) -> Pipe:
        folder = tmp_path_factory.mktemp(name)
        tap_config = {**growing.config, "host": host}
        pipe = Pipe(servers, f"reliability_{name}", folder, tap_config, **target_settings)
        pipes.append(pipe)
        return pipe

    yield make
    for pipe in pipes:
        pipe.clear()


def assert_same(tables: dict[str, list[str]], quiet: dict[str, list[str]]) -> None:
    """Hold tables against those of a quiet run; a difference of many rows is told by a few."""
    for name, rows in quiet.items():
        missing = sorted(set(rows) - set(tables[name]))
        surplus = sorted(set(tables[name]) - set(rows))
        assert (missing[:3], surplus[:3]) == ([], []), name
        assert len(tables[name]) == len(rows), name


def quiet_tables(pipe: Pipe, growing: Growing) -> dict[str, list[str]]:
    """Return what the tables hold when everything was read in peace, once it was all there."""
    growing.finish()
    pipe.clear()
    for _ in range(2):
        assert pipe.run(), pipe.log[-3000:]
    return pipe.tables()
