"""The sessions of a run notice a warehouse that is gone without a word, and the warehouse a run that is."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from atelier.connections import KEEPALIVES_IDLE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.plant import Plant

pytestmark = pytest.mark.integration

# Of /proc/net/tcp, see proc(5).
ESTABLISHED = "01"
KEEPALIVE = "02"
TICKS_PER_SECOND = 100

# How often an end of a connection is seen before it counts.
LASTING = 8


def waits(port: int) -> Iterator[tuple[str, float]]:
    """Yield each idle end of a server's connections, and the seconds until the other end is asked after."""
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        local, remote, state, timer = (line.split()[column] for column in (1, 2, 3, 5))
        kind, _, ticks = timer.partition(":")
        ports = {int(end.rpartition(":")[2], 16) for end in (local, remote)}
        if state == ESTABLISHED and kind == KEEPALIVE and port in ports:
            yield f"{local} to {remote}", int(ticks, 16) / TICKS_PER_SECOND


def test_both_ends_ask_soon_whether_the_other_is_still_there(
    new_plant: Callable[..., Plant], tmp_path: Path
) -> None:
    plant = new_plant("sessions")
    port = int(plant.variables["POSTGRES_PORT"])
    # Without the tests' own sessions, which are there before.
    own = {end for end, _ in waits(port)}
    seen: defaultdict[str, list[float]] = defaultdict(list)
    said = tmp_path / "said"
    with said.open("wb") as output:
        process = plant.start("elt", output)
        while process.poll() is None:
            for end, seconds in waits(port):
                if end not in own:
                    seen[end].append(seconds)
            time.sleep(0.02)
    assert process.returncode == 0, said.read_text("utf-8")[-3000:]
    # The server's end has the system's two hours until the login is over: what is seen once may be that.
    lasting = {end: found[-1] for end, found in seen.items() if len(found) >= LASTING}
    # The launcher's, Meltano's, the loader's for each source, some of dbt's; two ends each.
    assert len(lasting) > 12
    assert {end: seconds for end, seconds in lasting.items() if seconds > KEEPALIVES_IDLE_SECONDS} == {}
