"""A server is killed in the middle of a run and started again: the run says so, the next is as ever."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING

import pytest
from reliability.figures import CRASHES

from crash.compare import Twin, assert_nothing_happened
from crash.sources import Sources
from crash.victims import assert_told

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_demo.servers.base import Server
    from atelier_demo.servers.site import Site
    from pipeline.plant import Plant

# Slow: dozens of whole runs.
pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(7200)]

SEED = 7
MOMENTS = 6
DOWN_SECONDS = 1.0


# Of a source only the part of a run that reads it; the marts are made of it at the end.
@pytest.mark.parametrize(("name", "job"), [("postgres", "elt"), ("mysql", "erp"), ("ftp", "ftplogs")])
def test_a_server_that_is_killed_and_restarted(
    site: Site, new_plant: Callable[..., Plant], name: str, job: str
) -> None:
    server: Server = getattr(site, name)
    plant = new_plant(f"servers_{name}", evening=True)
    sources = Sources(plant, SEED, MOMENTS)
    twin = Twin(plant)
    seconds = min(twin.timed_run(job) for _ in range(2))
    dice = random.Random(SEED)  # noqa: S311 # to be repeated, not to be secret
    failed = 0
    for number in range(MOMENTS):
        sources.grow()
        moment = (number + dice.random()) / MOMENTS * seconds
        status, output = run_while(plant, job, server, moment)
        last = output.splitlines()[-1] if output else ""
        print(f"{server.name} killed after {moment:.1f} s: {status} {last}")  # noqa: T201 # wanted
        if status:
            failed += 1
            assert_told(status, output)
    rows = assert_nothing_happened(plant, sources, twin)
    if name == "postgres":
        # No run gets by without it.
        assert failed >= MOMENTS - 1
    CRASHES.keep(
        "A server killed (SIGKILL) and restarted during a run",
        f"{server.name}, during `{job}`, seed {SEED}",
        **{"times": MOMENTS, "runs that failed and said so": failed, "rows compared": f"{rows:,}"},
    )


def kill_and_restart(server: Server, after_seconds: float) -> None:
    """Kill a server with all of its processes after a while, and start it again."""
    time.sleep(after_seconds)
    server.kill()
    time.sleep(DOWN_SECONDS)
    server.start()


def run_while(plant: Plant, job: str, server: Server, moment: float) -> tuple[int, str]:
    """Run a job and kill a server meanwhile; return when the run is over and the server back."""
    thread = threading.Thread(target=kill_and_restart, args=(server, moment))
    thread.start()
    try:
        return plant.run(job)
    finally:
        thread.join()
