"""Which file may still be written, which is another one under an old name: the pieces of a day tell."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.plant import Plant

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

LONG_AGO = 1_748_500_000


def pieces(day: str, *times: str) -> bytes:
    return b"".join(f"{day} {at}|@StukUitgevoerd: 230001/A pos {at}\n".encode() for at in times)


def write(plant: Plant, path: str, content: bytes, *, at: float | None = None) -> None:
    file = plant.logs / path
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as log:
        log.write(content)
    moment = time.time() if at is None else at
    os.utime(file, (moment, moment))


def counts(plant: Plant) -> dict[tuple[str, str], int]:
    return {
        (machine, str(day)): count
        for machine, day, count in plant.query(
            "select machine_id, production_date, piece_count from marts.fct_sessions"
        )
    }


def test_no_piece_is_lost_or_counted_twice(new_plant: Callable[..., Plant]) -> None:
    plant = new_plant("identity")
    shutil.rmtree(plant.logs)
    for mode in ("archive", "delete"):
        # Its clock was once wrong, long ago or a moment ago: its other files look old beside that day.
        for place, at in (("", LONG_AGO), ("sub/", None)):
            folder = f"{mode}{'-sub' if place else ''} (PVC)"
            write(plant, f"{folder}/20360101.LOG", pieces("20360101", "10:00:00"), at=LONG_AGO)
            write(plant, f"{folder}/{place}20250528.LOG", pieces("20250528", "07:00:00", "08:00:00"), at=at)
            write(plant, f"{folder}/{place}20250528.LOG", pieces("20250528", "12:00:00"), at=at)
            write(plant, f"{folder}/{place}20250527.LOG", pieces("20250527", "07:00:00", "08:00:00"), at=9e8)
    head = b"".join(
        b"20250526 07:0%d:00|@StukUitgevoerd: 2300%02d/A pos 1\n" % (number // 30, number)
        for number in range(60)
    )
    write(plant, "DEM12 (PVC)/20250526.LOG", head, at=9e8)
    write(plant, "DEM12 (PVC)/20250528.LOG", pieces("20250528", "07:00:00"), at=LONG_AGO)
    plant.run_well("elt")
    assert counts(plant)["DEM12", "2025-05-26"] == 60

    for mode in ("archive", "delete"):
        for _ in range(2):
            plant.run_well("ftplogs", FTP_AFTER_LOAD=mode)
            for place in ("", "sub/"):
                assert (plant.logs / f"{mode}{'-sub' if place else ''} (PVC)/{place}20250528.LOG").exists()
        for place, at in (("", LONG_AGO + 9000), ("sub/", None)):
            folder = f"{mode}{'-sub' if place else ''} (PVC)"
            write(plant, f"{folder}/{place}20250528.LOG", pieces("20250528", "13:00:00"), at=at)
        # What nothing had written for years has gone; its machine goes on under the name all the same.
        assert not (plant.logs / f"{mode} (PVC)/20250527.LOG").exists()
        write(plant, f"{mode} (PVC)/20250527.LOG", pieces("20250527", "09:00:00"))
    replaced = head.replace(b"230000/", b"990000/").replace(b"230001/", b"990001/")
    (plant.logs / "DEM12 (PVC)/20250526.LOG").write_bytes(
        replaced.replace(b"230002/", b"990002/") + pieces("20250526", *(f"08:00:0{n}" for n in range(6)))
    )
    plant.run_well("ftplogs-to-marts")
    found = counts(plant)
    for folder in ("archive", "archive-sub", "delete", "delete-sub"):
        assert found[folder, "2025-05-28"] == 4, folder
    assert (found["archive", "2025-05-27"], found["delete", "2025-05-27"]) == (3, 3)
    assert found["DEM12", "2025-05-26"] == 66
    plant.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test")
    assert counts(plant) == found
