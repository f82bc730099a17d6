"""A server is killed in the middle of a run and started again: the run says so, the next is as ever."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING

import pytest
from reliability.figures import CRASHES
from reliability.proxy import HOST, Faults, Proxy

from crash.compare import Twin, assert_nothing_happened
from crash.network import HOSTS, bytes_of_a_run, ports
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


def test_the_warehouse_is_killed_and_restarted(site: Site, new_plant: Callable[..., Plant]) -> None:
    plant = new_plant("servers_postgres", evening=True)
    sources = Sources(plant, SEED, MOMENTS)
    twin = Twin(plant)
    seconds = min(twin.timed_run("elt") for _ in range(2))
    dice = random.Random(SEED)  # noqa: S311 # to be repeated, not to be secret
    failed = 0
    for number in range(MOMENTS):
        sources.grow()
        moment = (number + dice.random()) / MOMENTS * seconds
        killer = threading.Timer(moment, kill_and_restart, (site.postgres,))
        killer.start()
        status, output = plant.run("elt")
        killer.join()
        failed += has_failed(f"{site.postgres.name} killed after {moment:.1f} s", status, output)
    rows = assert_nothing_happened(plant, sources, twin)
    # No run gets by without it.
    assert failed >= MOMENTS - 1
    keep(site.postgres, "elt", failed, rows)


# The part of a run that reads the source, and by bytes: a small source is read in a part of a second.
@pytest.mark.parametrize(("name", "job"), [("mysql", "erp"), ("ftp", "ftplogs")])
def test_a_source_is_killed_while_it_is_read_and_restarted(
    site: Site, new_plant: Callable[..., Plant], name: str, job: str
) -> None:
    server: Server = getattr(site, name)
    plant = new_plant(f"servers_{name}", evening=True)
    far = plant.reached_by(**{HOSTS[name]: HOST})
    sources = Sources(plant, SEED, MOMENTS + 2)
    twin = Twin(plant)
    size = bytes_of_a_run(far, sources, name, job)
    dice = random.Random(SEED)  # noqa: S311 # to be repeated, not to be secret
    failed = 0
    for number in range(MOMENTS):
        sources.grow()
        after = int((number + dice.random()) / MOMENTS * size * 2 / 3)
        killer = threading.Thread(target=kill_and_restart, args=(server,))
        with Proxy(*ports(site, name), Faults(break_after_bytes=after, instead=killer.start), SEED) as proxy:
            status, output = far.run(job)
            assert proxy.counts["breaks"] == 1
        killer.join()
        failed += has_failed(f"{server.name} killed after {after:,} of {size:,} bytes", status, output)
    rows = assert_nothing_happened(plant, sources, twin)
    keep(server, job, failed, rows)


def kill_and_restart(server: Server) -> None:
    """Kill a server with all of its processes, and start it again after a while."""
    server.kill()
    time.sleep(DOWN_SECONDS)
    server.start()


def has_failed(what: str, status: int, output: str) -> bool:
    """Return whether a run has failed; then it must have said so."""
    print(f"{what}: {status} {output.splitlines()[-1] if output else ''}")  # noqa: T201 # wanted
    if status:
        assert_told(status, output)
    return status != 0


def keep(server: Server, job: str, failed: int, rows: int) -> None:
    """Keep the figures for the page."""
    CRASHES.keep(
        "A server killed (SIGKILL) and restarted during a run",
        f"{server.name}, during `{job}`, seed {SEED}",
        **{"times": MOMENTS, "runs that failed and said so": failed, "rows compared": f"{rows:,}"},
    )
