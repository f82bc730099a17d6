"""Programs of the servers: the system's own, or else Debian's packages, installed or unpacked."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from atelier_demo.servers import apt
from atelier_demo.servers.errors import ServerError
from atelier_demo.servers.locks import FolderLock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class ProgramSet:
    """Programs that are wanted together, each with the package that brings it."""

    programs: Mapping[str, str]
    otherwise: str  # what else can be done, as the end of a sentence
    by_hand: str  # what to install where there is no apt
    also: tuple[str, ...] = ()  # packages with files that a program wants beside itself

    def packages(self, names: list[str]) -> list[str]:
        """Return the packages that bring programs of the set."""
        return sorted({*(self.programs[name] for name in names), *self.also})


SERVERS = ProgramSet(
    {
        "mariadbd": "mariadb-server-core",
        "mariadb-install-db": "mariadb-server-core",
        "my_print_defaults": "mariadb-client-core",  # mariadb-install-db wants it
        "vsftpd": "vsftpd",
    },
    otherwise="or use your own servers: copy .env.example to .env and fill it in",
    by_hand="MariaDB 10.6 or newer and vsftpd",
)
#: Only the tests of the pages want it: 300 MB that no demo has to wait for.
BROWSER = ProgramSet(
    {"chromium": "chromium"},
    otherwise="or leave the tests of the pages out",
    by_hand="Chromium",
    also=("chromium-common",),
)
#: Only the tests of crashes want it: a wrong clock for some programs.
CLOCK = ProgramSet(
    {"faketime": "faketime"},
    otherwise="or leave the tests of wrong clocks out",
    by_hand="libfaketime",
    also=("libfaketime",),
)
_SETS = (SERVERS, BROWSER, CLOCK)
_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


@dataclass(frozen=True)
class Program:
    """A program that runs here."""

    path: Path
    root: Path | None = None  # the folder that its package was unpacked into; None if the system's own
    environment: Mapping[str, str] = field(default_factory=dict)  # what it needs to find its libraries


class Packages:
    """The programs, found on the system or below a folder into which packages are unpacked."""

    def __init__(self, folder: Path, *, use_system: bool = True) -> None:
        """Name the folder; nothing is read or written yet.

        Args:
            folder: Where packages are unpacked when the system lacks them and we are not root.
            use_system: False ignores what the system has (to test the unpacked programs).
        """
        self._folder = folder.resolve()
        self._use_system = use_system

    @property
    def root(self) -> Path:
        """The folder with the unpacked packages: `usr`, `etc`."""
        return self._folder / "root"

    def find(self, name: str) -> Program:
        """Return a program.

        Raises:
            ServerError: It is not here.
        """
        found = self._find(name)
        if found is None:
            package, otherwise = _whence(name)
            raise ServerError(f"the program {name} is missing: install the package {package}, {otherwise}")
        return found

    def ensure(self, progress: Callable[[str], None], wanted_set: ProgramSet = SERVERS) -> None:
        """See to it that every program of a set is here: install its package as root, else unpack it.

        Raises:
            ServerError: It cannot be had.
        """
        if not self._missing(wanted_set):
            return
        with FolderLock(self._folder / "lock", f"the folder of packages {self._folder}"):
            names = self._missing(wanted_set)
            if not names:
                return
            wanted = wanted_set.packages(names)
            if not apt.is_here():
                raise ServerError(
                    f"{' and '.join(names)} cannot be found, and only Debian's and Ubuntu's packages can be "
                    f"fetched automatically: install {wanted_set.by_hand}, {wanted_set.otherwise}"
                )
            if os.geteuid() == 0 and self._use_system:
                progress(f"installing {', '.join(wanted)} (no service is started)")
                try:
                    apt.install(wanted)
                except apt.AptError as error:
                    progress(f"installing failed ({error}); unpacking into {self.root} instead")
            missing = self._missing(wanted_set)
            if missing:
                self.unpack(wanted_set.packages(missing), progress, wanted_set.otherwise)
            self._check(names)

    def unpack(
        self, wanted: list[str], progress: Callable[[str], None], otherwise: str = SERVERS.otherwise
    ) -> None:
        """Unpack packages with what they need below the folder; needs no rights.

        Args:
            wanted: Names of packages.
            progress: Takes a line about it.
            otherwise: What else can be done, as the end of the sentence of an error.

        Raises:
            ServerError: They cannot be had.
        """
        progress(f"unpacking {', '.join(wanted)} into {self.root}")
        try:
            apt.unpack(wanted, self.root, self._folder / "apt")
        except apt.AptError as error:
            raise ServerError(
                f"the packages {', '.join(wanted)} cannot be unpacked into {self.root} ({error}): check the "
                f"network and apt's proxy, have them installed by an administrator, {otherwise}"
            ) from None

    def _missing(self, wanted: ProgramSet) -> list[str]:
        return [name for name in wanted.programs if self._find(name) is None]

    def _find(self, name: str) -> Program | None:
        if self._use_system:
            # A plain user's PATH often lacks the sbin folders, where Debian keeps servers.
            path = os.pathsep.join((os.environ.get("PATH", ""), *_SYSTEM_FOLDERS))
            found = shutil.which(name, path=path)
            if found:
                return Program(Path(found))
        # Debian's `chromium` in usr/bin is a script that starts the one in /usr/lib, even when unpacked.
        for folder in ("usr/sbin", f"usr/lib/{name}", "usr/bin"):
            program = self.root / folder / name
            if program.is_file() and os.access(program, os.X_OK):
                return Program(program, self.root, self._environment())
        return None

    def _environment(self) -> dict[str, str]:
        libraries = [
            str(folder)
            for base in ("usr/lib", "lib")
            for folder in (*sorted((self.root / base).glob("*-linux-gnu*")), self.root / base)
            if folder.is_dir()
        ]
        programs = [str(self.root / folder) for folder in ("usr/sbin", "usr/bin")]
        return {
            "LD_LIBRARY_PATH": os.pathsep.join((*libraries, *_entries("LD_LIBRARY_PATH"))),
            "PATH": os.pathsep.join((*programs, *_entries("PATH"), *_SYSTEM_FOLDERS)),
        }

    def _check(self, names: list[str]) -> None:
        """Run what was just fetched.

        Raises:
            ServerError: It does not run, for want of a library for example.
        """
        for name in names:
            program = self.find(name)
            if name == "mariadb-install-db":  # a shell script
                continue
            option = "-v" if name == "vsftpd" else "--version"
            done = subprocess.run(
                [str(program.path), option],
                env={**os.environ, **program.environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=30,
            )
            said = done.stderr.decode(errors="replace").strip()
            if "shared libraries" in said or done.returncode in {126, 127}:
                package, otherwise = _whence(name)
                raise ServerError(f"{program.path} does not run ({said}): install {package}, {otherwise}")


def _whence(name: str) -> tuple[str, str]:
    """Return the package of a program, and what else can be done."""
    for wanted in _SETS:
        if name in wanted.programs:
            return wanted.programs[name], wanted.otherwise
    return name, SERVERS.otherwise


def _entries(variable: str) -> list[str]:
    return [entry for entry in os.environ.get(variable, "").split(os.pathsep) if entry]
