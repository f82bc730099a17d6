"""A clock for the processes of a run, which may be wrong."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from atelier_demo.servers.errors import ServerError
from atelier_demo.servers.packages import CLOCK, Packages
from atelier_demo.servers.places import packages_folder

if TYPE_CHECKING:
    from atelier_demo.servers.site import Site


class Clock:
    """A clock for the processes of a run, by libfaketime; it may jump while they run."""

    def __init__(self, site: Site, folder: Path) -> None:
        """Fetch the library.

        Raises:
            ServerError: It cannot be had.
        """
        packages = Packages(packages_folder(site.folder))
        packages.ensure(lambda _: None, CLOCK)
        usr = packages.find("faketime").path.parent.parent
        libraries = sorted(usr.glob("lib/*-linux-gnu*/faketime/libfaketimeMT.so.1"))
        if not libraries:
            raise ServerError("libfaketimeMT.so.1 is not where Debian's package has it")
        sleep = folder / "sleep.so"
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("a C compiler (cc) is needed to make libfaketime and Python's sleep agree")
        source = Path(__file__).with_name("sleep.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-o", str(sleep), str(source)], check=True)
        self._file = folder / "clock"
        self.variables = {
            "LD_PRELOAD": f"{sleep} {libraries[0]}",
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            # So that a jump is seen within a second; and time-outs are measured by what nobody can put back.
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def set(self, spec: str) -> None:
        """Put the clock to a time or by an offset, in the words of faketime."""
        part = self._file.with_suffix(".part")
        part.write_text(spec + "\n")
        part.replace(self._file)

    def ahead(self, seconds: float) -> None:
        """Put the clock forward, or back."""
        self.set(f"{seconds:+.0f}s")
