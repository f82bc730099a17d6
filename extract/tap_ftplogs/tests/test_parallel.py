"""Several connections at once: the same rows in the same order, bounded memory, limits of the server."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from tap_ftplogs import ahead as ahead_module
from tap_ftplogs import client as client_module

from .plant import Plant
from .scripted_ftp import CLOSE, ScriptedFtp
from .test_faults import events, last_state, paths, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from atelier_demo.servers.vsftpd import Vsftpd

LINES = b"".join(b"20250528 07:%02d:%02d|@Piece: %d\n" % (n // 60, n % 60, n) for n in range(300))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedFtp]:
    monkeypatch.setattr(client_module, "FIRST_PAUSE_SECONDS", 0.001)
    with ScriptedFtp() as server:
        for number in range(30):
            server.add(f"/logs/M{number % 3}/202501{number + 1:02}.LOG", LINES)
        yield server


@pytest.mark.integration
@pytest.mark.parametrize("rows_ahead", [1, 700, 50_000])
def test_the_records_do_not_depend_on_the_number_of_connections(
    vsftpd: Vsftpd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_ahead: int
) -> None:
    monkeypatch.setattr(ahead_module, "ROWS_AHEAD", rows_ahead)
    plant = Plant(vsftpd, tmp_path.name)
    for number in range(60):
        plant.write(f"M{number % 4}/2025010{number % 9} {number}.LOG", LINES * (number % 7))
    expected: list[Any] | None = None
    for connections in (1, 2, 8):
        result = plant.run(keep=False, config={"connections": connections})
        assert result.error is None
        records = [
            {key: value for key, value in message["record"].items() if key != "read_at"}
            for message in result.messages
            if message["type"] == "RECORD"
        ]
        assert expected is None or records == expected
        expected = records


def test_so_many_connections_work_at_once(server: ScriptedFtp) -> None:
    busy = threading.Semaphore(0)
    sessions: set[int] = set()

    def wait(command: str) -> None:
        if command.startswith("RETR"):
            sessions.add(threading.get_ident())
            if len(sessions) < 8:
                # Nobody goes on before eight are here.
                assert busy.acquire(timeout=20)
            busy.release()

    server.on_command = wait
    messages, error = run(server, connections=8)
    assert error is None
    assert len(sessions) == 8
    assert len(events(messages)) == 30 * 300


@pytest.mark.parametrize("reply", ["421 too many", CLOSE, "530 sorry"])
def test_a_server_that_grants_one_connection_is_read_over_one(server: ScriptedFtp, reply: str) -> None:
    connected = []

    def count(command: str) -> None:
        if command.startswith("USER"):
            connected.append(command)
            if len(connected) > 1:
                server.replies["USER"] = [reply]

    server.on_command = count
    messages, error = run(server, connections=4)
    assert error is None
    # A refused password that is not ASCII is tried in latin-1 as well.
    assert len(connected) == (7 if reply.startswith("530") else 4)
    assert len(events(messages)) == 30 * 300


def test_an_idle_run_opens_one_connection(server: ScriptedFtp) -> None:
    state = last_state(run(server)[0])
    server.commands.clear()
    messages, error = run(server, state)
    assert error is None
    assert len(server.verbs("USER")) == 1
    assert not server.verbs("RETR")
    assert not paths(messages)


def test_a_failure_of_one_connection_keeps_what_came_before_it(server: ScriptedFtp) -> None:
    server.add("/logs/M1/20250102.LOG", LINES)
    broken = {"RETR /logs/M1/20250114.LOG"}

    def break_off(command: str) -> None:
        if command in broken:
            server.replies["RETR"] = ["426 aborted"]

    server.on_command = break_off
    messages, error = run(server, connections=4)
    assert error is not None
    assert "20250114.LOG" in error
    state = last_state(messages)
    broken.clear()
    again, error = run(server, state)
    assert error is None
    assert len(events(messages)) + len(events(again)) == 30 * 300
    assert not set(paths(again)) & {path for path in paths(messages) if path.startswith("M0/")}


def test_a_run_ends_when_its_time_is_over(server: ScriptedFtp) -> None:
    def stall(command: str) -> None:
        if command == "RETR /logs/M1/20250111.LOG":
            time.sleep(20)

    server.on_command = stall
    begun = time.monotonic()
    messages, error = run(server, connections=3, time_limit=1.5)
    assert time.monotonic() - begun < 10
    assert error is not None
    assert "time_limit" in error
    state = last_state(messages)
    server.on_command = lambda _: None
    again, error = run(server, state)
    assert error is None
    assert len(events(messages)) + len(events(again)) == 30 * 300


def test_no_connection_and_no_thread_is_left(server: ScriptedFtp) -> None:
    server.cuts = [(100, "426 aborted")] * 40
    _, error = run(server, connections=8)
    assert error is not None
    deadline = time.monotonic() + 10
    while [thread for thread in threading.enumerate() if thread.name.startswith("ftp-")]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_old_files_cost_nothing_but_the_listing_of_their_folders(server: ScriptedFtp) -> None:
    for number in range(2_000):
        server.add(f"/logs/M{number % 3}/2024{number // 3:04}.LOG", LINES[:100])
    messages, error = run(server, connections=8)
    assert error is None
    # Files of the last minutes might change within the minute that a listing shows; these are old.
    state = last_state(run(server, last_state(messages))[0])
    server.commands.clear()
    assert not events(run(server, state)[0])
    verbs = Counter(command.split(" ")[0] for command in server.commands)
    assert verbs["RETR"] == 0
    # Only the newest file of each machine is asked about.
    assert (verbs["MDTM"], verbs["SIZE"]) == (3, 3)
    assert verbs["LIST"] == 4
    assert sum(verbs.values()) < 30
