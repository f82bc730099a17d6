"""Runs the contestants of a benchmark in turns, and keeps what each run took."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONGEST_SECONDS = 1800.0

_SPAWN = Path(__file__).with_name("spawn.py")


class BenchError(Exception):
    """The benchmark cannot go on; the text says why."""


@dataclass(frozen=True)
class Amount:
    """What a run moved."""

    files: int
    bytes: int


@dataclass(frozen=True)
class Sample:
    """What one run took: wall clock, processor time and peak memory of its process, and what it moved."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    amount: Amount


@dataclass(frozen=True)
class Contestant:
    """A program that does the work.

    `prepare` brings everything into the state before the run, `count` says afterwards what the run moved;
    neither is timed.
    """

    name: str
    command: Sequence[str | Path]
    prepare: Callable[[], None]
    count: Callable[[], Amount]
    output: Path = Path(os.devnull)


@dataclass
class Result:
    """All runs of one contestant, in order of the rounds."""

    name: str
    samples: list[Sample] = field(default_factory=list)

    @property
    def median_seconds(self) -> float:
        """The usual time."""
        return median(sample.seconds for sample in self.samples)

    @property
    def least_seconds(self) -> float:
        """The time of the run that was disturbed least."""
        return min(sample.seconds for sample in self.samples)

    @property
    def cpu_seconds(self) -> float:
        """The usual processor time."""
        return median(sample.cpu_seconds for sample in self.samples)

    @property
    def peak_bytes(self) -> int:
        """The most memory of any run."""
        return max(sample.peak_bytes for sample in self.samples)

    @property
    def amount(self) -> Amount:
        """What each run moved.

        Raises:
            BenchError: Not every run moved the same.
        """
        amounts = {sample.amount for sample in self.samples}
        if len(amounts) != 1:
            raise BenchError(f"{self.name} moved now this, now that: {sorted(map(str, amounts))}")
        return amounts.pop()

    def ratio_to(self, other: Result) -> float:
        """Return how many times as long as the other this one takes, both taken from the same round."""
        pairs = zip(self.samples, other.samples, strict=True)
        return median(mine.seconds / its.seconds for mine, its in pairs)


def compete(contestants: Sequence[Contestant], rounds: int, errors: Path) -> list[Result]:
    """Let every contestant run once a round, each round beginning with another one.

    Args:
        contestants: The programs.
        rounds: How often each runs.
        errors: A file for what they write to standard error.

    Raises:
        BenchError: One of them failed.
    """
    results = [Result(contestant.name) for contestant in contestants]
    for number in range(rounds):
        for place in range(len(contestants)):
            index = (place + number) % len(contestants)
            results[index].samples.append(run(contestants[index], errors))
    return results


def run(contestant: Contestant, errors: Path) -> Sample:
    """Run a contestant once.

    Raises:
        BenchError: It failed.
    """
    program, *arguments = map(str, contestant.command)
    path = shutil.which(program)
    if path is None:
        raise BenchError(f"{program} is missing: run make setup, or install it")
    contestant.prepare()
    command = [sys.executable, "-I", "-S", str(_SPAWN), str(contestant.output), str(errors), path, *arguments]
    done = subprocess.run(command, capture_output=True, check=False, timeout=LONGEST_SECONDS, text=True)
    told = json.loads(done.stdout or "null")
    if not told or told["status"]:
        said = done.stderr + errors.read_text(encoding="utf-8", errors="replace")
        raise BenchError(f"{contestant.name} failed: " + "\n".join(said.strip().splitlines()[-5:]))
    return Sample(told["seconds"], told["cpu_seconds"], told["peak_bytes"], contestant.count())
