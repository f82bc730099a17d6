"""Archive and delete: only what is loaded to its last byte and written no more, never over another file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tap_ftplogs import client as client_module
from tap_ftplogs import disposal as disposal_module
from tap_ftplogs import state as state_module

if TYPE_CHECKING:
    from pathlib import Path

    from .plant import Plant

pytestmark = pytest.mark.integration

LINE = b"20250528 07:02:11|@MachineStart\r\n"
OLD = "DEM12 (PVC)/20250526.LOG"
YESTERDAY = "DEM12 (PVC)/2025/20250527.LOG"
TODAY = "DEM12 (PVC)/20250528.LOG"


PIECE = b"20250528 %02d:00:00|@StukUitgevoerd\n"


@pytest.fixture(params=["archive", "delete"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def files(plant: Plant) -> dict[str, bytes]:
    return {
        str(path.relative_to(plant.root)): path.read_bytes()
        for path in plant.root.rglob("*")
        if path.is_file()
    }


def fill(plant: Plant, mode: str) -> None:
    plant.config["after_load"] = mode
    plant.write(OLD, LINE)
    plant.write(YESTERDAY, LINE * 2 + b"torn")
    plant.write(TODAY, LINE * 3)


def test_a_file_goes_only_when_the_state_handed_in_covers_it(plant: Plant, mode: str) -> None:
    fill(plant, mode)
    before = files(plant)
    for _ in range(2):
        # The state of a run does not count before the next one hands it in.
        plant.run(keep=False)
        assert files(plant) == before
    plant.run()
    assert files(plant) == before
    assert plant.run().error is None
    rest = {TODAY: before[TODAY]}
    if mode == "archive":
        rest |= {f"archive/{path}": before[path] for path in (OLD, YESTERDAY)}
    assert files(plant) == rest
    rows = dict(plant.warehouse.tables["log_files"])
    for _ in range(3):
        result = plant.run()
        assert (result.error, result.record_count, result.transfers) == (None, 0, 0)
    assert files(plant) == rest
    assert plant.warehouse.tables["log_files"] == rows
    plant.warehouse.check_accounts()


def test_the_newest_file_of_a_machine_stays(plant: Plant, mode: str) -> None:
    plant.config["after_load"] = mode
    plant.write(TODAY, LINE)
    plant.write("ALU/20240101.LOG", LINE)
    for _ in range(4):
        plant.run()
    assert set(files(plant)) == {TODAY, "ALU/20240101.LOG"}


def test_a_file_that_has_grown_or_was_replaced_stays_until_that_is_loaded(plant: Plant, mode: str) -> None:
    fill(plant, mode)
    plant.run()
    plant.append(OLD, LINE)
    plant.write(YESTERDAY, LINE * 2 + b"TORN", at=1_757_000_000)
    plant.append(TODAY, LINE, at=1_757_000_060)
    plant.run()
    plant.run()
    # By the server's clock this was long ago; that it has just grown is known all the same.
    assert {OLD, YESTERDAY, TODAY} == set(files(plant))
    assert len(plant.warehouse.lines(OLD)) == 2
    plant.wait(hours=13)
    plant.run()
    plant.run()
    assert OLD not in files(plant)
    assert YESTERDAY not in files(plant)
    assert plant.warehouse.lines(YESTERDAY)[-1][1] == "no_time: TORN"


def test_other_contents_under_the_same_size_and_time_are_loaded_first(plant: Plant, mode: str) -> None:
    """Nothing but the bytes themselves tells: the file is read before it goes."""
    fill(plant, mode)
    plant.run()
    stat = (plant.root / OLD).stat()
    plant.write(OLD, LINE.replace(b"Start", b"Stopp"), at=int(stat.st_mtime))
    result = plant.run()
    assert result.error is None
    assert files(plant)[OLD] == LINE.replace(b"Start", b"Stopp")
    plant.run()
    plant.wait(hours=13)
    plant.run()
    assert [text for _, text in plant.warehouse.lines(OLD)] == ["2025-05-28T07:02:11 MachineStopp"]
    plant.run()
    assert OLD not in files(plant)


def test_files_that_the_state_keeps_in_a_few_bytes_go_too(
    plant: Plant, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_module, "STATE_BYTES", 500)
    for day in range(1, 21):
        plant.write(f"DEM12 (PVC)/202504{day:02}.LOG", LINE * day)
    plant.write(TODAY, LINE)
    plant.run()
    assert len(plant.state["bookmarks"]["log_files"]["machines"]["DEM12 (PVC)"]) < 5
    assert plant.run().record_count == 0
    changed = "DEM12 (PVC)/20250405.LOG"
    stat = (plant.root / changed).stat()
    plant.write(changed, LINE.replace(b"Start", b"Stopp") * 5, at=int(stat.st_mtime))
    plant.config["after_load"] = mode
    plant.run()
    assert {path for path in files(plant) if not path.startswith("archive")} == {TODAY, changed}
    plant.run()
    plant.wait(hours=13)
    plant.run()
    assert {text for _, text in plant.warehouse.lines(changed)} == {"2025-05-28T07:02:11 MachineStopp"}
    plant.run()
    assert {path for path in files(plant) if not path.startswith("archive")} == {TODAY}


def test_the_archive_never_overwrites(plant: Plant) -> None:
    fill(plant, "archive")
    plant.write("archive/DEM12 (PVC)/20250526.LOG", b"other")
    plant.write("archive/DEM12 (PVC)/20250526 (2).log", b"another")
    plant.write("archive/DEM12 (PVC)/2025/.hidden", b"")
    for _ in range(3):
        assert plant.run().error is None
    assert files(plant) == {
        "archive/DEM12 (PVC)/20250526.LOG": b"other",
        "archive/DEM12 (PVC)/20250526 (2).log": b"another",
        "archive/DEM12 (PVC)/20250526 (3).LOG": LINE,
        "archive/DEM12 (PVC)/2025/.hidden": b"",
        "archive/DEM12 (PVC)/2025/20250527.LOG": LINE * 2 + b"torn",
        TODAY: LINE * 3,
    }


@pytest.mark.parametrize("folder", ["old logs (été)/2025", "/ABSOLUTE"])
def test_the_archive_may_be_anywhere(plant: Plant, folder: str) -> None:
    fill(plant, "archive")
    target: Path = plant.root / folder.strip("/")
    plant.config["archive_folder"] = folder if folder[0] != "/" else f"{plant.config['root']}/ABSOLUTE"
    for _ in range(3):
        assert plant.run().error is None
    assert (target / OLD).read_bytes() == LINE
    assert not (plant.root / OLD).exists()
    # What was archived is not read as a machine's, whatever happens to files now.
    assert plant.run(config={"after_load": "keep"}).record_count == 0


def test_a_file_that_came_back_is_the_file_that_was_read(plant: Plant, mode: str) -> None:
    fill(plant, mode)
    plant.run()
    plant.run()
    plant.write(OLD, LINE, at=1_757_000_000)
    plant.append(TODAY, LINE, at=1_757_000_060)
    for _ in range(3):
        assert plant.run().error is None
    assert len(plant.warehouse.tables["log_files"]) == 3
    assert OLD not in files(plant)
    if mode == "archive":
        assert files(plant)["archive/DEM12 (PVC)/20250526 (2).LOG"] == LINE


def test_what_the_server_refuses_is_reported_and_tried_again(
    plant: Plant, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(plant, mode)
    plant.run()
    verb = "RNTO" if mode == "archive" else "DELE"
    real = client_module.refused
    monkeypatch.setattr(
        client_module if mode == "archive" else disposal_module,
        "refused",
        # The server's own refusal: of a name that is not there.
        lambda ftp, command: real(ftp, f"{verb} /no/such/folder/x" if command.startswith(verb) else command),
    )
    for _ in range(2):
        result = plant.run()
        assert result.error is not None
        assert f"{OLD} cannot be {mode}d (550" in result.error
        assert len(result.records("source_problems")) == 2
        assert {OLD, YESTERDAY, TODAY} == {path for path in files(plant) if "archive" not in path}
    monkeypatch.undo()
    result = plant.run()
    assert result.error is None
    assert all(row["resolved_at"] for row in plant.warehouse.tables["source_problems"].values())
    assert OLD not in files(plant)


def test_a_run_that_failed_changes_nothing_on_the_server(plant: Plant, mode: str) -> None:
    fill(plant, mode)
    plant.run()
    before = files(plant)
    for day in range(100):
        plant.write(f"NEW/{20250101 + day}.LOG", LINE)
    result = plant.run(config={"time_limit": 0.000001})
    assert result.error is not None
    assert "time_limit" in result.error
    assert {path: files(plant)[path] for path in before} == before


@pytest.mark.parametrize("later", ["20360101.LOG", "sub/20360101.LOG", "20260101.LOG", "sub/zzz.LOG"])
@pytest.mark.parametrize("is_written_now", [False, True])
def test_a_file_in_use_stays_whatever_names_sort_last(
    plant: Plant, mode: str, later: str, *, is_written_now: bool
) -> None:
    at = int(time.time()) if is_written_now else 1_748_500_000
    plant.config["after_load"] = mode
    plant.write(f"DEM12 (PVC)/{later}", LINE, at=1_700_000_000)
    plant.write(TODAY, PIECE % 7 + PIECE % 8 + PIECE % 12, at=at)
    for _ in range(4):
        plant.run()
    assert TODAY in files(plant)
    plant.append(TODAY, PIECE % 13, at=at + 1)
    plant.run()
    assert len(plant.warehouse.lines(TODAY)) == 4
    assert len([row for row in plant.warehouse.tables["log_files"].values() if row["path"] == TODAY]) == 1


def test_two_stations_keep_the_files_that_they_write(plant: Plant, mode: str) -> None:
    plant.config["after_load"] = mode
    stations = [
        "DEM12 (PVC)/ST1/20250528.LOG",
        "DEM12 (PVC)/ST2/20250528.LOG",
        "DEM12 (PVC)/20250528 (1).LOG",
    ]
    for path in (OLD, *stations):
        plant.write(path, LINE)
    for _ in range(4):
        plant.run()
    assert {path for path in files(plant) if "archive" not in path} == set(stations)


def left(plant: Plant, path: str) -> list[bool]:
    """Whether each version of a path is told to have left the server, in the order of reading."""
    rows = [row for row in plant.warehouse.tables["log_files"].values() if row["path"] == path]
    return [row["removed_at"] is not None for row in sorted(rows, key=lambda row: row["read_at"])]


def gone(plant: Plant, mode: str) -> None:
    """Have the file of an old day archived or deleted, two lines of it."""
    plant.config["after_load"] = mode
    plant.write(OLD, PIECE % 7 + PIECE % 8)
    plant.write(TODAY, LINE)
    plant.run()
    plant.run()
    assert OLD not in files(plant)
    assert left(plant, OLD) == [True]


def test_a_machine_that_goes_on_under_the_name_loses_nothing(plant: Plant, mode: str) -> None:
    gone(plant, mode)
    plant.write(OLD, PIECE % 9)
    plant.run()
    assert plant.warehouse.pieces(OLD) == ["07:00:00", "08:00:00", "09:00:00"]
    plant.append(OLD, PIECE % 10)
    plant.run()
    assert plant.warehouse.pieces(OLD) == ["07:00:00", "08:00:00", "09:00:00", "10:00:00"]
    assert left(plant, OLD) == [True, False]
    plant.append(TODAY, LINE, at=1_757_000_000)
    plant.wait(hours=13)
    for _ in range(3):
        plant.run()
    assert OLD not in files(plant)
    assert left(plant, OLD) == [True, True]
    if mode == "archive":
        assert files(plant)["archive/DEM12 (PVC)/20250526 (2).LOG"] == PIECE % 9 + PIECE % 10
    # And once more with the same first line.
    plant.write(OLD, PIECE % 9 + PIECE % 11)
    plant.run()
    assert left(plant, OLD) == [True, True, False]
    assert len(plant.warehouse.pieces(OLD)) == 6


def test_a_file_that_comes_back_longer_is_the_same_version(plant: Plant, mode: str) -> None:
    gone(plant, mode)
    plant.write(OLD, PIECE % 7 + PIECE % 8 + PIECE % 9)
    plant.run()
    assert plant.warehouse.pieces(OLD) == ["07:00:00", "08:00:00", "09:00:00"]
    assert left(plant, OLD) == [False]


def test_a_kill_between_the_removal_and_its_record_changes_nothing(plant: Plant, mode: str) -> None:
    plant.config["after_load"] = mode
    plant.write(OLD, PIECE % 7 + PIECE % 8)
    plant.write(TODAY, LINE)
    plant.run()
    plant.run(keep=False)
    assert OLD not in files(plant)
    killed_at = dict(plant.state)
    plant.run()
    assert left(plant, OLD) == [True]
    # Nor if its machine has gone on under the name before the next run.
    plant.state = killed_at
    plant.warehouse.tables["log_files"].update(
        {key: row | {"removed_at": None} for key, row in plant.warehouse.tables["log_files"].items()}
    )
    plant.write(OLD, PIECE % 9)
    plant.run()
    assert left(plant, OLD) == [True, False]
    assert plant.warehouse.pieces(OLD) == ["07:00:00", "08:00:00", "09:00:00"]


def test_a_file_that_was_replaced_where_it_was_has_not_left(plant: Plant, mode: str) -> None:
    plant.config["after_load"] = mode
    plant.write(OLD, PIECE % 7 + PIECE % 8)
    plant.write(TODAY, LINE)
    plant.run()
    plant.write(OLD, PIECE % 6, at=1_747_000_000)
    plant.run()
    assert left(plant, OLD) == [False, False]


def test_files_that_left_are_no_reason_to_list_again(
    plant: Plant, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    gone(plant, mode)
    caplog.clear()
    plant.run()
    assert "listing again" not in caplog.text


def test_a_file_that_the_state_keeps_in_a_few_bytes_leaves_under_its_own_key(
    plant: Plant, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_module, "STATE_BYTES", 10)
    gone(plant, mode)
    assert OLD.rpartition("/")[2] not in plant.state["bookmarks"]["log_files"]["machines"]["DEM12 (PVC)"]
    plant.write(OLD, PIECE % 9)
    plant.run()
    assert left(plant, OLD) == [True, False]
    assert plant.warehouse.pieces(OLD) == ["07:00:00", "08:00:00", "09:00:00"]


def test_a_file_that_was_only_touched_within_its_listed_day_goes_in_the_end(plant: Plant, mode: str) -> None:
    """The listing shows the day alone: that the time differs is found when it is to go."""
    plant.config["after_load"] = mode
    plant.write(OLD, LINE)
    plant.write(TODAY, LINE)
    plant.run()
    plant.write(OLD, LINE)
    plant.append(TODAY, LINE)
    for _ in range(3):
        assert plant.run().error is None
    assert OLD not in files(plant)
