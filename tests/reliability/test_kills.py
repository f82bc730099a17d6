"""SIGKILL at random moments of tap, loader or both: run again, nothing is lost, nothing is there twice."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from reliability.conftest import Growing, assert_same, quiet_tables
from reliability.figures import NETWORKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from reliability.pipe import Pipe

pytestmark = [pytest.mark.integration, pytest.mark.timeout(3000)]


# The long form is slow: a hundred kills, each of a run of several seconds. Not more days: of more files than
# the state knows one by one, those that grow are read as another version.
@pytest.mark.parametrize(
    ("kills", "days", "padding"),
    # The tap tells a state every 4 MB: of few lines long ones, so that there is one in the middle of a run.
    [(5, 3, 3000), pytest.param(100, 80, 0, marks=pytest.mark.slow)],
    ids=["short", "long"],
)
def test_a_kill_at_any_moment_changes_nothing(
    new_growing: Callable[..., Growing], new_pipe: Callable[..., Pipe], kills: int, days: int, padding: int
) -> None:
    growing = new_growing(f"kills_{kills}", days=days, padding=padding)
    quiet_pipe = new_pipe(f"kills_{kills}_quiet", growing)
    quiet = quiet_tables(quiet_pipe, growing)
    quiet_pipe.clear()
    begun = time.monotonic()
    assert quiet_pipe.run()
    duration = time.monotonic() - begun

    # Small batches, so that the loader confirms states in the middle of a run: a kill then leaves something
    # that the next run goes on from. The tap tells a state every 4 MB.
    pipe = new_pipe(f"kills_{kills}", growing, batch_size_rows=2000)
    dice = random.Random(kills)  # noqa: S311 # to be repeated, not to be secret
    killed = comparisons = with_state = 0
    growing.reset()
    while killed < kills or (not with_state and killed < 4 * kills):
        victims = dice.choice(["tap", "loader", "both"])
        if pipe.run_killed(dice.uniform(0.3, 1.05) * duration, victims):
            # It was quicker than its killer.
            growing.finish()
            pipe.run_until_done(1)
            pipe.run_until_done(1)
            assert_same(pipe.tables(), quiet)
            comparisons += 1
            pipe.clear()
            growing.reset()
            continue
        killed += 1
        with_state += pipe.state is not None
        if dice.random() < 0.2:
            growing.grow()
    growing.finish()
    for _ in range(2):
        pipe.run_until_done(1)
    assert_same(pipe.tables(), quiet)
    # Otherwise every run would have begun from nothing.
    assert with_state > 0
    NETWORKS.keep(
        "SIGKILL of tap, loader or both",
        f"{killed} at random moments",
        **{
            "kills after a first state": with_state,
            "comparisons": comparisons + 1,
            "rows compared each time": f"{sum(map(len, quiet.values())):,}",
            "seconds of an undisturbed run": f"{duration:.1f}",
        },
    )
