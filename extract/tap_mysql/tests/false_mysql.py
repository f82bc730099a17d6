"""A server in a thread that speaks MySQL's protocol as far as a test wants, and notes all that it is told."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

OK = b"\x00\x00\x00\x02\x00\x00\x00"
SALT = b"12345678" + b"abcdefghijkl\0"
_CAPABILITIES = 0xFFFFFFFF & ~(1 << 11)  # all but TLS


def greeting(plugin: bytes, version: bytes = b"8.0.36") -> bytes:
    return (
        b"\x0a"
        + version
        + b"\0\x01\0\0\0"
        + SALT[:8]
        + b"\0"
        + (_CAPABILITIES & 0xFFFF).to_bytes(2, "little")
        + b"\x2d\x02\x00"
        + (_CAPABILITIES >> 16).to_bytes(2, "little")
        + bytes([len(SALT)])
        + b"\0" * 10
        + SALT[8:]
        + plugin
        + b"\0"
    )


class FalseMySQL:
    """Greets, asks for the password as `log_in` does, and answers queries as `answer` does.

    Both get the session; without them it grants the log-in and says OK to everything.
    """

    def __init__(
        self,
        log_in: Callable[[Session], None] | None = None,
        answer: Callable[[Session, bytes], None] | None = None,
        first: bytes = greeting(b"mysql_native_password"),
    ) -> None:
        self.log_in = log_in or (lambda session: session.send(OK))
        self.answer = answer or (lambda session, _: session.send(OK))
        self.first = first
        self.received: list[bytes] = []
        self.sent = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> FalseMySQL:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._session, args=(connection,), daemon=True).start()

    def _session(self, connection: socket.socket) -> None:
        with suppress(OSError, EOFError), connection:
            session = Session(self, connection)
            session.send(self.first)
            session.receive()
            self.log_in(session)
            while True:
                session.number = -1
                query = session.receive()
                if query[1:5] == b"SET ":
                    # What PyMySQL says by itself.
                    session.send(OK)
                else:
                    self.answer(session, query[1:])


class Session:
    def __init__(self, server: FalseMySQL, connection: socket.socket) -> None:
        self.server = server
        self.connection = connection
        self.number = -1

    def send(self, payload: bytes) -> None:
        self.number = (self.number + 1) & 0xFF
        self.raw(len(payload).to_bytes(3, "little") + bytes([self.number]) + payload)

    def raw(self, data: bytes) -> None:
        self.connection.sendall(data)
        self.server.sent += len(data)

    def trickle(self, data: bytes) -> None:
        self.raw(b"\xff\xff\x00" + bytes([(self.number + 1) & 0xFF]))
        while True:
            self.raw(data)
            time.sleep(0.05)

    def receive(self) -> bytes:
        head = self._exactly(4)
        self.number = head[3]
        payload = self._exactly(int.from_bytes(head[:3], "little"))
        self.server.received.append(payload)
        return payload

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.connection.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data
