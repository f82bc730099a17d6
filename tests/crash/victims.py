"""Kills what a run is made of, at a moment: one process of it, a backend of PostgreSQL, or all at once."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from crash import traces

if TYPE_CHECKING:
    import random

    from pipeline.plant import Plant

#: Who is killed: the launcher, which is Meltano as well; one of its children; a session of the run in the
#: warehouse, at which PostgreSQL starts all over; the whole group.
KINDS = ("launcher", "child", "backend", "group")

#: A run whose parts were killed has so long to end by itself.
ENDING_SECONDS = 120.0


#: The programs of a run, as their command lines name them.
PARTS = ("tap-ftplogs", "tap-mysql", "target-warehouse", "dbt", "atelier")
#: Python's own helper beside dbt: no work is lost with it, so it is left alone.
HELPER = "resource tracker"


@dataclass(frozen=True)
class Kill:
    """One kill and what came of it.

    `victim` is empty where the run was over before, or had no such part: nobody was killed.
    """

    victim: str
    seconds: float
    status: int
    output: str

    @property
    def last_line(self) -> str:
        """What the run said last; empty if nothing."""
        lines = [line for line in self.output.splitlines() if line.strip()]
        return lines[-1] if lines else ""


def is_sentence(line: str) -> bool:
    """Whether a line says why a run has failed, and not only that it has."""
    return line.startswith("atelier: failed: ") and "the reason is in the lines above" not in line


def assert_told(status: int, output: str) -> None:
    """Hold that a run has failed and its last line says why, in a sentence of ours."""
    assert status > 0, output[-3000:]
    assert is_sentence([line for line in output.splitlines() if line.strip()][-1]), output[-8000:]


def run_killed(plant: Plant, moment: float, kind: str, dice: random.Random) -> Kill:
    """Run `elt` and kill at a moment.

    Args:
        plant: What runs.
        moment: Seconds after the start.
        kind: One of `KINDS`.
        dice: Choose among several.
    """
    output = plant.temporary.parent / "output.txt"
    output.parent.mkdir(parents=True, exist_ok=True)
    # A file and no pipe: what is left running of a killed run would hold a pipe open.
    with output.open("wb") as file:
        begun = time.monotonic()
        process = plant.start("elt", output=file)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        victim = _kill(plant, process, kind, dice) if process.poll() is None else ""
        try:
            status = process.wait(ENDING_SECONDS)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    text = output.read_text(errors="replace")
    return Kill(victim, time.monotonic() - begun, status, text)


def _kill(plant: Plant, launcher: subprocess.Popen[str], kind: str, dice: random.Random) -> str:
    if kind == "group":
        os.killpg(launcher.pid, signal.SIGKILL)
        return "group"
    if kind == "backend":
        return _kill_one(dict.fromkeys(traces.sessions(plant), "PostgreSQL backend"), dice)
    names = {launcher.pid: "launcher"} if kind == "launcher" else _children(launcher)
    # Between two steps the launcher is all there is.
    return _kill_one(names or {launcher.pid: "launcher"}, dice)


def _children(launcher: subprocess.Popen[str]) -> dict[int, str]:
    with contextlib.suppress(psutil.Error):
        children = psutil.Process(launcher.pid).children(recursive=True)
        names = {child.pid: _name(child) for child in children}
        return {pid: name for pid, name in names.items() if name != HELPER}
    return {}


def _kill_one(names: dict[int, str], dice: random.Random) -> str:
    if not names:
        return ""
    pid = dice.choice(sorted(names))
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return names[pid]
    return ""


def _name(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        words = [word.rpartition("/")[2] for word in process.cmdline()]
        if any("resource_tracker" in word for word in words):
            return HELPER
        return next((word for word in words if word in PARTS), process.name())
    return "a process that was just ending"
