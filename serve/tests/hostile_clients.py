"""What a hostile client does to the server until it is told that it is over."""

from __future__ import annotations

import secrets
import socket
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    import threading

    from served import Served

#: How many make an attack at once.
CLIENTS = 20


def connected(served: Served) -> socket.socket:
    host, _, port = served.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), 20)


def flood(served: Served, over: threading.Event, begin: bytes, part: bytes) -> None:
    """Send a part again and again, on one connection after the other."""
    while not over.is_set():
        with suppress(OSError), connected(served) as wire:
            wire.sendall(begin)
            while not over.is_set():
                wire.sendall(part)


def trailers(served: Served, over: threading.Event) -> None:
    head = b"POST /v1/auth/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    flood(served, over, head, b"X-Trailer: " + b"a" * 60_000 + b"\r\n")


def heads(served: Served, over: threading.Event) -> None:
    flood(served, over, b"GET / HTTP/1.1\r\nHost: x\r\n", b"X-Long: " + b"a" * 60_000 + b"\r\n")


def idle_connections(served: Served, over: threading.Event) -> None:
    """Each client holds as many connections as make more than a thousand of all."""
    with ExitStack() as held:
        for _ in range(1_200 // CLIENTS):
            with suppress(OSError):
                wire = held.enter_context(connected(served))
                wire.sendall(b"POST /v1/auth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na")
        over.wait()


def addresses(served: Served, over: threading.Event) -> None:
    with httpx.Client(base_url=served.url, timeout=60) as client:
        while not over.is_set():
            name = secrets.token_hex(2000)
            for path in (f"/labels/{name}.json", f"/machine/{name}/{name}", f"/{name}"):
                with suppress(httpx.TransportError):
                    client.get(path)


def scrapes(served: Served, over: threading.Event) -> None:
    with httpx.Client(base_url=served.url, timeout=60) as client:
        while not over.is_set():
            client.get("/metrics")


def guesses(served: Served, over: threading.Event) -> None:
    with httpx.Client(base_url=served.url, timeout=60) as client:
        while not over.is_set():
            form = {"grant_type": "password", "username": secrets.token_hex(4), "password": "a guess"}
            with suppress(httpx.TransportError):
                client.post("/v1/auth/token", data=form)
