"""An FTP server that means harm: the run ends, is recorded as failed, and says so in plain text."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest

from extract.tap_ftplogs.tests.scripted_ftp import ScriptedFtp

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.plant import Plant

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

HARMFUL = "550 no\0way \x1b[31mred \u202egnp.exe".encode().decode("latin-1")


# Slow: of the check before a run and of the run itself, the first shows the same in less time.
@pytest.mark.parametrize("verb", ["CWD", pytest.param("RETR", marks=pytest.mark.slow)])
def test_a_run_against_a_hostile_server_is_recorded_as_failed(
    new_plant: Callable[..., Plant], verb: str
) -> None:
    plant = new_plant(f"hostile_{verb.lower()}")
    with ScriptedFtp() as server:
        server.add("/DEM12 (PVC)/20250528.LOG", b"20250528 07:00:00|@MachineStart\n")
        server.unknown[verb] = HARMFUL
        status, output = plant.run("ftplogs", FTP_HOST="127.0.0.1", FTP_PORT=str(server.port), FTP_ROOT="/")
    assert status != 0
    last = [line for line in output.splitlines() if line.strip()][-1]
    assert last.startswith("atelier: failed: "), output[-3000:]
    assert r"no\x00way \x1b[31mred \u202egnp.exe" in last
    assert "Traceback" not in output
    runs = plant.query("select outcome, message from ops.runs") + plant.query(
        "select outcome, message from ops.run_steps where message is not null"
    )
    assert {outcome for outcome, _ in runs} == {"failed"}
    kept = plant.query("select reason from raw_ftplogs.source_problems") if verb == "RETR" else []
    for text in (output, *(message for _, message in runs), *(reason for (reason,) in kept)):
        odd = [
            letter for letter in text if unicodedata.category(letter) in ("Cc", "Cf") and letter not in "\n\t"
        ]
        assert not odd
