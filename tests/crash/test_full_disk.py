"""A disk that is full: the warehouse's, and the one on which Meltano, dbt and the logs write."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from atelier_demo.servers.site import Site
from pipeline.plant import folders_in
from reliability.figures import CRASHES

from crash.compare import Twin, assert_nothing_happened
from crash.sources import Sources
from crash.victims import assert_told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.plant import Plant

pytestmark = [
    pytest.mark.integration,
    # Slow: a dozen of whole runs.
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small filesystem"),
]

SEED = 10
MB = 1 << 20
#: The files of PostgreSQL with a few segments of its log take some 150 MB before there is a row.
WAREHOUSE_MB = 400
FILES_MB = 64


class SmallDisk:
    """A filesystem in memory, that can be filled to the last byte and emptied again."""

    def __init__(self, folder: Path, size: int) -> None:
        """Mount it.

        Raises:
            subprocess.CalledProcessError: It cannot be mounted.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._ballast = folder / "ballast"
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        subprocess.run(command, check=True, capture_output=True)

    @property
    def free(self) -> int:
        """Bytes that are free."""
        room = os.statvfs(self.folder)
        return room.f_bavail * room.f_frsize

    def fill(self, left: int = 0) -> None:
        """Leave so many bytes."""
        with self._ballast.open("ab") as file, contextlib.suppress(OSError):
            while self.free > left:
                file.write(b"\0" * min(MB, self.free - left))
                file.flush()

    def make_room(self) -> None:
        """Give it all back."""
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        """Unmount it, whoever still has files there."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


@pytest.fixture
def new_disk(tmp_path: Path) -> Iterator[Callable[[str, int], SmallDisk]]:
    disks: list[SmallDisk] = []

    def make(name: str, size: int) -> SmallDisk:
        try:
            disks.append(SmallDisk(tmp_path / name, size))
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no small filesystem can be mounted here: {error.stderr.decode().strip()}")
        return disks[-1]

    yield make
    for disk in disks:
        disk.close()


def fill_when(plant: Plant, text: str, disk: SmallDisk, left: int) -> tuple[int, str]:
    """Run `elt` and fill a disk as soon as the run's output holds a text."""
    process = plant.start("elt")
    seen = ""
    assert process.stdout is not None
    for line in process.stdout:
        seen += line
        if text and text in line:
            disk.fill(left)
            text = ""
    return process.wait(60), seen


def test_the_disk_of_the_warehouse_is_full(
    new_plant: Callable[..., Plant], new_disk: Callable[[str, int], SmallDisk]
) -> None:
    home = new_plant("disk", evening=True)
    sources = Sources(home, SEED, 5)
    twin = Twin(home)
    disk = new_disk("warehouse", WAREHOUSE_MB * MB)
    # PostgreSQL alone, with all of its files on the small disk.
    small = Site(disk.folder / "site")
    server = small.postgres
    server.options.update({"min_wal_size": "32MB", "max_wal_size": "64MB"})
    server.start()
    try:
        there = small.variables()
        plant = home.reached_by(**{name: there[name] for name in there if name.startswith("POSTGRES_")})
        plant.folders = folders_in(disk.folder.parent / "files")
        told = []
        for what, text, left in (
            ("at the first load", "Running catalog discovery", 2 * MB),
            ("at the load", "tap-mysql", MB),
            ("in dbt", "1 of ", MB),
            ("to the last byte", "START sql table model", 0),
        ):
            sources.grow()
            status, output = fill_when(plant, text, disk, left)
            print(f"the warehouse's disk is full {what}: {status} {output.splitlines()[-1]}")  # noqa: T201 # wanted
            if status:
                told.append(what)
                assert_told(status, output)
            disk.make_room()
            # Without room for its log it has ended, and an administrator starts it again.
            server.start()
        assert len(told) >= 3
        sources.grow()
        sources.finish()
        plant.run_well("elt")
        sources.plant = plant
        sources.assert_remembered()
        rows = twin.assert_equal(plant)
    finally:
        server.kill()
    CRASHES.keep(
        "A full disk during `meltano run elt`",
        f"the warehouse's, seed {SEED}",
        **{"times": 4, "runs that failed and said so": len(told), "rows compared": f"{rows:,}"},
    )


def test_the_disk_of_meltano_dbt_and_the_logs_is_full(
    new_plant: Callable[..., Plant], new_disk: Callable[[str, int], SmallDisk]
) -> None:
    home = new_plant("disk_files", evening=True)
    sources = Sources(home, SEED, 4)
    twin = Twin(home)
    disk = new_disk("files", FILES_MB * MB)
    folders = folders_in(disk.folder)
    plant = home.reached_by(ATELIER_LOG_DIR=str(disk.folder / "logs"))
    plant.folders = folders
    told = 0
    for text in ("", "tap-mysql", "1 of "):
        sources.grow()
        if not text:
            plant.temporary.mkdir(parents=True, exist_ok=True)
            disk.fill()
        status, output = fill_when(plant, text, disk, 0)
        print(f"the disk of the files is full: {status} {output.splitlines()[-1]}")  # noqa: T201 # wanted
        if status:
            told += 1
            assert_told(status, output)
        disk.make_room()
    assert told >= 2
    rows = assert_nothing_happened(plant, sources, twin)
    CRASHES.keep(
        "A full disk during `meltano run elt`",
        f"that of Meltano, dbt and the logs, seed {SEED}",
        **{"times": 3, "runs that failed and said so": told, "rows compared": f"{rows:,}"},
    )
