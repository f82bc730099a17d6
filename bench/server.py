"""The FTP server of the benchmark, near and far."""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from atelier_demo.servers import Site, ports

from bench.measure import Amount, BenchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FAR_ADDRESS = "127.0.0.2"

_DELAY = str(Path(__file__).with_name("delay.py"))
_BLOCK = bytes(256 * 1024)


class FtpServer:
    """vsftpd with a folder of its own, as `make demo` starts it."""

    def __init__(self, folder: Path) -> None:
        """Describe it; `running` starts it."""
        self._site = Site(folder)
        self._ftp = self._site.ftp
        self.folder = self._ftp.data_folder

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start it, and stop it at the end."""
        self._ftp.site.packages.ensure(print)
        self._ftp.start(print)
        try:
            yield
        finally:
            self._ftp.stop()

    @property
    def port(self) -> int:
        """Its port."""
        return self._ftp.port

    @property
    def ports(self) -> list[int]:
        """Its ports for commands and data."""
        return [self._ftp.port, *self._ftp.passive_ports]

    @property
    def login(self) -> dict[str, str]:
        """User and password."""
        return {"user": self._ftp.user, "password": self._ftp.site.settings.secret("ftp_password")}

    def path(self, file: Path) -> str:
        """Return the path by which clients reach a file or folder."""
        return f"{self._ftp.root}/{file.relative_to(self.folder)}"

    def forget(self) -> None:
        """Count from here."""
        if self._ftp.transfer_log.exists():
            self._ftp.transfer_log.write_bytes(b"")  # vsftpd only ever appends

    def sent(self) -> Amount:
        """Return what it has sent since."""
        sent = [
            transfer.byte_count for transfer in self._site.ftp_transfers() if transfer.direction == "sent"
        ]
        return Amount(len(sent), sum(sent))

    def version(self) -> str:
        """Return its version, as it says it."""
        program = self._ftp.site.packages.find("vsftpd")
        with tempfile.TemporaryFile() as said:
            # It speaks to its standard input.
            subprocess.run([str(program.path), "-v"], stdin=said, check=False, env=dict(program.environment))
            said.seek(0)
            return said.read().decode(errors="replace").strip().replace(": version", "")


@contextmanager
def far(ports_served: Sequence[int], round_trip: float) -> Iterator[None]:
    """Serve the ports of the near server on the far address, so much farther away.

    Raises:
        BenchError: The ports are taken there.
    """
    # Ports that follow each other are named as a range, the others one by one.
    command = [sys.executable, _DELAY, FAR_ADDRESS, ports.HOST, str(round_trip)]
    command += [str(port) for port in ports_served]
    line = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if line.stdout is None or line.stdout.readline().strip() != "ready":
            raise BenchError(
                f"the far address {FAR_ADDRESS} cannot be served: another benchmark may be running"
            )
        yield
    finally:
        line.terminate()
        line.wait(10)


def carried(round_trip: float | None, size: int) -> tuple[float, float]:
    """Measure the line by itself, without FTP; None is the loopback alone, 0 the program without any delay.

    Returns:
        The seconds that an answer takes, and the bytes a second of one connection.
    """
    with socket.create_server((ports.HOST, 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=_answer, args=(listener, size), daemon=True)
        thread.start()
        if round_trip is None:
            result = _ask(ports.HOST, port, size)
        else:
            with far([port], round_trip):
                result = _ask(FAR_ADDRESS, port, size)
        thread.join(30)
    return result


def _answer(listener: socket.socket, size: int) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while connection.recv(1) == b"?":
            connection.sendall(b"!")
        for _ in range(size // len(_BLOCK)):
            connection.sendall(_BLOCK)


def _ask(host: str, port: int, size: int) -> tuple[float, float]:
    times = []
    with socket.create_connection((host, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(100):
            began = time.monotonic()
            connection.sendall(b"?")
            connection.recv(1)
            times.append(time.monotonic() - began)
        buffer = bytearray(1024 * 1024)
        began = time.monotonic()
        connection.sendall(b".")
        received = 0
        while count := connection.recv_into(buffer):
            received += count
        seconds = time.monotonic() - began
    if received != size // len(_BLOCK) * len(_BLOCK):
        raise BenchError(f"of {size} bytes only {received} came over the line")
    return statistics.median(times), received / seconds
