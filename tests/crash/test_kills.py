"""SIGKILL of any part of `meltano run elt` at random moments, while the sources grow."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from reliability.figures import CRASHES

from crash import traces
from crash.compare import Twin, assert_nothing_happened
from crash.sources import Sources
from crash.victims import KINDS, is_sentence, run_killed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.plant import Plant

    from crash.victims import Kill

pytestmark = [pytest.mark.integration, pytest.mark.timeout(7200)]

SEED = 6

#: After so many kills a run is left in peace and everything is compared; at the end in any case.
KILLS_BETWEEN_COMPARISONS = 34

SHORTEST_RUN_SECONDS = 12.0


# The long form is slow: a hundred runs of twenty seconds.
@pytest.mark.parametrize("kills", [2, pytest.param(100, marks=pytest.mark.slow)], ids=["short", "long"])
def test_a_kill_of_anything_at_any_moment_leaves_no_trace(
    new_plant: Callable[..., Plant], kills: int
) -> None:
    plant = new_plant(f"kills_{kills}", evening=True)
    sources = Sources(plant, SEED, kills)
    twin = Twin(plant)
    # The first run does more than those that follow; of few kills each is one, and none is as short as this.
    is_short = kills < KILLS_BETWEEN_COMPARISONS
    seconds = SHORTEST_RUN_SECONDS if is_short else min(twin.timed_run() for _ in range(2))

    dice = random.Random(SEED)  # noqa: S311 # to be repeated, not to be secret
    print(f"seed {SEED}, {kills} kills within {seconds:.1f} s")  # noqa: T201 # wanted
    done: list[Kill] = []
    #: Told at the end: one run of an hour is to show all of them.
    untold: list[str] = []
    comparisons = rows = 0
    attempts = 0
    while len(done) < kills:
        # Spread evenly: each kill has its own stretch of the run, in an order that is mixed up.
        moment = (attempts * 0.618034 + dice.random() / kills) % 1 * seconds
        kind = KINDS[attempts % len(KINDS)] if kills < len(KINDS) else dice.choice(KINDS)
        attempts += 1
        sources.grow()
        kill = run_killed(plant, moment, kind, dice)
        if not kill.victim:
            # What else the machine does decides how long a run takes.
            seconds = min(seconds, kill.seconds)
            continue
        done.append(kill)
        print(f"{len(done)}: {kill.victim} after {moment:.1f} s: {kill.status} {kill.last_line}")  # noqa: T201
        if not is_told(kill):
            untold.append(f"{kill.victim} after {moment:.1f} s: {kill.status}\n{kill.output[-8000:]}")
        if len(done) % KILLS_BETWEEN_COMPARISONS == 0 and len(done) < kills:
            plant.run_well("elt")
            traces.assert_nothing_left(plant)
            rows = twin.assert_equal()
            comparisons += 1
    rows = assert_nothing_happened(plant, sources, twin)
    assert untold == [], "\n\n".join(untold)
    counts = Counter(kill.victim for kill in done)
    CRASHES.keep(
        "SIGKILL during `meltano run elt`",
        f"{kills} kills, seed {SEED}",
        **{
            "of the launcher": counts["launcher"],
            "of a tap": counts["tap-ftplogs"] + counts["tap-mysql"],
            "of the loader": counts["target-warehouse"],
            "of dbt": counts["dbt"],
            "of a PostgreSQL backend": counts["PostgreSQL backend"],
            "of the whole group": counts["group"],
            "of others": sum(counts[name] for name in counts if name not in NAMED),
            "comparisons": comparisons + 1,
            "rows compared": f"{rows:,}",
            "seconds of a run": f"{twin.seconds:.0f}",
        },
    )


NAMED = {
    *("launcher", "tap-ftplogs", "tap-mysql", "target-warehouse", "dbt"),
    *("PostgreSQL backend", "group"),
}


def is_told(kill: Kill) -> bool:
    """Whether a run whose launcher lived has failed, and has said why in its last line."""
    if kill.victim in ("launcher", "group"):
        return kill.status < 0
    return kill.status > 0 and is_sentence(kill.last_line)
