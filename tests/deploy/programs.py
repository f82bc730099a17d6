"""Programs that only these tests want: the system's own, or unpacked from Debian's packages."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from atelier_demo.servers import apt

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".local" / "test" / "deploy"


def program(name: str, package: str) -> list[str]:
    """Return the command that starts a program; skip the test where it cannot be had."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found:
        return [found]
    root = FOLDER / package
    if not root.exists():
        try:
            apt.unpack([package], root, FOLDER / f"{package}.work")
        except apt.AptError as error:
            pytest.skip(f"{name} is not here, and the package {package} cannot be had: {error}")
    places = [root / folder / name for folder in ("usr/bin", "bin", "usr/sbin", "sbin")]
    path = next(place for place in places if place.exists())
    libraries = [str(folder) for folder in root.glob("**/*-linux-gnu*")]
    return [
        "env",
        f"LD_LIBRARY_PATH={':'.join([*libraries, *(f'{folder}/systemd' for folder in libraries)])}",
        f"PYTHONPATH={root / 'usr/lib/python3/dist-packages'}",
        *(["/usr/bin/python3"] if path.read_bytes()[:64].startswith(b"#!/usr/bin/python3") else []),
        str(path),
    ]


def said(command: list[str], environment: Mapping[str, str] | None = None, folder: Path = ROOT) -> str:
    """Run a command that must succeed; return what it says."""
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def essentials(**more: str) -> dict[str, str]:
    """Return an environment that holds nothing of this machine's configuration of Atelier."""
    return {**{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}, **more}
