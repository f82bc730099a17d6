"""Two hundred clients, twenty of them hostile, while PostgreSQL is killed and all marts are made again."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest
from crash.test_servers import kill_and_restart
from hostile_clients import CLIENTS, addresses, guesses, heads, idle_connections, trailers
from reliability.figures import SECURITY
from served import Served, add_users, log_in, start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.plant import Plant

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

HONEST = 180
PATHS = ("/v1/machines", "/v1/sessions?limit=20", "/v1/kpis/days?limit=20", "/v1/shutter-orders?limit=20")
#: A person looks at a page before the next one.
THINK_SECONDS = 3.0
#: What the server needs after PostgreSQL is there again, until all its connections are new.
RECOVERY_SECONDS = 15.0

MEGABYTE = 1024 * 1024


@dataclass
class Seen:
    """What honest clients have seen."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    #: Answers that no honest client should get: when, on what, which.
    wrong: list[tuple[float, str, str]] = field(default_factory=list)


async def visit(served: Served, token: str, seen: Seen, number: int, over: threading.Event) -> None:
    """Read one thing after the other, as a person does."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=served.url, headers=headers, timeout=60) as client:
        await asyncio.sleep(THINK_SECONDS * number / HONEST)
        while not over.is_set():
            path = PATHS[number % len(PATHS)]
            began = time.monotonic()
            try:
                answer = await client.get(path)
            except httpx.TransportError as error:
                seen.wrong.append((began, path, type(error).__name__))
            else:
                seen.seconds.append(time.monotonic() - began)
                seen.statuses[answer.status_code] += 1
                if answer.status_code != 200:
                    told = "" if answer.headers.get("retry-after") else " without Retry-After"
                    seen.wrong.append((began, path, f"{answer.status_code}{told}"))
            await asyncio.sleep(THINK_SECONDS)


@pytest.mark.security(
    attack="20 hostile clients among 200, PostgreSQL killed, all marts made again",
    rule="no error but 503 with Retry-After while PostgreSQL is down; memory stays",
)
@pytest.mark.slow  # a first load, a full refresh and a minute of load
def test_honest_clients_are_answered(new_plant: Callable[..., Plant], tmp_path: Path) -> None:
    plant = new_plant("load", evening=True)
    plant.load()
    process, served = start(plant.variables, tmp_path)
    over, seen = threading.Event(), Seen()
    try:
        password = secrets.token_urlsafe(16)
        asyncio.run(add_users(served, {"reader1": ("reader", password)}))
        token = log_in(served, "reader1", password)["access_token"]
        memory = psutil.Process(process.pid).memory_info
        before = most = memory().rss

        async def visits() -> None:
            await asyncio.gather(*(visit(served, token, seen, number, over) for number in range(HONEST)))

        attacks = (trailers, heads, idle_connections, addresses, guesses)
        with ThreadPoolExecutor(CLIENTS + 1) as clients:
            running = [clients.submit(asyncio.run, visits())]
            running += [clients.submit(attacks[n % len(attacks)], served, over) for n in range(CLIENTS)]
            try:
                time.sleep(15)
                killed = time.monotonic()
                kill_and_restart(plant.site.postgres)
                recovered = time.monotonic() + RECOVERY_SECONDS
                while time.monotonic() < recovered:
                    time.sleep(0.5)
                    most = max(most, memory().rss)
                plant.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test")
                most = max(most, memory().rss)
            finally:
                over.set()
            for each in running:
                each.result()
    finally:
        process.terminate()
        process.wait(30)
    unexplained = [
        (f"{began - killed:.1f} s", path, what)
        for began, path, what in seen.wrong
        if not (killed - THINK_SECONDS < began < recovered and what == "503")
    ]
    p95 = sorted(seen.seconds)[len(seen.seconds) * 95 // 100]
    SECURITY.keep(
        "200 clients, PostgreSQL killed, a full refresh",
        "180 honest, 20 hostile",
        **{
            "answers": f"{len(seen.seconds):,}",
            "503 while PostgreSQL was down": seen.statuses[503],
            "other errors": len(unexplained),
            "p95 (s)": f"{p95:.2f}",
            "MB more at most": f"{(most - before) / MEGABYTE:.0f}",
        },
    )
    assert unexplained == []
    assert most - before < 300 * MEGABYTE
