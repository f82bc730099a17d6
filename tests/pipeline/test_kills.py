"""A run may be killed at any point; run again, the result is as if nothing had happened."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from pipeline.plant import Plant

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

MARTS = ("marts",)

#: Where the run is killed: a text of its log that says that this part is at work.
MOMENTS = {
    "extract": "tap-ftplogs",
    "load": "rows inserted",
    "transform": "1 of ",
}


@pytest.fixture(scope="module")
def plant(new_plant: Callable[..., Plant]) -> Plant:
    return new_plant("kills", evening=True)


@pytest.fixture(scope="module")
def undisturbed(plant: Plant) -> dict[str, list[str]]:
    """What the marts hold after a run that nothing disturbed."""
    plant.run_well("elt")
    return plant.contents(*MARTS)


def kill_when(process: subprocess.Popen[str], text: str, after_seconds: float, *, whole_group: bool) -> str:
    """Kill a run with SIGKILL some time after its output holds a text; return the output so far."""
    seen = ""
    assert process.stdout is not None
    for line in process.stdout:
        seen += line
        if text in line:
            break
    else:
        pytest.fail(f"the run ended before {text!r}: {seen[-3000:]}")
    time.sleep(after_seconds)
    with contextlib.suppress(ProcessLookupError):
        # With the group its children die too; without, they go on as orphans, as after a real crash.
        os.killpg(process.pid, signal.SIGKILL) if whole_group else process.kill()
    process.wait(30)
    process.stdout.close()
    return seen


@pytest.mark.parametrize(
    ("moment", "after_seconds", "whole_group"),
    [
        ("extract", 0.1, True),
        ("extract", 0.6, False),
        ("load", 0.0, False),
        ("transform", 1.0, True),
        ("transform", 4.0, False),
    ],
)
def test_a_killed_run_leaves_no_trace(
    plant: Plant,
    undisturbed: dict[str, list[str]],
    moment: str,
    after_seconds: float,
    *,
    whole_group: bool,
) -> None:
    plant.drop_warehouse()
    kill_when(plant.start("elt"), MOMENTS[moment], after_seconds, whole_group=whole_group)
    plant.run_well("elt")
    assert plant.contents(*MARTS) == undisturbed


def test_two_runs_at_once_do_not_meet(plant: Plant, undisturbed: dict[str, list[str]]) -> None:
    first, second = plant.start("ftplogs"), plant.start("transform")
    outputs = [process.communicate(timeout=280)[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert sum("waiting for it to end" in output for output in outputs) == 1
    assert plant.contents(*MARTS) == undisturbed
