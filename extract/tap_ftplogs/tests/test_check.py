"""`--test`: what a thorough look at a real server says."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from tap_ftplogs.check import check_source

if TYPE_CHECKING:
    from .plant import Plant

pytestmark = pytest.mark.integration

TODAY = "DEM12 (PVC)/20250528.LOG"


def written_at(plant: Plant, wall_clock: datetime, zone: str, *, late: int = 2) -> str:
    """Let a machine write a line at a wall clock of a zone, and return what a check says of the clocks."""
    instant = int(wall_clock.replace(tzinfo=ZoneInfo(zone)).timestamp()) + late
    plant.write(TODAY, wall_clock.strftime("%Y%m%d %H:%M:%S|@MachineStart\r\n").encode(), at=instant)
    return check_source(plant.config, thorough=True).remarks[0]


@pytest.mark.parametrize("day", [datetime(2025, 5, 28, 14, 32, 10), datetime(2025, 12, 3, 0, 10, 0)])  # noqa: DTZ001
def test_the_time_zone_is_inferred(plant: Plant, day: datetime) -> None:
    offset = "UTC+02:00" if day.month == 5 else "UTC+01:00"
    assert f"clocks run at {offset}, as Europe/Paris does then" in written_at(plant, day, "Europe/Paris")
    told = written_at(plant, day, "America/New_York")
    assert f"but Europe/Paris is at {offset} then" in told
    assert "PLANT_TIMEZONE" in told
    assert "cannot be inferred" in written_at(plant, day, "Europe/Paris", late=2000)


def test_an_empty_file_says_nothing_of_the_time_zone(plant: Plant) -> None:
    plant.write(TODAY, b"")
    assert "cannot be inferred: no event" in check_source(plant.config, thorough=True).remarks[0]


def test_rights_are_tried_with_a_file_of_our_own(plant: Plant) -> None:
    plant.write(TODAY, b"20250528 07:00:00|@MachineStart\n", at=int(datetime.now(timezone.utc).timestamp()))
    before = sorted(plant.root.rglob("*"))
    report = check_source({**plant.config, "after_load": "archive"}, thorough=True)
    assert report.remarks[1] == (
        "The user may rename and may delete files in DEM12 (PVC). After loading, files are archived."
    )
    assert sorted(plant.root.rglob("*")) == before


def test_a_quick_look_changes_and_reads_nothing(plant: Plant) -> None:
    plant.write(TODAY, b"20250528 07:00:00|@MachineStart\n")
    assert check_source(plant.config).remarks == []
    assert not plant.transfers()


def test_a_name_from_a_clock_that_ran_ahead_is_not_the_newest(plant: Plant) -> None:
    plant.write("DEM12 (PVC)/99991231.LOG", b"")
    assert check_source(plant.config).newest_path == "DEM12 (PVC)/99991231.LOG"
    plant.write(TODAY, b"20250528 07:00:00|@MachineStart\n")
    assert check_source(plant.config).newest_path == TODAY
