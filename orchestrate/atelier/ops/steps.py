"""The steps of a run and what each did, from the lines that Meltano logs while it runs."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, Final

from atelier.errors import AtelierError
from atelier.project_files import documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

#: What Meltano says when a step has ended.
_END_OF_A_STEP: Final = "Block run completed"

#: How a tap or loader says a number (Singer), and the numbers that a run's history keeps.
_METRIC: Final = re.compile(r"METRIC: (\{.*\})\s*$")
METRICS: Final = {
    "rows_written": "rows_loaded",
    "bytes_received": "bytes_read",
    "lines_rejected": "lines_rejected",
}


#: A larger count is none: a plugin repeats what a server says, which may look like a count of its own.
_MOST: Final = 10**15

#: The kinds of plugins that `meltano run` takes.
_RUNNABLE: Final = ("extractors", "loaders", "mappers", "utilities", "transformers")


@dataclass
class Step:
    """One step of a run.

    Attributes:
        started_at: When the step before it had ended.
        counts: Numbers by their columns in `ops.run_steps`; none where the step said none.
    """

    name: str
    started_at: datetime
    ended_at: datetime
    outcome: str
    message: str | None
    counts: dict[str, int]


class Watch(logging.Handler):
    """A logging handler that notes each step when it ends; logging makes it, so its notes are the class's."""

    steps: ClassVar[list[Step]] = []
    _names: ClassVar[Iterator[str]] = iter(())
    _began: ClassVar[datetime]
    _counts: ClassVar[dict[str, int]] = {}

    @classmethod
    def begin(cls, names: Sequence[str]) -> None:
        """Begin a run whose steps have these names."""
        cls.steps = []
        cls._names = iter(names)
        cls._began = now()
        cls._counts = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line; structlog puts what it says into a dictionary."""
        event: Any = record.msg
        if not isinstance(event, dict):
            return
        text = str(event.get("event", ""))
        if text == _END_OF_A_STEP:
            self.end(succeeded=bool(event.get("success")), message=event.get("err"))
        elif match := _METRIC.search(text):
            self._count(match[1])

    @classmethod
    def end(cls, *, succeeded: bool, message: str | None) -> None:
        """End the current step."""
        ended_at = now()
        cls.steps.append(
            Step(
                name=next(cls._names, "unknown"),
                started_at=cls._began,
                ended_at=ended_at,
                outcome="succeeded" if succeeded else "failed",
                message=None if succeeded else message,
                counts=cls._counts,
            )
        )
        cls._began, cls._counts = ended_at, {}

    @classmethod
    def broken_off(cls, outcome: str, message: str | None) -> None:
        """End the step in which the run ended, unless Meltano has said so of the last one."""
        if cls.steps and cls.steps[-1].outcome == "failed":
            cls.steps[-1].message = message
            return
        name = next(cls._names, None)
        if name is not None:
            cls.steps.append(Step(name, cls._began, now(), outcome, message, cls._counts))

    @classmethod
    def _count(cls, text: str) -> None:
        try:
            point = json.loads(text)
            column = METRICS.get(point["metric"])
            count = int(point["value"])
            if column and 0 <= count <= _MOST:
                cls._counts[column] = cls._counts.get(column, 0) + count
        except (ArithmeticError, ValueError, TypeError, KeyError, RecursionError):
            return


def totals(steps: Sequence[Step]) -> dict[str, int]:
    """Return the sums over steps of what they counted."""
    sums: dict[str, int] = {}
    for step in steps:
        for column, value in step.counts.items():
            sums[column] = sums.get(column, 0) + value
    return sums


def check(root: Path, blocks: Sequence[str]) -> None:
    """Check that the project has what `meltano run` is asked for.

    Args:
        root: The project's folder.
        blocks: Jobs, commands and plugins, as on the command line.

    Raises:
        AtelierError: It has not, or nothing is asked for: the sentence lists what there is.
    """
    jobs, plugins = _runnable(root)
    offer = f"the jobs are {', '.join(sorted(jobs))}"
    if not blocks:
        raise AtelierError(f"`meltano run` is told nothing to run: {offer}")
    for block in blocks:
        name, _, command = block.partition(":")
        if block not in jobs and name not in plugins:
            like = get_close_matches(block, [*jobs, *plugins], 1)
            raise AtelierError(
                f"there is no job {block!r}{f' (is it {like[0]!r}?)' if like else ''}: {offer}"
            )
        if command and command not in plugins[name]:
            commands = ", ".join(sorted(plugins[name])) or "none"
            raise AtelierError(f"{name} has no command {command!r}: its commands are {commands}; {offer}")


def _runnable(root: Path) -> tuple[set[str], dict[str, set[str]]]:
    """Return the jobs, and the commands of each plugin and mapping."""
    jobs: set[str] = set()
    plugins: dict[str, set[str]] = {}
    for document in documents(root):
        jobs |= {job["name"] for job in document.entries("jobs")}
        for kind in _RUNNABLE:
            for plugin in document.entries("plugins", kind):
                plugins[plugin["name"]] = set(plugin.get("commands") or ())
                mappings = plugin.get("mappings") or ()
                plugins |= {mapping["name"]: set() for mapping in mappings}
    return jobs, plugins


def names_of(root: Path, blocks: Sequence[str]) -> list[str]:
    """Return the names of the steps that `meltano run` makes of its arguments, one per step.

    Args:
        root: The project's folder.
        blocks: Jobs, commands (`dbt:build`) and plugins, as on the command line.

    Raises:
        AtelierError: A file of the project cannot be read.
    """
    jobs, loaders = _declared(root)
    return list(_names(blocks, jobs, loaders))


def _names(
    blocks: Sequence[str], jobs: Mapping[str, Sequence[str]], loaders: frozenset[str]
) -> Iterator[str]:
    pair: list[str] = []
    for block in blocks:
        if block in jobs:
            for task in jobs[block]:
                yield from _names(task.split(), jobs, loaders)
        elif ":" in block and not pair:
            yield block
        else:
            pair.append(block)
            if block in loaders:
                yield " ".join(pair)
                pair = []
    if pair:
        yield " ".join(pair)


def _declared(root: Path) -> tuple[dict[str, list[str]], frozenset[str]]:
    jobs: dict[str, list[str]] = {}
    loaders: set[str] = set()
    for document in documents(root):
        for job in document.entries("jobs"):
            tasks = job.get("tasks")
            lines = [_line(task) for task in (tasks if isinstance(tasks, list) else [tasks])]
            if not all(lines):
                raise document.wrong(f"the tasks of the job {job['name']}", "must be a list of texts")
            jobs[job["name"]] = lines
        loaders |= {loader["name"] for loader in document.entries("plugins", "loaders")}
    return jobs, frozenset(loaders)


def _line(task: object) -> str:
    """Return a task as a line of a terminal; empty where it is none."""
    words = task if isinstance(task, list) else [task]
    return " ".join(words) if all(isinstance(word, str) for word in words) else ""


def now() -> datetime:
    """Return the current moment, in UTC."""
    return datetime.now(timezone.utc)
