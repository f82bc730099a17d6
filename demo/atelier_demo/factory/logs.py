"""Fill an FTP root with machine logs, and let today's files grow."""

from __future__ import annotations

import math
import os
import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from atelier_demo.factory.log_plan import (
    file_of_day,
    files_sent,
    half_way,
    machines_at_work,
    production_days,
    written_until,
)
from atelier_demo.factory.machines import late_machine
from atelier_demo.factory.manifests import read_manifest, write_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from atelier_demo.factory.file_oddities import LogFile
    from atelier_demo.factory.machines import Machine


@dataclass
class LogsManifest:
    """What `make_logs` put below an FTP root.

    `machines` are the folders' names. `files`, `lines` (a torn last line counts) and `bytes` are counts
    over all files. `growing` are the paths of the last day's files, `oddities` the paths in which each
    named oddity is; paths are relative to the root with `/`.
    """

    machines: list[str] = field(default_factory=list)
    files: int = 0
    lines: int = 0
    bytes: int = 0
    growing: list[str] = field(default_factory=list)
    oddities: dict[str, list[str]] = field(default_factory=dict)

    def add(self, file: LogFile) -> None:
        """Count a file."""
        self.files += 1
        self.lines += file.content.count(b"\n") + (file.content[-1:] not in (b"", b"\n"))
        self.bytes += len(file.content)
        for oddity in file.oddities:
            self.oddities.setdefault(oddity, []).append(file.path)


def make_logs(
    root: Path,
    *,
    seed: int,
    machines: int = 4,
    days: int = 30,
    until: date,
    now: float = math.inf,
    oddities: bool = True,
    manifest: Path | None = None,
) -> LogsManifest:
    """Write the logs of the `days` calendar days that end with `until` below the folder `root`.

    The files of `until` are those of a day that is not over: up to about noon, the last line half
    written. No line is written after the Unix time `now`. With `oddities` one machine of four or more
    appears in the last third of the period.

    `manifest` is a file outside `root` that remembers what was done: the same call again then returns
    at once and changes nothing, even where files have since grown, been replaced or been taken away.
    Without it (or with other arguments) every file is compared: one that is already there, or has grown
    since, stays untouched; another one is written; nothing is deleted.

    Raises:
        ValueError: `machines` or `days` is below 1, or `manifest` lies below `root`.
    """
    if machines < 1 or days < 1:
        raise ValueError(f"Logs need at least one machine and one day, not {machines} and {days}.")
    if manifest is not None and manifest.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"The manifest {manifest} lies below the FTP root {root}: put it elsewhere.")
    arguments = {
        "root": str(root.resolve()),
        "seed": seed,
        "machines": machines,
        "days": days,
        "until": until.isoformat(),
        "now": None if now == math.inf else now,
        "oddities": oddities,
    }
    known = read_manifest(manifest, arguments)
    if known is not None and root.is_dir() and any(root.iterdir()):
        return LogsManifest(**known)
    made = LogsManifest()
    for machine, place, day in _sessions(machines, days, until, oddities=oddities):
        if machine.folder not in made.machines:
            made.machines.append(machine.folder)
        file = written_until(file_of_day(machine, place, day, seed, oddities=oddities), now)
        if not file.content:
            continue  # the machine has not begun yet
        files = [file]
        if day == until:
            begun = half_way(file, day, now)
            files = [replace(begun, oddities=(*begun.oddities, "growing_file"))]
            made.growing.append(file.path)
        elif oddities:
            files = files_sent(file, machine, place, day, seed)
        for file in files:
            _write_unless_there(root / file.path, file)
            made.add(file)
    made.oddities = dict(sorted(made.oddities.items()))
    write_manifest(manifest, arguments, asdict(made))
    return made


def grow_logs(
    root: Path, *, seed: int, until: date, now: float = math.inf, machines: int = 4, oddities: bool = True
) -> int:
    """Finish the files of `until`: complete the torn lines and append the rest of the day, up to `now`.

    Takes the arguments that `make_logs` was given. Files that are already complete, have been replaced
    or are gone stay as they are: a second call changes nothing.

    Returns:
        The number of files that grew.
    """
    grown = 0
    for machine, place, day in _sessions(machines, 1, until, oddities=oddities):
        file = written_until(file_of_day(machine, place, day, seed, oddities=oddities), now)
        whole = file.content if file.content.endswith(b"\n") else file.content + b"\n"
        path = root / file.path
        there = path.read_bytes() if path.exists() else whole
        if len(there) < len(whole) and whole.startswith(there):
            with path.open("ab") as log:
                log.write(whole[len(there) :])
            _touch(path, file.modified_at)
            grown += 1
    return grown


def _sessions(count: int, days: int, until: date, *, oddities: bool) -> Iterator[tuple[Machine, int, date]]:
    """Give machine, place in the fleet and day; the late machine's place depends on no other's."""
    for place, machine in enumerate(machines_at_work(count, oddities=oddities)):
        late = machine == late_machine()
        for day in production_days(days, until, late=late):
            yield machine, -1 if late else place, day


def _write_unless_there(path: Path, file: LogFile) -> None:
    if path.exists() and path.read_bytes().startswith(file.content):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.content)
    _touch(path, file.modified_at)


def _touch(path: Path, modified_at: float) -> None:
    """Set a file's time of change; never one in the future, which no file server would show."""
    seconds = int(min(modified_at, time.time()))
    os.utime(path, (seconds, seconds))
