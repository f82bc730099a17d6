"""Who competes: the tap, and the programs that it is measured beside."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from atelier_demo.servers import apt

from bench.measure import Amount, Contestant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.server import FtpServer

#: Programs of others.
_PEERS = ("curl", "lftp")

_BARE = Path(__file__).with_name("bare.py")


@dataclass(frozen=True)
class Place:
    """Where the server is reached, and how far away that is."""

    host: str
    round_trip: float

    def __str__(self) -> str:
        return f"{self.round_trip * 1000:.0f} ms round trip"


class Contestants:
    """Makes contestants that read from a server."""

    def __init__(self, server: FtpServer, work: Path) -> None:
        """Find out who is here.

        Args:
            server: Whose files they read.
            work: For what they are told and what they write.
        """
        self._server = server
        self._work = work
        self._program = Path(sys.executable).with_name("tap-ftplogs")
        self._missing = missing()
        self._written = 0

    def tap(
        self,
        place: Place,
        folder: Path,
        connections: int,
        name: str = "tap-ftplogs",
        *,
        state: Path | None = None,
        prepare: Callable[[], None] | None = None,
        output: Path = Path(os.devnull),
    ) -> Contestant:
        """Return the tap; with a state it goes on from there."""
        settings = {**self._access(place), "root": self._server.path(folder), "connections": connections}
        command: list[str | Path] = [self._program, "--config", self._private(json.dumps(settings))]
        if state is not None:
            command += ["--state", state]
        return self._contestant(name, command, prepare, output)

    def curl(self, place: Place, paths: Sequence[Path], connections: int) -> list[Contestant]:
        """Return curl over many addresses, with no more commands a file than it needs by its own lights."""
        if "curl" in self._missing:
            return []
        access = self._access(place)
        lines = ["silent", "show-error", 'ftp-method = "nocwd"', "ftp-skip-pasv-ip", "disable-epsv"]
        lines.append(f'user = "{access["user"]}:{access["password"]}"')
        if connections > 1:
            lines += ["parallel", f"parallel-max = {connections}"]
        for path in paths:
            address = f"ftp://{access['host']}:{access['port']}/{quote(self._server.path(path), safe='')}"
            lines += [f'url = "{address}"', f'output = "{os.devnull}"']
        config = self._private("\n".join(lines) + "\n")
        return [
            self._contestant("curl" + " --parallel" * (connections > 1), ["curl", "-q", "--config", config])
        ]

    def lftp(
        self,
        place: Place,
        folder: Path,
        connections: int,
        scratch: Path,
        *,
        is_fresh: bool = True,
        prepare: Callable[[], None] | None = None,
    ) -> list[Contestant]:
        """Return lftp's mirror of a folder into memory; not fresh goes on with the mirror that is there."""
        if "lftp" in self._missing:
            return []
        access = self._access(place)
        target = scratch / "mirror"
        script = [
            "set cmd:fail-exit yes",
            "set ftp:ssl-allow no",
            "set ftp:use-mdtm no",  # else it asks for the time of every file, of old ones in every run
            f"set net:connection-limit {connections}",
            f"open -u {access['user']},{access['password']} -p {access['port']} {access['host']}",
            f"mirror --no-perms --continue --parallel={connections} {self._server.path(folder)} {target}",
        ]
        command: list[str | Path] = ["lftp", "--norc", "-f", self._private("\n".join(script) + "\n")]

        def clear() -> None:
            shutil.rmtree(target, ignore_errors=True)
            self._server.forget()

        name = "lftp mirror" + f" --parallel={connections}" * (connections > 1)
        return [self._contestant(name, command, prepare or (clear if is_fresh else None))]

    def bare(
        self,
        place: Place,
        files: Sequence[tuple[Path, int]],
        connections: int,
        prepare: Callable[[], None] | None = None,
    ) -> Contestant:
        """Return ftplib as it fetches files, each from a byte on, and does nothing with them."""
        plan = {"files": [(self._server.path(path), offset) for path, offset in files]}
        command = [*self._bare_command("fetch", self._file(place, plan)), str(connections)]
        return self._contestant("ftplib, bytes only", command, prepare)

    def lister(self, place: Place, folders: Sequence[Path]) -> Contestant:
        """Return ftplib as one listing a folder."""
        plan = {"folders": [self._server.path(path) for path in folders]}
        return self._contestant("ftplib, listings only", self._bare_command("list", self._file(place, plan)))

    def start(self) -> Contestant:
        """Return the tap as it says no more than its version."""
        return self._contestant("tap-ftplogs --version", [self._program, "--version"])

    def parser(self, path: Path) -> Contestant:
        """Return the tap's parser as it reads a file of ours."""
        output = self._work / "parsed.txt"

        def count() -> Amount:
            files, size = output.read_text().split()
            return Amount(int(files), int(size))

        name = "the tap's parser, local file"
        return Contestant(name, self._bare_command("parse", path), lambda: None, count, output)

    def _contestant(
        self,
        name: str,
        command: Sequence[str | Path],
        prepare: Callable[[], None] | None = None,
        output: Path = Path(os.devnull),
    ) -> Contestant:
        return Contestant(name, command, prepare or self._server.forget, self._server.sent, output)

    def _bare_command(self, *arguments: str | Path) -> list[str | Path]:
        return [sys.executable, _BARE, *arguments]

    def _file(self, place: Place, plan: Mapping[str, object]) -> Path:
        return self._private(json.dumps({**self._access(place), **plan}))

    def _access(self, place: Place) -> dict[str, object]:
        return {"host": place.host, "port": self._server.port, **self._server.login}

    def _private(self, text: str) -> Path:
        """Write a file that only we may read: it holds the password."""
        self._written += 1
        path = self._work / f"{self._written}.conf"
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(text)
        return path

    def versions(self) -> list[str]:
        """Return what of each has been measured."""
        versions = [f"Python {platform.python_version()}", self._server.version()]
        for program in _PEERS:
            if shutil.which(program):
                said = subprocess.run(
                    [program, "--version"], capture_output=True, text=True, check=True
                ).stdout
                words = said.replace("|", " ").split()
                versions.append(f"{program} {next(word for word in words if word[0].isdigit())}")
        return versions


def missing() -> list[str]:
    """Return those of the programs it is measured beside that are not installed."""
    return [program for program in _PEERS if shutil.which(program) is None]


def install_peers() -> None:
    """Have the programs that the tap is measured beside, where that needs no one else's rights."""
    wanted = missing()
    if wanted and os.geteuid() == 0 and apt.is_here():
        print(f"installing {', '.join(wanted)}", flush=True)
        apt.install(wanted)
