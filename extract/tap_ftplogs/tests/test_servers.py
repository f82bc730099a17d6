"""The tap on vsftpd, the customer's server, and on three others: first run, next runs, replaced files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from .plant import Plant
from .servers.pure_ftpd import LISTING_LIMIT

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_demo.servers.vsftpd import Vsftpd

    from .servers.base import FtpServer

pytestmark = pytest.mark.integration

START = b"20250528 07:02:11|@MachineStart\r\n"
PIECE = b"20250528 07:03:55|@StukUitgevoerd: 230001/A pos 2\r\n"
WAIT = b"20250528 07:10:02|@MachineWait: 45 sec\r\n"
STOP = b"20250528 07:30:00|@MachineStop\n"

TODAY = "DEM12 (PVC)/20250528.LOG"
YESTERDAY = "DEM12 (PVC)/20250527.LOG"


@pytest.fixture
def plant(each_server: Vsftpd | FtpServer, tmp_path: Path) -> Plant:
    """An empty folder on each of the servers in turn."""
    return Plant(each_server, tmp_path.name)


def contents(plant: Plant, path: str) -> list[str]:
    return [content for _, content in plant.warehouse.lines(path)]


def test_a_first_run_reads_everything(plant: Plant) -> None:
    plant.write(TODAY, b"\xef\xbb\xbf" + START + PIECE + b"garb\x00age\x81\r\n\n" + WAIT)
    plant.write("SU12 (HYBRIDE)/2025/mai/20250528.log", b"20250528 06:00:00 |@ J\xf6b : R:1\n")
    plant.write("SU12 (HYBRIDE)/notes.txt", START)
    result = plant.run()
    assert result.error is None
    assert plant.warehouse.lines(TODAY) == [
        (0, "2025-05-28T07:02:11 MachineStart"),
        (36, "2025-05-28T07:03:55 StukUitgevoerd 230001/A pos 2"),
        (87, r"no_time: garb\x00age\x81"),
        (99, "2025-05-28T07:10:02 MachineWait 45 sec"),
    ]
    assert contents(plant, "SU12 (HYBRIDE)/2025/mai/20250528.log") == ["2025-05-28T06:00:00 Jöb R:1"]
    file = plant.warehouse.current_files()[TODAY]
    assert file["machine_folder"] == "DEM12 (PVC)"
    assert (file["line_count"], file["event_count"], file["rejected_count"], file["blank_count"]) == (
        5,
        3,
        1,
        1,
    )
    assert (file["first_event_at"], file["last_event_at"]) == ("2025-05-28T07:02:11", "2025-05-28T07:10:02")
    assert file["modified_at"] == "2025-05-28T02:41:00"
    assert (file["is_complete"], file["read_error"]) == (False, None)
    assert set(plant.warehouse.current_files()) == {TODAY, "SU12 (HYBRIDE)/2025/mai/20250528.log"}
    plant.warehouse.check_accounts()


def test_a_run_without_anything_new_reads_and_writes_nothing(plant: Plant) -> None:
    plant.write(YESTERDAY, START)
    plant.write(TODAY, START + b"torn")
    plant.run()
    plant.run()
    result = plant.run()
    assert (result.transfers, result.record_count, result.error) == (0, 0, None)


def test_only_new_bytes_travel(plant: Plant) -> None:
    plant.write(YESTERDAY, START)
    plant.write(TODAY, START + PIECE)
    plant.run()
    plant.append(TODAY, WAIT + STOP)
    result = plant.run()
    assert (result.bytes_sent, result.transfers) == (len(WAIT + STOP), 1)
    assert [record["event_name"] for record in result.records("log_events")] == ["MachineWait", "MachineStop"]
    assert [record["line_number"] for record in result.records("log_events")] == [3, 4]
    assert plant.warehouse.current_files()[TODAY]["generation"] == 0
    assert len(plant.warehouse.tables["log_files"]) == 2
    plant.warehouse.check_accounts()


def test_a_torn_line_waits_until_it_is_whole(plant: Plant) -> None:
    plant.write(TODAY, START + PIECE[:30])
    plant.run()
    assert contents(plant, TODAY) == ["2025-05-28T07:02:11 MachineStart"]
    assert plant.warehouse.current_files()[TODAY]["read_bytes"] == len(START)
    plant.append(TODAY, PIECE[30:])
    result = plant.run()
    assert result.bytes_sent == len(PIECE)
    assert contents(plant, TODAY)[1:] == ["2025-05-28T07:03:55 StukUitgevoerd 230001/A pos 2"]


def test_a_torn_line_counts_once_the_file_has_settled(plant: Plant) -> None:
    plant.write(YESTERDAY, START + PIECE[:30])
    plant.write(TODAY, START + PIECE[:40])
    plant.run()
    assert contents(plant, YESTERDAY)[1:] == ["2025-05-28T07:03:55 StukUitgevo"]
    assert len(contents(plant, TODAY)) == 1
    plant.run()
    assert contents(plant, TODAY)[1:] == ["2025-05-28T07:03:55 StukUitgevoerd 23000"]
    plant.warehouse.check_accounts()
    assert plant.warehouse.current_files()[YESTERDAY]["is_complete"]
    assert not plant.warehouse.current_files()[TODAY]["is_complete"]
    # Who begins anew waits anew: until then the line that is there counts as not yet taken.
    plant.run(state={})
    plant.warehouse.check_accounts()
    assert len(contents(plant, TODAY)) == 1
    plant.run()
    plant.warehouse.check_accounts()
    assert contents(plant, TODAY)[1:] == ["2025-05-28T07:03:55 StukUitgevoerd 23000"]


@pytest.mark.parametrize("taken", [5, 25, 40, len(PIECE) - 2, len(PIECE) - 1])
def test_a_torn_line_that_was_taken_may_go_on(plant: Plant, taken: int) -> None:
    plant.write(TODAY, START + PIECE[:taken])
    plant.run()
    plant.run()
    assert len(contents(plant, TODAY)) == 2
    plant.append(TODAY, PIECE[taken:-1])
    plant.run()
    plant.append(TODAY, b"\n" + WAIT)
    plant.run()
    assert plant.warehouse.lines(TODAY)[1:] == [
        (33, "2025-05-28T07:03:55 StukUitgevoerd 230001/A pos 2"),
        (84, "2025-05-28T07:10:02 MachineWait 45 sec"),
    ]
    plant.warehouse.check_accounts()


def test_a_file_of_the_day_before_becomes_complete_without_being_read_again(plant: Plant) -> None:
    plant.write(YESTERDAY, START)
    plant.run()
    plant.write(TODAY, PIECE)
    result = plant.run()
    assert result.bytes_sent == len(PIECE)
    assert plant.warehouse.current_files()[YESTERDAY]["is_complete"]


@pytest.mark.parametrize("is_newest", [True, False])
@pytest.mark.parametrize(
    "content",
    [
        START,
        START + b"20250528 07:04:55",
        START + PIECE.replace(b"2300", b"2400") + WAIT,
        PIECE + START + WAIT,
        START + b"20250528 07:02:30|@Alarm\n" + PIECE + WAIT + STOP,
        START * 9,
        b"",
        b"torn",
    ],
    ids=["shorter", "torn", "same-size", "same-size-other-head", "longer", "repeated", "empty", "torn-head"],
)
def test_a_replaced_file_is_a_new_version(plant: Plant, content: bytes, *, is_newest: bool) -> None:
    if not is_newest:
        plant.write("DEM12 (PVC)/20250529.LOG", STOP)
    plant.write(TODAY, START + PIECE + WAIT)
    plant.run()
    old = plant.warehouse.current_files()[TODAY]
    plant.write(TODAY, content, at=1_757_000_000)
    plant.run()
    plant.run()
    new = plant.warehouse.current_files()[TODAY]
    assert new["file_version_id"] != old["file_version_id"]
    assert new["generation"] == int(new["fingerprint"] == old["fingerprint"])
    expected = [line for line in content.split(b"\n") if line]
    assert len(contents(plant, TODAY)) == len(expected)
    assert new["size_bytes"] == new["read_bytes"] == len(content)
    plant.warehouse.check_accounts()
    assert plant.run().record_count == 0


def test_a_file_that_was_only_touched_stays_the_same_version(plant: Plant) -> None:
    plant.write(TODAY, START + PIECE)
    plant.run()
    version = plant.warehouse.current_files()[TODAY]["file_version_id"]
    plant.write(TODAY, START + PIECE, at=1_757_000_000)
    result = plant.run()
    assert not result.records("log_events")
    file = plant.warehouse.current_files()[TODAY]
    assert (file["file_version_id"], file["modified_at"]) == (version, "2025-09-04T15:33:20")
    assert plant.run().transfers == 0


def test_a_file_that_is_replaced_to_and_fro_never_mixes_its_versions(plant: Plant) -> None:
    for number, content in enumerate([START + PIECE, STOP, START + WAIT, b"", START, STOP + WAIT]):
        plant.write(TODAY, content, at=1_757_000_000 + 100 * number)
        plant.run()
        assert len(contents(plant, TODAY)) == content.count(b"\n")
        plant.warehouse.check_accounts()


def test_garbage_that_is_appended_belongs_to_the_same_version(plant: Plant) -> None:
    plant.write(TODAY, START + PIECE)
    plant.run()
    plant.append(TODAY, b"\x00\x01 no line of ours\n" + WAIT)
    plant.run()
    plant.append(TODAY, START)
    plant.run()
    assert len(plant.warehouse.tables["log_files"]) == 1
    assert len(contents(plant, TODAY)) == 5
    plant.warehouse.check_accounts()


def test_a_file_that_starts_with_0_bytes(plant: Plant) -> None:
    plant.write(TODAY, b"")
    result = plant.run()
    assert (result.transfers, result.error) == (0, None)
    empty = plant.warehouse.current_files()[TODAY]
    assert (empty["line_count"], empty["size_bytes"]) == (0, 0)
    plant.append(TODAY, START[:10])
    plant.run()
    assert plant.warehouse.current_files()[TODAY]["file_version_id"] == empty["file_version_id"]
    plant.append(TODAY, START[10:])
    plant.run()
    file = plant.warehouse.current_files()[TODAY]
    assert file["file_version_id"] != empty["file_version_id"]
    assert (file["line_count"], file["generation"]) == (1, 0)


def test_reading_again_gives_the_same_rows(plant: Plant) -> None:
    plant.write(YESTERDAY, START + b"\xff\n" + PIECE[:20])
    plant.write(TODAY, START + PIECE)
    first = plant.run()
    again = plant.run(state={}, keep=False)
    for stream in ("log_events", "rejected_lines"):
        assert again.records(stream) == first.records(stream)
    keys = [[record["file_version_id"] for record in run.records("log_files")] for run in (first, again)]
    assert keys[0] == keys[1]


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(plant: Plant) -> None:
    plant.write("DEM12 (PVC)/20250526 denied.LOG", START)
    # vsftpd, when root runs it, goes by the name instead.
    (plant.root / "DEM12 (PVC)" / "20250526 denied.LOG").chmod(0)
    plant.write(TODAY, START)
    for number in range(3):
        result = plant.run()
        assert result.error is not None
        assert "DEM12 (PVC)/20250526 denied.LOG" in result.error
        # The two files and the one line are told once, the problem while it lasts.
        assert result.record_count == (1 if number else 4)
    file = plant.warehouse.current_files()["DEM12 (PVC)/20250526 denied.LOG"]
    assert "550" in file["read_error"]
    assert not file["is_complete"]
    assert len(contents(plant, TODAY)) == 1
    [problem] = plant.warehouse.tables["source_problems"].values()
    assert (problem["kind"], problem["path"]) == ("file_unreadable", "DEM12 (PVC)/20250526 denied.LOG")
    assert (problem["machine_folder"], problem["resolved_at"]) == ("DEM12 (PVC)", None)
    assert "550" in problem["reason"]
    assert plant.run(config={"fail_on_problems": False}).error is None
    folder = plant.root / "DEM12 (PVC)"
    (folder / "20250526 denied.LOG").rename(folder / "20250526.LOG").chmod(0o644)
    assert plant.run().error is None
    [problem] = plant.warehouse.tables["source_problems"].values()
    assert problem["resolved_at"] is not None


def test_a_known_file_that_cannot_be_read_any_more_keeps_its_lines(plant: Plant) -> None:
    plant.write(TODAY, START)
    plant.run()
    folder = plant.root / "DEM12 (PVC)"
    (folder / "20250528.LOG").rename(folder / "20250528 denied.LOG")
    state = {"log_files": plant.state["bookmarks"]["log_files"]}
    files = state["log_files"]["machines"]["DEM12 (PVC)"]
    files["20250528 denied.LOG"] = files.pop("20250528.LOG")
    plant.append("DEM12 (PVC)/20250528 denied.LOG", PIECE)
    (folder / "20250528 denied.LOG").chmod(0)
    result = plant.run(state={"bookmarks": state})
    [record] = result.records("log_files")
    assert record["event_count"] == 1
    assert record["read_error"]


def test_files_in_the_root_are_not_read(plant: Plant, caplog: pytest.LogCaptureFixture) -> None:
    plant.write("20250528.LOG", START)
    plant.write(TODAY, PIECE)
    result = plant.run()
    assert {record["path"] for record in result.records("log_files")} == {TODAY}
    assert "'20250528.LOG' directly in" in caplog.text


def test_names_of_all_kinds(plant: Plant) -> None:
    folder = plant.root / "DEM12 (PVC)" / " a  b (1) [x]*"
    folder.mkdir(parents=True)
    names = [
        b"20250528 (1).LOG",
        b" x.log",
        b"-r.log",
        b"\xe9t\xe9.LOG",
        "été.LOG".encode(),
        b"a\\b.log",
        b"#%&.LoG",
    ]
    for name in names:
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:  # noqa: PTH118, PTH123 # bytes
            file.write(START)
    result = plant.run()
    assert r"the name 'a\\b.log' is not used" in (result.error or "")
    assert sorted(record["file_name"] for record in result.records("log_files")) == sorted(
        ["20250528 (1).LOG", " x.log", "-r.log", r"\xe9t\xe9.LOG", "été.LOG", "#%&.LoG"]
    )
    assert plant.run().transfers == 0


def test_a_loop_of_links_ends(plant: Plant) -> None:
    plant.write(TODAY, START)
    (plant.root / "DEM12 (PVC)" / "loop").symlink_to("..")
    result = plant.run()
    assert [record["path"] for record in result.records("log_files")] == [TODAY]
    assert result.error is None


def test_a_machine_that_is_a_link_to_another_is_not_read(
    plant: Plant, each_server: Vsftpd | FtpServer
) -> None:
    if each_server.name == "pyftpdlib":
        pytest.skip("pyftpdlib shows a link as a folder like any other: it is a machine of its own")
    plant.write(TODAY, START)
    (plant.root / "OTHER").symlink_to("DEM12 (PVC)")
    result = plant.run()
    assert [record["path"] for record in result.records("log_files")] == [TODAY]
    assert result.error is None


def test_folders_of_all_kinds(plant: Plant, each_server: Vsftpd | FtpServer) -> None:
    names = [
        '"DEM" 12',
        "100%",
        "~x",
        "{a}",
        "x[1]*",
        "-la",
        "semi;colon",
        "a=b; c",
        " x",
        "x ",
        "x.",
        "a -> b",
    ]
    for name in [*names, "été", "a\tb"]:
        plant.write(f"{name}/20250528.LOG", START)
    result = plant.run()
    # pure-ftpd lists no name with a control character.
    if each_server.name != "pure-ftpd":
        assert result.error is not None
        assert r"(the name 'a\tb' is not used" in result.error
    assert {record["machine_folder"] for record in result.records("log_files")} == {*names, "été"}


def test_a_root_that_is_missing_or_empty_fails_and_leaves_everything_as_it_was(plant: Plant) -> None:
    plant.write(TODAY, START)
    plant.run()
    (plant.root / "empty").mkdir()
    for folder, said in (("missing", "is missing"), ("empty", "holds no machine folder")):
        result = plant.run(config={"root": f"{plant.config['root']}/{folder}"})
        assert result.error is not None
        assert said in result.error
        assert result.record_count == 0
    assert plant.run().record_count == 0


def test_several_connections_read_everything_once(plant: Plant) -> None:
    for number in range(40):
        plant.write(f"M{number % 4}/{20250501 + number // 4}.LOG", START * (number + 1))
    result = plant.run(config={"connections": 8})
    assert (result.error, result.transfers) == (None, 40)
    assert result.bytes_sent == len(START) * sum(range(1, 41))
    plant.warehouse.check_accounts()


def test_a_machine_of_another_case_is_the_same_machine(plant: Plant) -> None:
    plant.write(TODAY, START)
    plant.run()
    (plant.root / "DEM12 (PVC)").rename(plant.root / "Dem12 (Pvc)")
    plant.append("Dem12 (Pvc)/20250528.LOG", PIECE)
    result = plant.run()
    assert result.bytes_sent == len(PIECE)
    assert len(plant.warehouse.tables["log_files"]) == 1


def test_garbage_of_many_megabytes(plant: Plant) -> None:
    plant.write("DEM12 (PVC)/20250501.LOG", b"\x00\xff\xfe garbage " * 400_000)
    plant.write(TODAY, START + b"x" * 3_000_000 + b"\n" + b"\0" * 3_000_000 + PIECE)
    result = plant.run()
    first, second = result.records("rejected_lines")
    assert (first["byte_count"], first["reason"], first["is_truncated"]) == (4_800_000, "no_time", True)
    assert (second["byte_count"], second["byte_offset"], second["line_number"]) == (3_000_000, len(START), 2)
    assert [record["event_name"] for record in result.records("log_events")] == [
        "MachineStart",
        "StukUitgevoerd",
    ]
    plant.warehouse.check_accounts()
    assert plant.run().record_count == 0


def test_a_listing_that_the_server_cuts_short_is_told(pure_ftpd: FtpServer, tmp_path: Path) -> None:
    plant = Plant(pure_ftpd, tmp_path.name)
    plant.write("OTHER/20250528.LOG", START)
    for number in range(LISTING_LIMIT + 1):
        plant.write(f"DEM12 (PVC)/20250528 ({number}).LOG", START)
    result = plant.run()
    assert result.error is not None
    assert "DEM12 (PVC)" in result.error
    assert "OTHER/20250528.LOG" in plant.warehouse.current_files()


def test_a_file_that_may_not_be_moved_is_a_problem_of_that_file(pure_ftpd: FtpServer, tmp_path: Path) -> None:
    plant = Plant(pure_ftpd, tmp_path.name, after_load="archive", attempts=2)
    plant.write(YESTERDAY, START)
    plant.write(TODAY, START)
    # The folder to move to is there, but the machine's own belongs to whoever runs the tests.
    (plant.root / "archive" / "DEM12 (PVC)").mkdir(parents=True)
    for folder in (plant.root / "archive", plant.root / "archive" / "DEM12 (PVC)"):
        folder.chmod(0o777)
    plant.run()
    result = plant.run()
    assert result.error is not None
    assert f"{YESTERDAY} cannot be archived (451" in result.error
    [problem] = result.records("source_problems")
    assert problem["path"] == YESTERDAY
