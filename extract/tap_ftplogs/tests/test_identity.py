"""Whether a file that changed is still the file that was taken: all bytes that were taken decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tap_ftplogs import client as client_module

from .plant import Warehouse
from .scripted_ftp import ScriptedFtp
from .test_histories import run

if TYPE_CHECKING:
    from .plant import Plant, Result

pytestmark = pytest.mark.integration

PIECES = b"".join(
    b"20250527 07:%02d:%02d|@StukUitgevoerd: 23%04d/A pos 1\n" % (number // 60, number % 60, number)
    for number in range(120)
)
MORE = b"".join(b"20250527 08:00:%02d|@StukUitgevoerd: 240000/A pos 1\n" % number for number in range(6))
TODAY = "DEM12 (PVC)/20250528.LOG"
YESTERDAY = "DEM12 (PVC)/20250527.LOG"
LINE = b"20250528 07:02:11|@MachineStart\n"


def with_other_head(content: bytes) -> bytes:
    """Other orders in the first three lines, nothing else: as long, line by line."""
    for number in range(3):
        content = content.replace(b"23%04d/" % number, b"99%04d/" % number)
    return content


@pytest.fixture
def old(plant: Plant) -> Plant:
    """A plant of which the file of the day before is taken and complete."""
    plant.write(YESTERDAY, PIECES)
    plant.write(TODAY, LINE)
    plant.run()
    assert plant.warehouse.current_files()[YESTERDAY]["is_complete"]
    return plant


def versions(plant: Plant, path: str = YESTERDAY) -> int:
    return sum(row["path"] == path for row in plant.warehouse.tables["log_files"].values())


def test_a_complete_file_replaced_by_a_longer_one_with_another_head_is_another_one(old: Plant) -> None:
    old.write(YESTERDAY, with_other_head(PIECES) + MORE)
    result = old.run()
    assert (versions(old), len(old.warehouse.lines(YESTERDAY))) == (2, 126)
    assert sum("99000" in text for _, text in old.warehouse.lines(YESTERDAY)) == 3
    assert len(result.records("log_events")) == 126
    assert old.run().transfers == 0


@pytest.mark.parametrize("at", [0, 20, len(PIECES) // 2, len(PIECES) - 2])
def test_one_byte_that_differs_is_enough(old: Plant, at: int) -> None:
    old.write(YESTERDAY, PIECES[:at] + b"x" + PIECES[at + 1 :] + MORE)
    old.run()
    assert versions(old) == 2


@pytest.mark.parametrize("block", [7, len(PIECES), 1 << 16])
def test_a_complete_file_that_grew_is_compared_in_the_transfer_that_brings_its_new_lines(
    old: Plant, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "BLOCK_BYTES", block)
    old.append(YESTERDAY, MORE)
    result = old.run()
    assert (result.transfers, result.bytes_sent) == (1, len(PIECES + MORE))
    assert [row["line_number"] for row in result.records("log_events")] == list(range(121, 127))
    assert versions(old) == 1
    old.warehouse.check_accounts()


def test_a_comparison_that_was_killed_is_made_again(old: Plant) -> None:
    old.append(YESTERDAY, MORE)
    assert old.run(config={"time_limit": 0.000001}).error is not None
    old.run(keep=False)
    old.run()
    assert (versions(old), len(old.warehouse.lines(YESTERDAY))) == (1, 126)


@pytest.mark.parametrize(
    ("after", "count"),
    [
        (b"torn and on\n", 1),
        (b"TORN and on\n", 2),
        (b"tor\n\n", 2),
        (b"TORN", 2),
        (b"tor\n", 2),
        (b"torn", 1),
    ],
)
def test_a_line_that_was_taken_without_its_end_is_compared_too(
    plant: Plant, after: bytes, count: int
) -> None:
    plant.write(YESTERDAY, PIECES + b"torn")
    plant.write(TODAY, LINE)
    plant.run()
    assert len(plant.warehouse.lines(YESTERDAY)) == 121
    plant.write(YESTERDAY, PIECES + after, at=1_757_000_000)
    plant.run()
    plant.run()
    assert versions(plant) == count
    assert plant.warehouse.lines(YESTERDAY)[-1][1] == f"no_time: {after.decode().strip()}"
    plant.warehouse.check_accounts()


def test_a_newest_file_whose_head_was_replaced_is_found_out_when_it_settles(plant: Plant) -> None:
    plant.write(YESTERDAY, PIECES)
    plant.run()
    plant.write(YESTERDAY, with_other_head(PIECES) + MORE)
    # It goes on as any other: that much is taken on trust, or every run would read all of it again.
    assert plant.run().bytes_sent == len(MORE)
    plant.write(TODAY, LINE, at=1_757_000_000)
    plant.run()
    assert (versions(plant), len(plant.warehouse.lines(YESTERDAY))) == (2, 126)
    assert sum("99000" in text for _, text in plant.warehouse.lines(YESTERDAY)) == 3


def test_a_file_that_grew_is_compared_once_when_it_settles(plant: Plant) -> None:
    plant.write(YESTERDAY, PIECES)
    plant.run()
    plant.append(YESTERDAY, MORE)
    plant.run()
    plant.write(TODAY, LINE, at=1_757_000_000)
    result = plant.run()
    assert (result.bytes_sent, len(result.records("log_events"))) == (len(PIECES + MORE + LINE), 1)
    assert plant.warehouse.current_files()[YESTERDAY]["is_complete"]
    assert plant.run().transfers == 0


@pytest.mark.parametrize("first", [b"20250527 07:01:58|@A\n", b"\n", b"no event\n"])
def test_a_newest_file_that_goes_on_oddly_is_compared(plant: Plant, first: bytes) -> None:
    plant.write(YESTERDAY, PIECES)
    plant.run()
    plant.append(YESTERDAY, first + MORE)
    plant.run()
    assert versions(plant) == 1
    plant.write(YESTERDAY, with_other_head(PIECES + first + MORE) + first + MORE)
    plant.run()
    assert versions(plant) == 2
    assert plant.warehouse.current_files()[YESTERDAY]["size_bytes"] == len(PIECES + 2 * first + 2 * MORE)
    plant.warehouse.check_accounts()


def test_a_file_that_grows_while_it_is_compared() -> None:
    path, other = "/logs/A/20250527.LOG", "/logs/A/20250528.LOG"
    warehouse = Warehouse()

    def load(state: dict[str, Any]) -> Result:
        result = run(server, state)
        warehouse.load(result)
        return result

    with ScriptedFtp() as server:
        server.add(path, PIECES, "20250527080000")
        server.add(other, LINE)
        state = load({}).state
        server.add(path, PIECES + MORE[:60], "20250527080001")
        server.on_command = lambda command: (
            server.add(path, PIECES + MORE, "20250527080002") if command.startswith("RETR") else None
        )
        state = load(state).state
        assert len(warehouse.lines("A/20250527.LOG")) == 126
        assert load(state).record_count == 0
    assert len(warehouse.tables["log_files"]) == 2
