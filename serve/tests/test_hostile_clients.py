"""The real server under hostile clients: others are answered, and its memory stays what it is."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest
from reliability.figures import SECURITY
from served import Served, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

#: How long each attack lasts, and how many clients make it.
SECONDS = 1.5
CLIENTS = 20

MEGABYTE = 1024 * 1024
#: Wide: without bounds it was gigabytes, and a minute of silence. Two passwords at once take 128 MB.
MOST_MEMORY = 250 * MEGABYTE
LONGEST_SILENCE_SECONDS = 10.0


@pytest.fixture(scope="module")
def attacked(
    marts: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Served, psutil.Process]]:
    """A server of its own, and its process."""
    process, served = start(marts, tmp_path_factory.mktemp("attacked"))
    try:
        with httpx.Client(base_url=served.url, timeout=60) as client:
            for path in ("/login", "/metrics", "/health"):
                client.get(path)
        yield served, psutil.Process(process.pid)
    finally:
        process.terminate()
        assert process.wait(60) == 0


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
                client.get(path)


def scrapes(served: Served, over: threading.Event) -> None:
    with httpx.Client(base_url=served.url, timeout=60) as client:
        while not over.is_set():
            client.get("/metrics")


def guesses(served: Served, over: threading.Event) -> None:
    with httpx.Client(base_url=served.url, timeout=60) as client:
        while not over.is_set():
            form = {"grant_type": "password", "username": secrets.token_hex(4), "password": "a guess"}
            client.post("/v1/auth/token", data=form)


@pytest.mark.security(
    attack="twenty clients at once: endless trailers and heads, 1,200 idle connections, addresses, guesses",
    rule="requests, connections, figures and log-ins have bounds; others are answered meanwhile",
)
@pytest.mark.parametrize("attack", [trailers, heads, idle_connections, addresses, scrapes, guesses])
def test_others_are_answered_and_memory_is_bounded(
    attacked: tuple[Served, psutil.Process], attack: Callable[[Served, threading.Event], None]
) -> None:
    served, process = attacked
    before = most = process.memory_info().rss
    over = threading.Event()
    silences, answered = [], 0
    with ThreadPoolExecutor(CLIENTS) as clients:
        hostile = [clients.submit(attack, served, over) for _ in range(CLIENTS)]
        try:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                began = time.monotonic()
                # On a connection of its own, as a new visitor comes.
                status = httpx.get(f"{served.url}/health", timeout=60).status_code
                assert status == 200
                silences.append(time.monotonic() - began)
                answered += 1
                most = max(most, process.memory_info().rss)
        finally:
            over.set()
        for each in hostile:
            each.result()
    SECURITY.keep(
        "20 hostile clients",
        attack.__name__.replace("_", " "),
        **{
            "MB more at most": f"{(most - before) / MEGABYTE:.0f}",
            "longest silence of `/health` (s)": f"{max(silences):.2f}",
        },
    )
    assert most - before < MOST_MEMORY
    assert max(silences) < LONGEST_SILENCE_SECONDS
    assert httpx.get(f"{served.url}/health").status_code == 200
