"""A server that means harm: it sends without end, too slowly, numbers and texts that are none."""

from __future__ import annotations

import tracemalloc
import unicodedata
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tap_ftplogs import client as client_module
from tap_ftplogs import discovery
from tap_ftplogs.check import check_source
from tap_ftplogs.errors import SourceError
from tap_ftplogs.limits import MAX_GROWTH_BYTES, MAX_LISTING_LINES
from tap_ftplogs.listing import parse_list, parse_mlsd

from .runs import config, events, last_state, problems, run
from .scripted_ftp import ScriptedFtp

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = "/logs/A1 (PVC)/20250528.LOG"
HONEST = "/logs/DEM12 (PVC)/20250528.LOG"
LINE = b"20250528 07:00:00|@Piece: good\n"
NOW = datetime(2025, 6, 1, tzinfo=timezone.utc)
#: What turns a terminal red, a line round, a text of PostgreSQL off; what forges a line of a log.
HARMFUL = "no\x00way \x1b[31mred\x1b[0m \u202egnp.exe\u202c \u200b\x9b2J\x07".encode().decode("latin-1")


@pytest.fixture(params=[False, True], ids=["LIST", "MLSD"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedFtp]:
    monkeypatch.setattr(client_module, "FIRST_PAUSE_SECONDS", 0.001)
    with ScriptedFtp(has_mlsd=request.param) as server:
        server.add(HONEST, LINE)
        yield server


def peak_of_run(server: ScriptedFtp, **changes: Any) -> tuple[int, list[dict[str, Any]], str | None]:
    """Run the tap; return the most memory in bytes that it has taken meanwhile, and what it said."""
    tracemalloc.start()
    try:
        messages, error = run(server, **changes)
        return tracemalloc.get_traced_memory()[1], messages, error
    finally:
        tracemalloc.stop()


def is_plain(text: str) -> bool:
    return not any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") for letter in text)


@pytest.mark.security(
    attack="FTP replies without end",
    rule="a reply has 64 KB",
)
@pytest.mark.parametrize(
    "data", [b"211-endless\r\n" * 500, b"211-" + b"x" * 8000, b"x" * 8000], ids=["lines", "line", "junk"]
)
@pytest.mark.parametrize("verb", ["CONNECT", "PASS", "FEAT", "CWD", "PWD", "SIZE", "PASV", "RETR", "QUIT"])
def test_a_reply_without_end_is_given_up(server: ScriptedFtp, verb: str, data: bytes) -> None:
    server.floods[verb] = data
    peak, _, error = peak_of_run(server, attempts=2)
    if verb != "QUIT":
        assert error is not None
        assert "a reply has no end" in error
    assert peak < 20_000_000
    assert server.sent < 40_000_000


@pytest.mark.parametrize("verb", ["CONNECT", "CWD", "SIZE"])
def test_a_reply_of_single_bytes_has_one_time_out(server: ScriptedFtp, verb: str) -> None:
    server.floods[verb] = b"2"
    server.flood_pause = 0.05
    _, error = run(server, read_timeout=0.3, connect_timeout=0.3, attempts=2)
    assert error is not None
    assert "failed 2 times" in error or "does not answer within" in error


@pytest.mark.security(
    attack="a file of a byte a minute",
    rule="a time-out for each block",
)
def test_a_file_of_single_bytes_is_given_up(server: ScriptedFtp) -> None:
    server.add(HOSTILE, b"x")
    server.endless = {HOSTILE}
    server.on_command = lambda sent: server.replies["SIZE"].extend(
        ["213 1000000"] if sent == f"SIZE {HOSTILE}" else []
    )
    server.flood_pause = 0.05
    _, error = run(server, read_timeout=0.3, attempts=2)
    assert error is not None
    assert "failed 2 times, lastly with 'timed out'" in error


@pytest.mark.security(
    attack="a file that goes on after its announced end",
    rule="announced size and what it may grow meanwhile",
)
def test_a_file_that_goes_on_after_its_announced_end_is_a_problem(server: ScriptedFtp) -> None:
    server.add(HOSTILE, LINE * 1000)
    server.endless = {HOSTILE}
    peak, messages, error = peak_of_run(server)
    assert error is not None
    assert "31,000 bytes, and sends more than" in error
    assert [(kind, path) for kind, path, _ in problems(messages)] == [("file_unreadable", HOSTILE[6:])]
    assert events(messages)[-1] == "good", "the other machine is read"
    assert server.sent < 3 * MAX_GROWTH_BYTES + 10_000_000
    assert peak < 200_000_000


def test_a_file_that_grows_fast_and_says_so_is_read_on(
    server: ScriptedFtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tap_ftplogs.reader.MAX_GROWTH_BYTES", 100)
    server.add(HOSTILE, LINE * 10)

    def grow(command: str) -> None:
        if command == f"RETR {HOSTILE}" and len(server.files[HOSTILE][0]) == len(LINE) * 10:
            server.add(HOSTILE, LINE * 50)

    server.on_command = grow
    messages, error = run(server, connections=1)
    assert error is None
    assert len(events(messages)) == 51


@pytest.mark.parametrize("size", [5 * 1024**4, 10**17])
def test_a_file_said_to_be_enormous_is_not_read(server: ScriptedFtp, size: int) -> None:
    server.add(HOSTILE, LINE)
    server.listed[HOSTILE] = (size, "20250528073000")
    server.on_command = lambda sent: server.replies["SIZE"].extend(
        [f"213 {size}"] if sent == f"SIZE {HOSTILE}" else []
    )
    messages, error = run(server)
    assert error is not None
    assert "more than the 4,294,967,296" in error
    assert events(messages) == ["good"]


@pytest.mark.security(
    attack="a listing without end",
    rule="bytes and entries of a listing",
)
@pytest.mark.parametrize("data", [b"x" * 60_000, b"x\r\n" * 20_000], ids=["one line", "lines"])
def test_a_listing_without_end_is_a_problem_of_its_folder(server: ScriptedFtp, data: bytes) -> None:
    server.add(HOSTILE, LINE)
    server.endless_listings["/logs/A1 (PVC)"] = data
    peak, messages, error = peak_of_run(server)
    assert error is not None
    assert "A1 (PVC)" in error
    assert f"{MAX_LISTING_LINES:,} lines" in error
    assert events(messages) == ["good"]
    assert peak < 60_000_000


# Slow: the account of all memory makes reading ten times slower.
@pytest.mark.slow
def test_the_longest_listing_that_is_read_takes_bounded_memory(server: ScriptedFtp) -> None:
    line = (
        "type=file;size=1;modify=20250528073000; " if server.has_mlsd else "-rw-r--r-- 1 u g 1 May 28 2025 "
    )
    server.listings["/logs/A1 (PVC)"] = [f"{line}{n:06}.txt" for n in range(MAX_LISTING_LINES)]
    server.add(HOSTILE, LINE)
    peak, messages, error = peak_of_run(server)
    assert error is None
    assert events(messages) == ["good"]
    assert peak < 300_000_000


def test_folders_without_end_keep_no_other_machine_from_being_read(
    server: ScriptedFtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "MAX_MACHINE_FOLDERS", 30)
    entry = "type=dir; " if server.has_mlsd else "drwxr-xr-x 1 u g 1 May 28 2025 "
    server.add(HOSTILE, LINE)

    def widen(command: str) -> None:
        verb, _, path = command.partition(" ")
        if verb == "CWD" and path.startswith("/logs/A1 (PVC)"):
            server.listings[path] = [f"{entry}{path.count('/')}-{number}" for number in range(20)]

    server.on_command = widen
    messages, error = run(server)
    assert error is not None
    assert "A1 (PVC) cannot be read (it holds more than 30 folders" in error
    assert events(messages) == ["good"]


def test_files_without_end_keep_no_other_machine_from_being_read(
    server: ScriptedFtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "MAX_MACHINE_TREE_BYTES", 10_000)
    for number in range(50):
        server.add(f"/logs/A1 (PVC)/{number}.log", LINE)
    messages, error = run(server)
    assert error is not None
    assert "A1 (PVC) cannot be read (it holds more files and folders" in error
    assert events(messages) == ["good"]
    monkeypatch.setattr(discovery, "MAX_TREE_BYTES", 10_000)
    assert "holds more files and folders than a run keeps in mind" in (run(server)[1] or "")


def test_a_path_that_is_too_long_is_a_problem_of_its_folder(server: ScriptedFtp) -> None:
    folder = "/logs/A1 (PVC)/" + "/".join(str(depth) * 200 for depth in range(6))
    server.add(f"{folder}/1.log", LINE)
    messages, error = run(server)
    assert error is not None
    assert "its path is longer than 1,024 bytes" in error
    assert events(messages) == ["good"]


def test_a_run_receives_no_more_than_its_share(server: ScriptedFtp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tap_ftplogs.budget.MAX_RUN_BYTES", 100_000)
    server.add(HOSTILE, LINE * 10_000)
    messages, error = run(server, connections=1)
    assert error is not None
    assert "received more than 100,000 bytes" in error
    # What was read is kept, and the next run goes on from there.
    assert len(events(messages)) > 1000
    assert last_state(messages)


@pytest.mark.security(
    attack="PASV that points to another host",
    rule="data come from the server alone",
)
@pytest.mark.parametrize("address", ["10,9,8,7", "999,999,999,999", "127,0,0,1,1,1"])
def test_a_data_connection_goes_to_the_server_alone(server: ScriptedFtp, address: str) -> None:
    server.told_address = address
    messages, error = run(server, attempts=1)
    if address.startswith("127"):
        assert error is not None
    else:
        assert (events(messages), error) == (["good"], None)


@pytest.mark.security(
    attack="NUL and escape sequences in replies",
    rule="one sentence in plain text, status 1",
)
@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        ("PASV", "227 (127,0,0,1,999,999)"),
        ("PASV", "227 (127,0,0,1,0,0)"),
        ("PASV", f"227 (127,0,0,1,{'9' * 5000},1)"),
        ("RETR", f"150 ready ({'9' * 5000} bytes)"),
        ("SIZE", f"213 {'9' * 5000}"),
        ("SIZE", f"213 {'9' * 30}"),
        ("SIZE", "213 ²²"),
        ("MDTM", "213 99999999999999"),
        ("MDTM", "213 00010101000000"),
        ("MDTM", f"213 {'9' * 5000}"),
        ("PWD", '257 "/a\rQUIT"'),
        ("PWD", '257 "/\x00\x1b[2J"'),
        ("PWD", f'257 "/{"x" * 5000}"'),
        ("FEAT", f"500 {HARMFUL}"),
        ("CWD", f"550 {HARMFUL}"),
        ("LIST", f"550 {HARMFUL}"),
        ("RETR", f"550 {HARMFUL}"),
        ("PASS", f"530 {HARMFUL}"),
        ("CONNECT", f"500 {HARMFUL}"),
        ("CONNECT", ""),
        ("PASS", "2"),
    ],
)
def test_what_is_no_reply_ends_in_a_plain_sentence(
    server: ScriptedFtp, verb: str, reply: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.unknown[verb] = reply
    messages, error = run(server, attempts=2)
    told = [error or "", *(reason for _, _, reason in problems(messages))]
    try:
        with_check = check_source(config(server, attempts=1), thorough=True).sentences()
    except SourceError as failure:
        with_check = [str(failure)]
    assert all(is_plain(text) and len(text) < 5000 for text in [*told, *with_check, *caplog.messages])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    verb=st.sampled_from(
        [
            "CONNECT",
            "USER",
            "PASS",
            "TYPE",
            "FEAT",
            "CWD",
            "PWD",
            "PASV",
            "LIST",
            "MLSD",
            "SIZE",
            "MDTM",
            "RETR",
        ]
    ),
    reply=st.builds(
        "{}{}{}".format,
        st.sampled_from(
            ["", "1", "150 ", "213 ", "213-", "220 ", "227 (", "229 (|||", '257 "/', "421 ", "550 "]
        ),
        st.text(st.characters(max_codepoint=255, exclude_characters="\n"), max_size=30),
        st.sampled_from(["", '"', ")", "|)", " bytes)", "\r"]),
    ),
)
def test_any_reply_to_any_command_ends_in_a_sentence_or_in_nothing(
    server: ScriptedFtp, verb: str, reply: str
) -> None:
    server.unknown = {verb: reply}
    _, error = run(server, attempts=1, read_timeout=0.05, connect_timeout=0.05)
    assert error is None or is_plain(error)


LISTED_WORDS = st.sampled_from(
    [
        *("-rw-r--r--", "drwxr-xr-x", "lrwxrwxrwx", "1", "u", "g", "May", "28", "07:00", "2025", "x.log"),
        *("²²²", "5²", "\xb9\xb2", "9" * 5000, "1.234", "1\xa0234", "->", "<DIR>", "05-28-25", "07:00AM"),
        *(
            "28.05.2025",
            "0000-00-00",
            "type=file;",
            f"size={'9' * 5000};",
            "modify=99999999999999;",
            "size=²;",
        ),
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.lists(LISTED_WORDS | st.text(st.characters(max_codepoint=255), max_size=8), max_size=12).map(
            " ".join
        ),
        max_size=4,
    )
)
def test_any_line_of_a_listing_is_read_or_told_as_odd(lines: list[str]) -> None:
    for entries, odd in (parse_list(lines, NOW), parse_mlsd(lines)):
        assert len(entries) + len(odd) <= len(lines)
        assert all(-1 <= entry.size < 10**18 for entry in entries)


def test_long_lines_of_a_listing_take_no_long_time() -> None:
    for word in ("1", "1 ", "a1", "-", "9" * 2000 + " ", "May 28 ", "1.", "1\xa0"):
        for head in ("", "-rw-r--r-- ", "05-28-25  07:00AM "):
            line = (head + word * 16_000)[:2048]
            parse_list([line] * 20 + [(head + word * 16_000)], NOW)
            parse_mlsd([line] * 20)
