"""Servers that know few commands, or do them in their own way: everything is read all the same, or told."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from tap_ftplogs import client as client_module
from tap_ftplogs.check import check_source
from tap_ftplogs.errors import SourceError

from .runs import config, events, last_state, paths, problems, run
from .scripted_ftp import ScriptedFtp

if TYPE_CHECKING:
    from collections.abc import Iterator

TODAY = "/logs/DEM12 (PVC)/20250528.LOG"
YESTERDAY = "/logs/DEM12 (PVC)/20250527.LOG"


def pieces(first: int, last: int) -> bytes:
    return b"".join(b"20250528 07:%02d:00|@Piece: %d\n" % (n, n) for n in range(first, last + 1))


@pytest.fixture(params=[False, True], ids=["LIST", "MLSD"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedFtp]:
    monkeypatch.setattr(client_module, "FIRST_PAUSE_SECONDS", 0.001)
    with ScriptedFtp(has_mlsd=request.param) as server:
        server.add(YESTERDAY, b"20250527 07:00:00|@Piece: 0\n", "20250527073000")
        server.add(TODAY, pieces(1, 2))
        yield server


@pytest.mark.parametrize(
    ("verbs", "reply"),
    [
        ("FEAT", "500 unknown command"),
        ("PWD", "502 not implemented"),
        ("MDTM", "504 not for this"),
        ("SIZE", "500 unknown command"),
        ("REST", "502 not implemented"),
        ("REST", "501 no"),
        *(("MLSD", reply) for reply in ("500 unknown command", "502 not implemented", "504 not for this")),
        ("PASV", "502 not implemented"),
        ("FEAT PWD MDTM SIZE REST MLSD PASV OPTS SYST NOOP CLNT QUIT", "502 not implemented"),
    ],
)
def test_a_command_that_is_optional_may_be_missing(server: ScriptedFtp, verbs: str, reply: str) -> None:
    server.unknown = dict.fromkeys(verbs.split(), reply)
    server.list_time = "%b %d %H:%M"
    first, error = run(server)
    assert (error, sorted(events(first))) == (None, ["0", "1", "2"])
    server.add(TODAY, pieces(1, 4), "20250528080000")
    second, error = run(server, last_state(first))
    assert (error, events(second), paths(second)) == (None, ["3", "4"], ["DEM12 (PVC)/20250528.LOG"])
    third, error = run(server, last_state(second))
    assert (error, events(third), paths(third)) == (None, [], [])
    # Another file under the same name is a new version, whether or not it is shorter.
    server.add(TODAY, pieces(5, 6), "20250528090000")
    fourth, error = run(server, last_state(third))
    assert (error, events(fourth)) == (None, ["5", "6"])
    server.add(TODAY, pieces(7, 8), "20250528100000")
    fifth, error = run(server, last_state(fourth))
    assert (error, events(fifth)) == (None, ["7", "8"])


def test_without_rest_a_transfer_that_breaks_goes_on_where_it_broke(server: ScriptedFtp) -> None:
    server.unknown = {"REST": "502 no"}
    server.cuts = [(28, "226 done"), (10, "426 aborted"), (40, "426 aborted")]
    messages, error = run(server, connections=1)
    assert (error, events(messages)) == (None, ["0", "1", "2"])
    assert len(server.verbs("REST")) == 2  # once refused, and once asked about


def test_a_file_that_is_sent_from_its_end_only_is_no_server_without_rest(server: ScriptedFtp) -> None:
    """A refusal of RETR, though it says 502, is the file's."""
    first, _ = run(server)
    server.add(TODAY, pieces(1, 3), "20250528080000")
    server.replies["RETR"] = ["502 not this file"]
    messages, error = run(server, last_state(first))
    assert error is not None
    assert problems(messages)[0][:2] == ("file_unreadable", "DEM12 (PVC)/20250528.LOG")


def test_a_server_without_binary_mode_is_refused(server: ScriptedFtp) -> None:
    server.replies["TYPE"] = ["504 no"]
    assert run(server)[1] is None
    assert server.verbs("TYPE")[:2] == ["TYPE I", "TYPE L 8"]
    server.unknown = {"TYPE": "504 only A"}
    with pytest.raises(SourceError, match="binary mode \\(504 only A\\)"):
        check_source(config(server))


def test_data_connections_that_are_refused_are_no_fault_of_a_folder(server: ScriptedFtp) -> None:
    server.unknown = {"PASV": "502 no", "EPSV": "502 neither"}
    _, error = run(server, attempts=2)
    assert error is not None
    assert "failed 2 times, lastly with '502 neither'" in error


