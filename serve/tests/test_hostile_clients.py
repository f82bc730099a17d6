"""The real server under hostile clients: others are answered, and its memory stays what it is."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest
from hostile_clients import CLIENTS, addresses, guesses, heads, idle_connections, scrapes, trailers
from reliability.figures import SECURITY
from served import start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from served import Served

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

#: How long each attack lasts.
SECONDS = 1.5

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
