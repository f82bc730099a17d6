"""A runbook's commands, run as they are written in a copy of the project."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atelier_demo.servers.postgres import installations
from pipeline.plant import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.plant import Plant

FOLDER = ROOT / "docs" / "runbooks"


def pages() -> list[str]:
    """Return the names of the runbooks."""
    return sorted(path.stem for path in FOLDER.glob("*.md") if path.name != "README.md")


def blocks(name: str) -> list[str]:
    """Return the blocks of commands of a page, as they are written."""
    text = (FOLDER / f"{name}.md").read_text("utf-8")
    found = re.findall(r"^( *)```sh\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


@dataclass(frozen=True)
class Tried:
    """What came of a block."""

    status: int
    output: str


class Book:
    """Where a runbook is tried: a copy of the project, and a plant's servers."""

    def __init__(self, plant: Plant, folder: Path) -> None:
        """Make the copy."""
        self.plant = plant
        self.folder = folder
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
        for name in listed.stdout.splitlines():
            # Not links: Meltano refuses files that lie elsewhere.
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(ROOT / ".venv")

    def run(self, block: str, **changes: str) -> Tried:
        """Run a block as a shell would in which the page before the pages was followed."""
        environment = self.plant.environment(**changes)
        programs = installations()
        environment["PATH"] = f"{programs[max(programs)]}:{environment['PATH']}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join([*blocks("README"), block])],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=280,
        )
        return Tried(done.returncode, done.stdout)

    def run_well(self, block: str, **changes: str) -> str:
        """Run a block that must succeed; return its output."""
        tried = self.run(block, **changes)
        assert tried.status == 0, f"{block}\n{tried.output[-4000:]}"
        return tried.output