def test_without_pwd_the_root_must_be_absolute(server: ScriptedFtp) -> None:
    server.unknown = {"PWD": "502 no"}
    server.add("logs/DEM12/20250528.LOG", pieces(1, 2))
    _, error = run(server, root="logs")
    assert error is not None
    assert (
        "does not tell where its folder logs lies (PWD): set FTP_ROOT to a path that begins with /" in error
    )


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "cp850"])
def test_the_root_may_have_accents_in_any_encoding(server: ScriptedFtp, encoding: str) -> None:
    root = "/usinage été".encode(encoding).decode("latin-1")
    server.files = {path.replace("/logs", root): file for path, file in server.files.items()}
    messages, error = run(server, root="/usinage été")
    assert (error, sorted(events(messages))) == (None, ["0", "1", "2"])


@pytest.mark.parametrize(
    "reply",
    [
        "550 No files found",
        "450 No files found.",
        "550 No such file or directory.",
        "550 The directory is empty",
        "550 Aucun fichier trouv\xe9",
        "550 Keine Dateien gefunden",
        "550 No data sets found.",
        "550 0 files found",
    ],
)
def test_an_empty_folder_may_be_answered_with_a_refusal(server: ScriptedFtp, reply: str) -> None:
    server.listings["/logs/SU12 (HYBRIDE)"] = []
    server.listings["/logs"] = [
        f"type=dir; {name}" if server.has_mlsd else f"drwxr-xr-x 1 u g 9 May 28  2025 {name}"
        for name in ("DEM12 (PVC)", "SU12 (HYBRIDE)")
    ]

    def refuse(command: str) -> None:
        if command.startswith("CWD"):
            server.unknown = dict.fromkeys(["LIST", "MLSD"], reply) if "SU12" in command else {}

    server.on_command = refuse
    messages, error = run(server)
    assert (error, problems(messages), sorted(events(messages))) == (None, [], ["0", "1", "2"])
    assert check_source(config(server)).files_by_machine == {"DEM12 (PVC)": 2, "SU12 (HYBRIDE)": 0}


@pytest.mark.parametrize(
    ("verb", "reply", "reason"),
    [
        ("LIST", "550 Permission denied", "it cannot be listed: 550 Permission denied"),
        ("LIST", "550 No files found or permission problem", "it cannot be listed"),
        ("LIST", "550 Acc\xe8s refus\xe9", "it cannot be listed"),
        ("CWD", "550 No such file or directory", "it cannot be entered"),
        ("CWD", "550 No files found", "it cannot be entered"),
    ],
)
def test_a_folder_that_is_forbidden_is_no_empty_folder(
    server: ScriptedFtp, verb: str, reply: str, reason: str
) -> None:
    server.add("/logs/SU12 (HYBRIDE)/20250528.LOG", pieces(8, 9))

    def refuse(command: str) -> None:
        is_there = command == "CWD /logs/SU12 (HYBRIDE)"
        if command.startswith("CWD"):
            server.unknown = {}
        if is_there:
            server.unknown = {"CWD": reply} if verb == "CWD" else dict.fromkeys(["LIST", "MLSD"], reply)

    server.on_command = refuse
    messages, error = run(server)
    assert error is not None
    assert sorted(events(messages)) == ["0", "1", "2"]
    [(kind, path, told)] = problems(messages)
    assert (kind, path) == ("folder_unreadable", "SU12 (HYBRIDE)")
    assert reason in told


def test_a_folder_that_vanishes_between_two_commands_is_not_empty(server: ScriptedFtp) -> None:
    server.replies["LIST"] = server.replies["MLSD"] = ["550 No such file or directory"]
    server.replies["CWD"] = []

    def leave(command: str) -> None:
        if command in ("LIST", "MLSD"):
            server.replies["CWD"] = ["550 gone"]

    server.on_command = leave
    messages, error = run(server)
    assert error is not None
    assert "the folder /logs is missing" in error
    assert not paths(messages)


def test_a_listing_that_ends_with_a_refusal_is_not_whole(server: ScriptedFtp) -> None:
    """What came before the refusal is read, and the folder is told."""
    name = "20250528.LOG"
    line = f"type=file;size=56;modify=20250528073000; {name}"
    server.listings["/logs/DEM12 (PVC)"] = [
        line if server.has_mlsd else f"-rw-r--r-- 1 u g 56 May 28  2025 {name}"
    ]
    server.listing_replies = [None, "550 read error"]
    messages, error = run(server)
    assert error is not None
    assert problems(messages)[0] == (
        "folder_unreadable",
        "DEM12 (PVC)",
        "it is not listed to its end: 550 read error",
    )
    assert events(messages) == ["1", "2"]


