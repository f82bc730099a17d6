"""Servers that fail, lie and send hostile names: nothing is lost, nothing is doubled, nothing crashes."""

from __future__ import annotations

import ftplib
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tap_ftplogs import client as client_module
from tap_ftplogs.check import check_source
from tap_ftplogs.errors import SourceError

from .runs import config, events, last_state, paths, problems, run
from .scripted_ftp import CLOSE, ScriptedFtp

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = b"".join(b"20250528 07:%02d:%02d|@Piece: %d\n" % (n // 60, n % 60, n) for n in range(3000))
PATH = "/logs/DEM12 (PVC)/20250528.LOG"


@pytest.fixture(params=[False, True], ids=["LIST", "MLSD"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedFtp]:
    monkeypatch.setattr(client_module, "FIRST_PAUSE_SECONDS", 0.001)
    with ScriptedFtp(has_mlsd=request.param) as server:
        server.add(PATH, LINES)
        yield server


EVERYTHING = [str(number) for number in range(3000)]


@pytest.mark.parametrize(
    "reply", ["426 aborted", "451 local error", "421 going down", "500 OOPS: oh", CLOSE, "226 done"]
)
def test_a_transfer_that_breaks_is_resumed(server: ScriptedFtp, reply: str) -> None:
    server.cuts = [(1000, reply), (0, reply), (30_001, reply)]
    messages, error = run(server)
    assert error is None
    assert events(messages) == EVERYTHING
    assert server.verbs("REST") == ["REST 1000", "REST 1000", "REST 31001"]


@pytest.mark.parametrize(
    "reply", ["421 too many", "425 no way", "450 busy", "500 OOPS: vsf_sysutil_bind", CLOSE]
)
@pytest.mark.parametrize(
    "verb", ["CONNECT", "CWD", "LIST", "MLSD", "SIZE", "MDTM", "PASV", "RETR", "FEAT", "PWD"]
)
def test_a_command_that_fails_for_now_is_tried_again(server: ScriptedFtp, verb: str, reply: str) -> None:
    server.replies[verb] = [reply, reply]
    messages, error = run(server)
    assert error is None
    assert events(messages) == EVERYTHING


@pytest.mark.parametrize("reply", ["450 File busy", "451 local error", "452 no room"])
@pytest.mark.parametrize("command", ["RETR /logs/A1 (PVC)/20250528.LOG", "CWD /logs/A1 (PVC)"])
def test_a_path_that_is_refused_for_now_for_long_stops_no_other(
    server: ScriptedFtp, command: str, reply: str
) -> None:
    server.add("/logs/A1 (PVC)/20250528.LOG", b"20250528 07:00:00|@Piece: busy\n")

    def refuse(sent: str) -> None:
        if sent == command:
            server.replies[sent.partition(" ")[0]] = [reply]

    server.on_command = refuse
    messages, error = run(server)
    assert events(messages) == EVERYTHING
    assert error is not None
    assert "A1 (PVC)" in error
    server.on_command = lambda _: None
    again, error = run(server, last_state(messages))
    assert (events(again), error) == (["busy"], None)


@pytest.mark.parametrize(
    "reply",
    [
        "450 No data connection for file list",
        "450 No space for file list",
        "550 No free file descriptors",
    ],
)
def test_a_trouble_of_the_server_is_no_empty_folder(server: ScriptedFtp, reply: str) -> None:
    state = last_state(run(server)[0])

    def refuse(sent: str) -> None:
        if sent.partition(" ")[0] in ("LIST", "MLSD"):
            server.replies[sent.partition(" ")[0]] = [reply]

    server.on_command = refuse
    _, error = run(server, state)
    assert error is not None


@pytest.mark.parametrize("cut", [1, 30, -1, -3])
def test_a_listing_that_breaks_off_within_a_line_is_asked_for_again(server: ScriptedFtp, cut: int) -> None:
    server.add("/logs/DEM12 (PVC)/20250529.LOG", b"20250529 07:00:00|@Piece: late\n")
    server.listing_cuts = [None, cut]
    messages, error = run(server)
    assert error is None
    assert sorted(events(messages)) == sorted([*EVERYTHING, "late"])


def test_a_server_that_ends_no_listing_with_a_line_end_is_taken_at_its_word(server: ScriptedFtp) -> None:
    server.listing_cuts = [-2] * 20
    messages, error = run(server)
    assert error is None
    assert events(messages) == EVERYTHING


def test_known_files_that_are_not_listed_are_looked_for_again(server: ScriptedFtp) -> None:
    server.add("/logs/DEM12 (PVC)/20250529.LOG", b"20250529 07:00:00|@Piece: late\n")
    first, _ = run(server)
    # The file that would pass for the newest has changed since: it is read as what it is.
    server.listing_cuts = [None, len(folder_listing(server).split(b"\n")[0]) + 1]
    second, error = run(server, last_state(first))
    assert error is None
    assert paths(second) == []
    assert last_state(second) == last_state(first)
    # What is gone for good is looked for once, not in every run.
    del server.files["/logs/DEM12 (PVC)/20250529.LOG"]
    third, _ = run(server, last_state(second))
    server.commands.clear()
    run(server, last_state(third))
    assert len(server.verbs("CWD")) == 2


def folder_listing(server: ScriptedFtp) -> bytes:
    """Return how the server lists the machine's folder."""
    with closing(ftplib.FTP()) as ftp:
        ftp.connect("127.0.0.1", server.port)
        ftp.login("u", "p")
        ftp.cwd("/logs/DEM12 (PVC)")
        with ftp.transfercmd("MLSD" if server.has_mlsd else "LIST") as data:
            listing = b"".join(iter(lambda: data.recv(65536), b""))
        ftp.voidresp()
    server.commands.clear()
    return listing


@pytest.mark.parametrize("cut", ["213 29", "213 ", "2"])
def test_half_of_a_reply_is_no_reply(server: ScriptedFtp, cut: str) -> None:
    server.half_replies["SIZE"] = [cut]
    server.half_replies["MDTM"] = [cut]
    messages, error = run(server)
    assert error is None
    assert events(messages) == EVERYTHING
    (row,) = [m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == "log_files"][-1:]
    assert (row["size_bytes"], row["modified_at"]) == (len(LINES), "2025-05-28T07:30:00")


def test_a_server_that_keeps_failing_ends_the_run_with_what_was_read(server: ScriptedFtp) -> None:
    server.add("/logs/DEM12 (PVC)/20250527.LOG", LINES)
    server.cuts = [(len(LINES), "226 done")] + [(0, "426 aborted")] * 9
    messages, error = run(server)
    assert error is not None
    assert "20250528.LOG at byte 0" in error
    assert "failed 5 times" in error
    assert paths(messages) == ["DEM12 (PVC)/20250527.LOG"] * 1 + ["DEM12 (PVC)/20250528.LOG"] * (
        len(paths(messages)) - 1
    )
    state = last_state(messages)
    server.cuts = []
    again, error = run(server, state)
    assert error is None
    assert events(again) == EVERYTHING
    assert "DEM12 (PVC)/20250527.LOG" not in paths(again)


def test_what_was_read_of_a_file_before_the_failure_is_kept(server: ScriptedFtp) -> None:
    server.cuts = [(50_010, "426 aborted")] + [(0, "426 aborted")] * 9
    messages, error = run(server)
    assert error is not None
    before = events(messages)
    assert before == EVERYTHING[: len(before)]
    assert len(before) > 1000
    row = [m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == "log_files"][-1]
    assert (row["event_count"], row["is_complete"]) == (len(before), False)
    state = last_state(messages)
    server.cuts = []
    again, error = run(server, state)
    assert error is None
    assert before + events(again) == EVERYTHING


def test_a_file_that_grows_while_it_is_read(server: ScriptedFtp) -> None:
    def grow(command: str) -> None:
        if command.startswith("RETR") and len(server.files[PATH][0]) == len(LINES):
            server.add(PATH, LINES + b"20250528 08:00:00|@Piece: more\n20250528 08:", "20250528080000")

    server.on_command = grow
    messages, error = run(server)
    assert error is None
    assert events(messages) == [*EVERYTHING, "more"]
    state = last_state(messages)
    again, _ = run(server, state)
    assert [m["record"]["read_bytes"] for m in again if m["type"] == "RECORD" and m["stream"] == "log_files"]


@pytest.mark.parametrize("content", [LINES[:500], b"", LINES[:500].replace(b"Piece", b"Other")])
def test_a_file_that_is_cut_short_before_it_is_read(server: ScriptedFtp, content: bytes) -> None:
    _, error = run(server)
    assert error is None
    state = last_state(run(server)[0])
    server.add(PATH, LINES * 2, "20250528080000")

    def cut(command: str) -> None:
        if command.startswith("RETR"):
            server.add(PATH, content, "20250528090000")

    server.on_command = cut
    messages, error = run(server, state)
    assert error is None
    assert len(events(messages)) == content.count(b"\n")


def test_a_file_that_vanishes_is_a_warning(server: ScriptedFtp, caplog: pytest.LogCaptureFixture) -> None:
    server.add("/logs/DEM12 (PVC)/20250527.LOG", LINES)

    def remove(command: str) -> None:
        if command.startswith("RETR") and "20250527" in command:
            del server.files["/logs/DEM12 (PVC)/20250527.LOG"]

    server.on_command = remove
    messages, error = run(server)
    assert error is None
    assert paths(messages) == ["DEM12 (PVC)/20250528.LOG"]
    assert "20250527.LOG vanished" in caplog.text


def test_a_folder_that_vanishes_is_a_warning(server: ScriptedFtp, caplog: pytest.LogCaptureFixture) -> None:
    server.add("/logs/ALU/20250528.LOG", LINES)

    def remove(command: str) -> None:
        if command == "CWD /logs/ALU":
            server.files.pop("/logs/ALU/20250528.LOG", None)

    server.on_command = remove
    messages, error = run(server)
    assert error is None
    assert events(messages) == EVERYTHING
    assert "the folder ALU vanished" in caplog.text


def test_a_folder_that_may_not_be_entered_fails_the_run_after_the_others(server: ScriptedFtp) -> None:
    server.add("/logs/ALU/20250528.LOG", LINES)
    server.replies["CWD"] = []
    refused = iter([None, "550 no"])

    def refuse(command: str) -> None:
        if command == "CWD /logs/ALU" and next(refused, "550 no") is None:
            server.replies["CWD"] = ["550 Permission denied"]

    server.on_command = refuse
    messages, error = run(server)
    assert error is not None
    assert "the folder ALU cannot be read (it cannot be entered: 550 Permission denied)" in error
    assert events(messages) == EVERYTHING


def test_hostile_names_are_refused_and_told(server: ScriptedFtp) -> None:
    def entry(name: str, kind: str = "-") -> str:
        if server.has_mlsd:
            return f"type={'dir' if kind == 'd' else 'file'};size=9;modify=20250528073000; {name}"
        return f"{kind}rw-r--r-- 1 u g 9 May 28  2025 {name}"

    server.listings["/logs"] = [
        entry("DEM12 (PVC)", "d"),
        entry("..", "d"),
        entry("../etc", "d"),
        entry("a\x1b", "d"),
    ]
    server.listings["/logs/DEM12 (PVC)"] = [
        entry("20250528.LOG"),
        entry("../../x.log"),
        entry("/etc/x.log"),
        entry("a\x00b.log"),
        entry("x\\y.txt"),
        entry("..", "-"),
    ]
    messages, error = run(server)
    assert error is not None
    assert "the listing of the folder / cannot be read (the name '../etc' is not used" in error
    told = {path: reason for kind, path, reason in problems(messages) if kind == "listing_unreadable"}
    assert told == {
        "": "the name '../etc' is not used, as it is a path, not a name; "
        "the name 'a\\x1b' is not used, as it holds control characters",
        "DEM12 (PVC)": "the name '../../x.log' is not used, as it is a path, not a name; "
        "the name '/etc/x.log' is not used, as it is a path, not a name; "
        "the name 'a\\x00b.log' is not used, as it holds control characters",
    }
    assert paths(messages) == ["DEM12 (PVC)/20250528.LOG"]
    assert not [command for command in server.commands if "etc" in command or "x.log" in command]


def test_a_loop_that_the_server_hides_is_read_once(
    server: ScriptedFtp, caplog: pytest.LogCaptureFixture
) -> None:
    names = ["loop", "sub"]
    entries = [
        f"type=dir; {name}" if server.has_mlsd else f"drwxr-xr-x 1 u g 9 May 28  2025 {name}"
        for name in names
    ]
    for depth in range(40):
        server.listings["/logs/A" + "/sub/loop" * depth] = entries
        server.add("/logs/A" + "/sub/loop" * depth + "/sub/20250528.LOG", LINES)
        server.listings["/logs/A" + "/loop" * depth] = entries
    messages, error = run(server)
    assert error is None
    assert [path for path in paths(messages) if path.startswith("A/")] == ["A/sub/20250528.LOG"]
    assert "taken for a loop" in caplog.text


def test_folders_without_end_are_not_followed_for_ever(
    server: ScriptedFtp, caplog: pytest.LogCaptureFixture
) -> None:
    for depth in range(40):
        line = f"type=dir;modify=202505280730{depth:02}; x"
        if not server.has_mlsd:
            line = f"drwxr-xr-x 1 u g {depth} May 28  2025 x"
        server.listings["/logs/A" + "/x" * depth] = [line]
    server.add("/logs/A/y", b"")
    _, error = run(server)
    assert error is None
    assert "folders deep" in caplog.text


def test_no_machine_folder_is_an_error(server: ScriptedFtp) -> None:
    server.files.clear()
    server.add("/logs/20250528.LOG", LINES)
    messages, error = run(server)
    assert error == (
        f"the folder /logs on the FTP server 127.0.0.1:{server.port} holds no machine folder"
        ": check FTP_ROOT, and that the machines still write there"
    )
    assert not events(messages)


def test_a_missing_root_is_an_error_and_the_state_stays(server: ScriptedFtp) -> None:
    state = last_state(run(server)[0])
    server.files.clear()
    messages, error = run(server, state)
    assert error is not None
    assert error.startswith("the folder /logs is missing on the FTP server")
    assert last_state(messages)["bookmarks"]["log_files"] == state["bookmarks"]["log_files"]


def test_the_check_of_a_source(server: ScriptedFtp) -> None:
    server.add("/logs/ALU/20250529.LOG", LINES, "20250529010203")
    report = check_source(config(server))
    assert report.files_by_machine == {"ALU": 1, "DEM12 (PVC)": 1}
    assert report.newest_path == "ALU/20250529.LOG"
    assert "2025-05-29T01:02:03" in str(report)
    assert "2 machines with 2 log files: ALU (1), DEM12 (PVC) (1)" in str(report)
    assert not server.verbs("RETR")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "wrong"}, ["refuses user u (530 no)", "FTP_PASSWORD"]),
        ({"host": "no-such-host.invalid"}, ["no-such-host.invalid", "FTP_HOST"]),
        ({"port": 1}, ["127.0.0.1:1", "FTP_PORT"]),
        ({"port": "21x"}, ["'21x'", "FTP_PORT"]),
        ({"root": "/nothing"}, ["/nothing", "FTP_ROOT"]),
        ({"tls": "explicit"}, ["does not offer explicit TLS", "FTP_TLS"]),
        ({"tls": "implicit"}, ["no TLS with", "FTP_TLS"]),
        ({"tls": "starttls"}, ["'starttls'", "off, explicit or implicit"]),
        ({"after_load": "burn"}, ["'burn'", "FTP_AFTER_LOAD"]),
        ({"archive_folder": "../x"}, ["'../x'", "FTP_ARCHIVE_FOLDER"]),
        ({"connections": "9"}, ["connections", "'9'", "1 to 8"]),
        ({"time_limit": "-1"}, ["time_limit", "'-1'"]),
        ({"plant_timezone": "Europe/Lutetia"}, ["Europe/Lutetia", "PLANT_TIMEZONE"]),
        ({"user": ""}, ["user is not set", "FTP_USER"]),
        ({"password": "a\r\nDELE x"}, ["line break", "FTP_PASSWORD"]),
        ({"tls": "explicit", "tls_ca_file": "/nowhere.pem"}, ["/nowhere.pem"]),
        ({"read_timeout": "soon"}, ["read_timeout", "'soon'"]),
    ],
)
def test_a_wrong_setting_is_named(server: ScriptedFtp, changes: dict[str, Any], words: list[str]) -> None:
    given = config(server, **changes)
    with pytest.raises(SourceError) as caught:
        check_source(given)
    for word in words:
        assert word in str(caught.value)
    assert given["password"] not in str(caught.value)
    assert "\n" not in str(caught.value)
