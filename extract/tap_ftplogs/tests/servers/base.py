"""What the tests' FTP servers have in common: start, stop, log-in."""

from __future__ import annotations

import ctypes
import os
import secrets
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import pytest
from atelier_demo.servers import apt, ports, processes
from atelier_demo.servers.base import Launch, last_telling_line
from atelier_demo.servers.errors import ServerError
from atelier_demo.servers.locks import FolderLock
from atelier_demo.servers.packages import Packages, Program
from atelier_demo.servers.places import packages_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSIVE_PORT_COUNT = 50


class FtpServer(ABC):
    """One server on the loopback address, with everything of its own below one folder."""

    name: ClassVar[str]
    user = "atelier"

    def __init__(self, folder: Path, certificate: Path | None = None) -> None:
        """Describe the server; nothing is written or started yet.

        Args:
            folder: An existing folder of its own.
            certificate: PEM file with certificate and key: clients must then use explicit TLS.
        """
        self.folder = folder
        self.certificate = certificate
        self.data_folder = folder / "files"
        self.transfer_log = folder / "xferlog"  # a line a file, in the format of wu-ftpd
        self.password = secrets.token_urlsafe(24)
        self.port = 0
        self._log = folder / "log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> str:
        """The path by which clients reach the served folder."""
        return str(self.data_folder)

    @property
    def passive_ports(self) -> range:
        """The ports of its data connections."""
        return range(self.port + 1, self.port + 1 + PASSIVE_PORT_COUNT)

    @abstractmethod
    def prepare(self) -> Launch:
        """Write what the server needs to run on its port; return how it is started, in the foreground."""

    def start(self) -> None:
        """Start the server and wait for its greeting.

        Raises:
            ServerError: It does not start.
        """
        self.data_folder.mkdir()
        for _ in range(3):
            # Another program may take the port between our choice and the server's start.
            self.port = ports.choose(1 + PASSIVE_PORT_COUNT, set())
            launch = self.prepare()
            with self._log.open("ab") as log:
                child = subprocess.Popen(
                    launch.arguments,
                    cwd=launch.folder,
                    env={**os.environ, **launch.environment},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self._child = child
            processes.wait_until(lambda: child.poll() is not None or self._greets(), 20)  # noqa: B023
            if child.poll() is None and self._greets():
                return
            self.stop()
        raise ServerError(f"{self.name} does not start: {last_telling_line(self._log)}")

    def stop(self) -> None:
        """Stop the server with all of its sessions."""
        if self._child is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            processes.send(self._all(), number)
            if processes.wait_until(lambda: not self._all(), 5):
                break
        self._child.wait(5)
        self._child = None

    def _all(self) -> list[int]:
        """Return the ids of its processes; they give themselves other titles, but stay in our session."""
        assert self._child is not None
        self._child.poll()
        numbers = [int(path.name) for path in processes.PROC.iterdir() if path.name.isdigit()]
        found = (processes.read(number) for number in numbers)
        return [process.pid for process in found if process and process.session == self._child.pid]

    def _greets(self) -> bool:
        try:
            with socket.create_connection((ports.HOST, self.port), timeout=5) as connection:
                return connection.recv(3) == b"220"
        except OSError:
            return False


def running(server: FtpServer) -> Iterator[FtpServer]:
    """Run a server for as long as a fixture lasts."""
    try:
        server.start()
        yield server
    finally:
        server.stop()


def unpacked(program: str, wanted: list[str], folder: Path) -> Program:
    """Return a program of Debian's packages, unpacked below `.local` once for all runs.

    They are never installed: FTP servers conflict with each other, and vsftpd is to stay.
    """
    place = packages_folder(folder) / program
    packages = Packages(place, use_system=False)
    with FolderLock(place / "lock", f"the folder of packages {place}"):
        if not (packages.root / "usr" / "sbin" / program).exists():
            if not apt.is_here():
                pytest.skip(f"{program} is taken from Debian's packages, and there is no apt here")
            packages.unpack(wanted, lambda _: None)
    return packages.find(program)


def crypt(password: str) -> str:
    """Return a password as files of users hold it; few rounds, so that each log-in takes no time."""
    library = ctypes.CDLL("libcrypt.so.1")  # the servers need it themselves
    library.crypt.restype = ctypes.c_char_p
    salt = f"$6$rounds=1000${secrets.token_hex(8)}"
    hashed: bytes = library.crypt(password.encode(), salt.encode())
    return hashed.decode()
