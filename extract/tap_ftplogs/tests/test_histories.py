"""Whatever happens to the files between the runs, the current versions hold exactly what is in the files."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tap_ftplogs import client as client_module
from tap_ftplogs.parser import Parser
from tap_ftplogs.position import Position
from tap_ftplogs.tap import TapFtpLogs

from .plant import Result, Warehouse
from .scripted_ftp import ScriptedFtp

NAMES = ("20250527.LOG", "20250528 (1).LOG", "20250528.LOG")

TEXTS = [b"|@Piece", b"|@St\xfcck: 1\r", b"|@P:" + b"x" * 90, b" no event", b" \x00|@Zero: \x00"]
ODD_LINES = [b"garbage", b"", b"\xff\xfe\x00", b"20251332 07:00:00|@Never"]

steps = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(["append", "append", "append", "replace", "cut", "touch", "repeat", "empty", "edit"]),
        st.lists(st.integers(0, len(TEXTS) + len(ODD_LINES) - 1), max_size=5),
        st.integers(0, 60),
        st.booleans(),
    ),
    max_size=12,
)


class Logger:
    """Writes lines as machines do: later ones within a version, the days of an earlier week in the next one.

    So a version that is replaced by a longer one is told by its times, wherever the old end falls.
    """

    def __init__(self) -> None:
        self.now = datetime(2025, 5, 28)  # noqa: DTZ001 # wall clock

    def begin(self) -> None:
        self.now = self.now.replace(hour=0, minute=0, second=0) - timedelta(days=7)

    def lines(self, choices: list[int]) -> bytes:
        content = b""
        for choice in choices:
            self.now += timedelta(seconds=1)
            if choice < len(TEXTS):
                content += self.now.strftime("%Y%m%d %H:%M:%S").encode() + TEXTS[choice] + b"\n"
            else:
                content += ODD_LINES[choice - len(TEXTS)] + b"\n"
        return content


def run(server: ScriptedFtp, state: dict[str, Any]) -> Result:
    config = {"host": "127.0.0.1", "port": server.port, "user": "u", "password": "p", "root": "/logs"}
    output = io.StringIO()
    with redirect_stdout(output):
        TapFtpLogs(config=config, state=state).sync_all()
    return Result([json.loads(line) for line in output.getvalue().splitlines()], server.sent, 0)


def expected_lines(content: bytes) -> list[tuple[int, str]]:
    parser = Parser(Position())
    batch, last = parser.feed(content), parser.finish()
    found = [(row[0], f"{row[2]} {row[3]} {row[4]}".rstrip()) for row in batch.events + last.events]
    found += [(row[0], f"{row[5]}: {row[3]}") for row in batch.rejected + last.rejected]
    return sorted(found)


@pytest.mark.parametrize("has_mlsd", [False, True])
@settings(
    max_examples=40,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps)
def test_the_warehouse_holds_what_is_in_the_files(
    has_mlsd: bool,  # noqa: FBT001 # pytest's
    monkeypatch: pytest.MonkeyPatch,
    history: list[tuple[str, str, list[int], int, bool]],
) -> None:
    monkeypatch.setattr(client_module, "BLOCK_BYTES", 64)
    warehouse = Warehouse()
    state: dict[str, Any] = {}
    logger = Logger()
    with ScriptedFtp(has_mlsd=has_mlsd) as server:
        server.list_time = "%b %d %H:%M"
        for each in NAMES:
            server.add(f"/logs/A/{each}", b"")
        for minute, (name, kind, choices, count, is_followed_by_run) in enumerate(history):
            path = f"/logs/A/{name}"
            before = server.files.get(path, (b"", ""))[0]
            content = before
            if kind == "append":
                content = before + logger.lines(choices)
                content = content[: max(len(before), len(content) - count % 9)]
            elif kind in ("replace", "empty"):
                logger.begin()
                content = logger.lines(choices) if kind == "replace" else b""
            elif kind == "cut":
                content = before[: len(before) * count // 60]
            elif kind == "edit" and before and name == NAMES[0]:
                # Of a file that is not its machine's newest any byte may be another one, and the rest go on.
                at = count * len(before) // 61
                content = before[:at] + bytes([before[at] ^ 1]) + before[at + 1 :] + logger.lines(choices)
            elif kind == "repeat":
                content = before + before[-(before.rfind(b"\n", 0, -1) + 1) :]
            moment = datetime(2026, 1, 1) + timedelta(minutes=minute)  # noqa: DTZ001 # the server's clock
            server.add(path, content, moment.strftime("%Y%m%d%H%M%S"))
            if is_followed_by_run:
                result = run(server, state)
                warehouse.load(result)
                state = result.state
                warehouse.check_accounts()
        for _ in range(2):
            result = run(server, state)
            warehouse.load(result)
            state = result.state
        for path, (content, _) in server.files.items():
            assert warehouse.lines(path.removeprefix("/logs/")) == expected_lines(content)
        warehouse.check_accounts()
        assert run(server, state).record_count == 0


REAL_BYTES = (
    b"\xef\xbb\xbf20250528 07:02:11|@MachineStart\r\n"
    b"20250528 07:02:12 |@ St\xc3\xbcck : \xe2\x82\xac \xf0\x9f\x98\x80\r\n"
    b"\r\n\x00\r\n"
    b"20250528 07:0\x002:13|@J\xf6b\n"
    b"garb\x00age\x81\r\r\n"
    b"20250231 07:02:14|@Never\n"
    b"20250528 07:02:15|@Last"
)


@pytest.mark.parametrize("is_newest", [False, True])
def test_a_file_that_is_cut_anywhere_into_two_runs_gives_the_rows_of_one(*, is_newest: bool) -> None:
    def lines(*contents: bytes) -> tuple[Any, Any]:
        """Load a file that grew so, and let it settle; return its rows and its line of accounts."""
        warehouse = Warehouse()
        state: dict[str, Any] = {}
        with ScriptedFtp() as server:
            if not is_newest:
                server.add("/logs/A/20250529.LOG", b"", "20250529073000")
            for number, content in enumerate((*contents, contents[-1], contents[-1])):
                # A file that is not its machine's newest has settled: what it is cut into comes by growth.
                moment = f"202505280730{min(number, len(contents) - 1):02}"
                server.add("/logs/A/20250528.LOG", content, moment)
                result = run(server, state)
                warehouse.load(result)
                state = result.state
        warehouse.check_accounts()
        file = warehouse.current_files()["A/20250528.LOG"]
        account = {key: value for key, value in file.items() if key not in ("read_at", "modified_at")}
        found = [
            {key: value for key, value in row.items() if key != "file_version_id"}
            for stream in ("log_events", "rejected_lines")
            for row in warehouse.tables[stream].values()
            if row["file_version_id"] == file["file_version_id"]
        ]
        return sorted(found, key=lambda row: row["byte_offset"]), account

    expected, account = lines(REAL_BYTES)
    assert len(expected) == 6
    for cut in range(len(REAL_BYTES)):
        found, found_account = lines(REAL_BYTES[:cut], REAL_BYTES)
        assert found == expected, cut
        # A torn line that was taken and turns out to be another kind of line makes a new version.
        differing = {key for key in account if account[key] != found_account[key]}
        assert differing <= {"file_version_id", "generation"}, cut
        if is_newest:
            assert not differing, cut
