"""A network that cuts, stalls and refuses: after enough runs the tables equal those of a quiet run."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from reliability.conftest import Growing, assert_same, quiet_tables
from reliability.figures import NETWORKS
from reliability.proxy import HOST, Faults, Proxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_demo.servers.site import Site

    from reliability.pipe import Pipe

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]

KINDS = {
    "1 % of blocks cut": Faults(cut_blocks=0.01),
    "10 % of blocks cut": Faults(cut_blocks=0.10),
    "stalls": Faults(stall_blocks=0.03),
    "refused connections": Faults(refuse=0.3),
    "421 too many": Faults(reply_421=0.5),
    "replies cut": Faults(cut_replies=0.02),
    "all at once": Faults(cut_blocks=0.03, cut_replies=0.005, stall_blocks=0.005, refuse=0.05, reply_421=0.1),
}

MOST_RUNS = 60


def read_through(
    proxy: Proxy, pipe: Pipe, growing: Growing, quiet: dict[str, list[str]], name: str, **config: Any
) -> None:
    """Load a plant that grows twice through a bad network, and compare."""
    growing.reset()
    pipe.clear()
    with proxy:
        begun = time.monotonic()
        runs = failed = 0
        for grow in (growing.grow, growing.finish, lambda: None):
            needed = pipe.run_until_done(MOST_RUNS, **config)
            runs, failed = runs + needed, failed + needed - 1
            grow()
        seconds = time.monotonic() - begun
        if pipe.run(**config):
            assert_same(pipe.tables(), quiet)
    pipe.run_until_done(1, host="127.0.0.1")
    assert_same(pipe.tables(), quiet)
    counts = proxy.counts
    faults = counts["cuts"] + counts["stalls"] + counts["refused"] + counts["421"] + counts["cut replies"]
    assert faults > 0
    NETWORKS.keep(
        "A bad network",
        name,
        **{
            "MB in files": f"{growing.size / 1e6:.2f}",
            "MB sent": f"{counts['data bytes'] / 1e6:.2f}",
            "faults": faults,
            "runs": runs,
            "failed runs": failed,
            "rows compared": f"{sum(map(len, quiet.values())):,}",
            "seconds": f"{seconds:.0f}",
        },
    )


@pytest.fixture(scope="module")
def small(new_growing: Callable[..., Growing]) -> Growing:
    return new_growing("small", days=3, machines=2)


@pytest.fixture(scope="module")
def small_quiet(new_pipe: Callable[..., Pipe], small: Growing) -> dict[str, list[str]]:
    return quiet_tables(new_pipe("small_quiet", small), small)


@pytest.mark.parametrize(("kind", "connections"), [("10 % of blocks cut", 1), ("all at once", 3)])
def test_a_bad_network_changes_nothing(
    site: Site,
    new_pipe: Callable[..., Pipe],
    small: Growing,
    small_quiet: dict[str, list[str]],
    kind: str,
    connections: int,
) -> None:
    proxy = Proxy(site.ftp.port, site.ftp.passive_ports, KINDS[kind], seed=1)
    name = f"{kind}, {connections} connections, small"
    read_through(proxy, new_pipe("small", small, HOST), small, small_quiet, name, connections=connections)


@pytest.fixture(scope="module")
def large(new_growing: Callable[..., Growing]) -> Growing:
    return new_growing("large", days=30, machines=4)


@pytest.fixture(scope="module")
def large_quiet(new_pipe: Callable[..., Pipe], large: Growing) -> dict[str, list[str]]:
    return quiet_tables(new_pipe("large_quiet", large), large)


# Slow: each waits out pauses and time-outs by the hundred.
@pytest.mark.slow
@pytest.mark.parametrize("connections", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_network_changes_nothing_at_length(
    site: Site,
    new_pipe: Callable[..., Pipe],
    large: Growing,
    large_quiet: dict[str, list[str]],
    kind: str,
    connections: int,
) -> None:
    proxy = Proxy(site.ftp.port, site.ftp.passive_ports, KINDS[kind], seed=connections)
    name = f"{kind}, {connections} connection{'s' if connections > 1 else ''}"
    read_through(proxy, new_pipe("large", large, HOST), large, large_quiet, name, connections=connections)


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_a_server_that_is_killed_and_restarted_changes_nothing(
    site: Site,
    new_pipe: Callable[..., Pipe],
    small: Growing,
    small_quiet: dict[str, list[str]],
    kills: int,
) -> None:
    pipe = new_pipe("killed_server", small, HOST)
    growing, proxy = small, Proxy(site.ftp.port, site.ftp.passive_ports, Faults(pause_per_block=0.01), seed=1)
    growing.reset()
    done = threading.Event()

    def kill_and_restart() -> None:
        for _ in range(kills):
            blocks = proxy.counts["data blocks"]
            while proxy.counts["data blocks"] < blocks + 5 and not done.is_set():
                time.sleep(0.01)
            site.ftp.kill()
            time.sleep(0.2)
            site.ftp.start()

    with proxy:
        killer = threading.Thread(target=kill_and_restart)
        killer.start()
        runs = pipe.run_until_done(MOST_RUNS, connections=2)
        while killer.is_alive():
            # Whatever is left to be killed meets a run over files that have grown.
            growing.finish()
            if pipe.run(connections=2):
                done.set()
            runs += 1
        killer.join()
    growing.finish()
    pipe.run_until_done(1, host="127.0.0.1")
    pipe.run_until_done(1, host="127.0.0.1")
    assert_same(pipe.tables(), small_quiet)
    NETWORKS.keep(
        "A killed server", f"{kills} times", runs=runs, **{"rows compared": f"{pipe.row_count():,}"}
    )
