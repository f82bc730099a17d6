"""The sessions of a run notice a warehouse that is gone without a word."""

from __future__ import annotations

import time
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


def waits(port: int) -> Iterator[tuple[str, float]]:
    """Yield each idle connection to a port by its own end, and the seconds until the system asks after it."""
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        local, remote, state, timer = (line.split()[column] for column in (1, 2, 3, 5))
        kind, _, ticks = timer.partition(":")
        if state == ESTABLISHED and kind == KEEPALIVE and int(remote.rpartition(":")[2], 16) == port:
            yield local, int(ticks, 16) / TICKS_PER_SECOND


def test_the_system_asks_soon_whether_the_warehouse_is_still_there(
    new_plant: Callable[..., Plant], tmp_path: Path
) -> None:
    plant = new_plant("sessions")
    port = int(plant.variables["POSTGRES_PORT"])
    # Without the tests' own sessions, which are there before.
    own = {local for local, _ in waits(port)}
    longest: dict[str, float] = {}
    said = tmp_path / "said"
    with said.open("wb") as output:
        process = plant.start("elt", output)
        while process.poll() is None:
            for local, seconds in waits(port):
                if local not in own:
                    longest[local] = max(seconds, longest.get(local, 0.0))
            time.sleep(0.02)
    assert process.returncode == 0, said.read_text("utf-8")[-3000:]
    # The launcher's, Meltano's, the loader's for each source, those of dbt's threads.
    assert len(longest) > 6
    assert max(longest.values()) <= KEEPALIVES_IDLE_SECONDS