def test_a_line_that_cannot_be_read_is_told_and_the_others_are_read(server: ScriptedFtp) -> None:
    def listed(name: str, size: int) -> str:
        if server.has_mlsd:
            return f"type=file;size={size};modify=20250528073000; {name}"
        return f"-rw-r--r-- 1 u g {size} May 28  2025 {name}"

    odd = "28 f\x82vr. \x1b[1m20250529.LOG"
    server.listings["/logs/DEM12 (PVC)"] = [listed("20250528.LOG", 56), odd]
    first, error = run(server)
    assert error is not None
    assert "listing of the folder DEM12 (PVC) cannot be read (1 line is not understood: '28 f" in error
    assert events(first) == ["1", "2"]
    [(kind, path, reason)] = problems(first)
    assert (kind, path) == ("listing_unreadable", "DEM12 (PVC)")
    assert "\\x1b[1m20250529.LOG" in reason
    # Which file is the newest is not known: none is archived.
    server.listings["/logs/DEM12 (PVC)"] = [listed("20250527.LOG", 28), listed("20250528.LOG", 56), odd]
    second, _ = run(server, last_state(first), after_load="delete")
    run(server, last_state(second), after_load="delete")
    assert not server.verbs("DELE")
    del server.listings["/logs/DEM12 (PVC)"]
    third, error = run(server, last_state(second))
    assert error is None
    [resolved] = [m["record"] for m in third if m["type"] == "RECORD" and m["stream"] == "source_problems"]
    assert resolved["resolved_at"] is not None


def test_a_root_of_lines_that_cannot_be_read_is_not_said_to_hold_no_folder(server: ScriptedFtp) -> None:
    server.listings["/logs"] = ["<what> DEM12 (PVC)"] * 7
    messages, error = run(server)
    assert [(kind, path) for kind, path, _ in problems(messages)] == [("listing_unreadable", "")]
    assert error is not None
    assert (
        "the listing of the folder / cannot be read (7 lines are not understood: '<what> DEM12 (PVC)'"
        in error
    )
    assert "and 2 more)" in error
    assert "holds no folder" not in error


@pytest.mark.parametrize("size_is_old", [False, True], ids=["SIZE tells", "SIZE is old too"])
def test_a_file_that_is_open_is_listed_as_it_was(server: ScriptedFtp, *, size_is_old: bool) -> None:
    """Windows lists an open file as it was when it was opened, here empty and later with a part of it."""
    for listed in (0, 28):
        server.listed[TODAY] = (listed, "20250528070000")
        state, seen = None, []
        for last in (2, 2, 5, 5, 7):
            server.add(TODAY, pieces(1, last), f"2025052807{last:02}00")
            if size_is_old and listed:
                server.unknown = {"SIZE": f"213 {listed}", "MDTM": "213 20250528070000"}
            messages, error = run(server, state)
            assert error is None
            state, seen = last_state(messages), [*seen, *events(messages)]
        if size_is_old and not listed:
            continue
        assert [name for name in seen if name != "0"] == ["1", "2", "3", "4", "5", "6", "7"]
        # Closed, it is listed as it is: still the same version.
        server.listed, server.unknown = {}, {}
        assert events(run(server, state)[0]) == []
        server.add(TODAY, pieces(1, 1), "20250528080000")
        assert events(run(server, state)[0]) == ["1"]


def test_the_file_of_the_night_is_asked_for_too(server: ScriptedFtp) -> None:
    """The machine has begun the next day's file, and writes the last lines of the night into this one."""
    today = datetime.now(timezone.utc)
    night, morning = (f"/logs/SU12/{day:%Y%m%d}.LOG" for day in (today - timedelta(days=1), today))
    for path, count in ((night, 2), (morning, 1)):
        server.add(path, pieces(1, count), f"{today:%Y%m%d}000000")
        server.listed[path] = (0, f"{today:%Y%m%d}000000")
    first, _ = run(server)
    server.add(night, pieces(1, 3), f"{today:%Y%m%d}000200")
    second, _ = run(server, last_state(first))
    assert events(second) == ["3"]


def test_the_file_of_each_station_is_asked_for(server: ScriptedFtp) -> None:
    """One station has begun a file today, the other still writes into one of days ago."""
    now = datetime.now(timezone.utc)
    other, newest = f"/logs/SU12/ST1/{now - timedelta(days=5):%Y%m%d}.LOG", f"/logs/SU12/ST2/{now:%Y%m%d}.LOG"
    state = None
    for count in (2, 4):
        for path in (other, newest):
            server.add(path, pieces(1, count), f"{now:%Y%m%d}0000{count:02}")
            server.listed[path] = (28, f"{now:%Y%m%d}000000")
        messages, error = run(server, state)
        assert error is None
        state = last_state(messages)
    assert events(messages) == ["3", "4"] * 2
