"""Runs Meltano for the demo: its whole output in a log file, a few lines of it on the screen."""

from __future__ import annotations

import re
import subprocess
import time
from typing import TYPE_CHECKING

from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LINE = re.compile(r"^\S+Z \[(?P<level>\w+)\s*\] (?P<part>\S+)\s+(?P<text>.*)$")
_NODE = re.compile(r"\b(?P<done>\d+) of (?P<all>\d+) (?P<outcome>OK|PASS|WARN|ERROR|FAIL|SKIP)\b")
_WORTH_SHOWING = re.compile(r"rows (?:inserted|deleted)|files read|The ERP|FAILED")

#: How often a running dbt is reported, in seconds.
DBT_REPORT_SECONDS = 3.0


class PipelineError(AtelierError):
    """A run of Meltano failed; the sentence says why and where the whole log is."""


class Screen:
    """Chooses what of Meltano's output a person wants to see."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.last_report = 0.0

    def show(self, line: str) -> None:
        """Print a line of the output if it tells of progress or trouble."""
        if line.startswith("atelier: "):
            self.say(line.removeprefix("atelier: "))
            return
        match = _LINE.match(line)
        if not match:
            return
        text = match["text"].strip()
        if node := _NODE.search(text):
            trouble = node["outcome"] in {"ERROR", "FAIL"}
            now = time.monotonic()
            if trouble or node["done"] == node["all"] or now - self.last_report >= DBT_REPORT_SECONDS:
                self.last_report = now
                self.say(f"dbt: {node['done']} of {node['all']}" + (f": {text}" if trouble else ""))
        elif match["part"] not in {"meltano", "dbt"} and (
            match["level"] in {"warning", "error"} or _WORTH_SHOWING.search(text)
        ):
            self.say(f"{match['part']}: {text}")


def run_meltano(root: Path, job: str, log: Path, say: Callable[[str], None]) -> float:
    """Run a job of Meltano in the environment `dev`.

    Args:
        root: The project's folder.
        job: Name of the job.
        log: File that gets the whole output, appended.
        say: Prints a line for the person who waits.

    Returns:
        How long it took, in seconds.

    Raises:
        PipelineError: It ended with another status than 0.
    """
    started = time.monotonic()
    screen = Screen(say)
    last = ""
    with (
        log.open("a", encoding="utf-8") as whole,
        subprocess.Popen(
            [str(root / ".venv" / "bin" / "meltano"), "--environment=dev", "run", job],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as meltano,
    ):
        for line in meltano.stdout or ():
            whole.write(line)
            screen.show(line.rstrip("\n"))
            last = line.strip() or last
    if meltano.returncode:
        raise PipelineError(
            f"`meltano run {job}` ended with status {meltano.returncode}: "
            f"{last.removeprefix('atelier: failed: ')} (the whole log: {log})"
        )
    return time.monotonic() - started
