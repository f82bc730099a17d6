"""What is odd is told once, in a sentence: new event names, clocks that jump back, silent machines."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from tap_ftplogs.parser import Batch
from tap_ftplogs.settings import Settings
from tap_ftplogs.watch import MOST_NAMES, Watch

from .scripted_ftp import ScriptedFtp
from .test_faults import last_state, run

if TYPE_CHECKING:
    from collections.abc import Iterator

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2025, 5, 30, 12, 0, tzinfo=PARIS).timestamp()
LOGGER = logging.getLogger("test")


def watch(names_seen: tuple[str, ...] = (), **changes: Any) -> Watch:
    return Watch(Settings.of({"host": "h", "user": "u", **changes}), names_seen, LOGGER)


def batch(*times: str, name: str = "MachineStart") -> Batch:
    return Batch([(40 * number, number, time, name, "") for number, time in enumerate(times, 1)])


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_an_unknown_event_name_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    first = watch()
    first.file("A/20250528.LOG", None)
    first.batch(batch("2025-05-28T07:00:00"))
    first.batch(batch("2025-05-28T07:00:00", "2025-05-28T07:00:00", name="Alarm"))
    first.end()
    assert warnings(caplog) == [
        "event names never seen before, kept as they are: 'Alarm' (A/20250528.LOG, line 1)"
    ]
    caplog.clear()
    second = watch(tuple(json.loads(json.dumps(first.names_seen))))
    second.batch(batch("2025-05-28T07:00:00", name="Alarm"))
    second.end()
    assert not warnings(caplog)
    assert second.names_seen == first.names_seen


def test_names_without_end_are_not_remembered_without_end(caplog: pytest.LogCaptureFixture) -> None:
    one = watch()
    for number in range(3 * MOST_NAMES):
        one.batch(batch("2025-05-28T07:00:00", name=f"x{number}"))
    one.end()
    assert len(json.dumps(one.names_seen)) < 10 * MOST_NAMES + 10
    assert len(warnings(caplog)) == 1
    assert f"and {MOST_NAMES - 5} more" in warnings(caplog)[0]


@pytest.mark.parametrize(
    ("before", "after", "is_jump"),
    [
        ("2025-05-28T07:10:00", "2025-05-28T07:05:00", False),
        ("2025-05-28T07:10:00", "2025-05-28T07:04:59", True),
        ("2025-05-28T07:10:00", "2025-05-27T07:10:00", True),
        # The night in which summer time ends.
        ("2025-10-26T02:59:59", "2025-10-26T02:00:00", False),
        ("2025-10-26T02:59:59", "2025-10-26T01:50:00", True),
        ("2025-10-26T03:10:00", "2025-10-26T02:10:00", True),
        ("2025-10-25T02:59:59", "2025-10-25T02:00:00", True),
    ],
)
@pytest.mark.parametrize("is_split", [False, True])
def test_a_clock_that_jumps_back(
    caplog: pytest.LogCaptureFixture, before: str, after: str, *, is_jump: bool, is_split: bool
) -> None:
    one = watch()
    if is_split:
        one.file("A/20250528.LOG", before)
        one.batch(batch(after))
    else:
        one.file("A/20250528.LOG", None)
        one.batch(batch(before, after))
    one.machine("A", None, NOW)
    assert len(warnings(caplog)) == is_jump
    if is_jump:
        assert "the clock of A jumps back: in A/20250528.LOG, line" in warnings(caplog)[0]


def test_many_jumps_are_one_sentence_per_machine(caplog: pytest.LogCaptureFixture) -> None:
    one = watch()
    for day in (27, 28):
        one.file(f"A/202505{day}.LOG", None)
        one.batch(batch(*(f"2025-05-{day}T{hour:02}:00:00" for hour in (9, 8, 7))))
    one.machine("A", None, NOW)
    one.machine("B", None, NOW)
    assert warnings(caplog) == [
        "the clock of A jumps back: in A/20250527.LOG, line 2, from 2025-05-27 09:00:00 to 08:00:00, and 3 "
        "more times in 2 files: check the time of the machine"
    ]


@pytest.mark.parametrize(
    ("newest", "told"),
    [("2025-05-30T11:00:00", None), ("2025-05-28T12:00:01", None), ("2025-05-28T11:59:59", "2 days ago")],
)
def test_a_silent_machine(caplog: pytest.LogCaptureFixture, newest: str, told: str | None) -> None:
    watch(stale_after_hours=48).machine("A", newest, NOW)
    assert [told in warning for warning in warnings(caplog)] == ([True] if told else [])


@pytest.fixture
def server() -> Iterator[ScriptedFtp]:
    with ScriptedFtp() as server:
        yield server


def test_a_run_tells_what_is_odd(server: ScriptedFtp, caplog: pytest.LogCaptureFixture) -> None:
    now = datetime.now(PARIS)
    fresh = (now - timedelta(hours=1)).strftime("%Y%m%d %H:%M:%S").encode()
    server.add("/logs/OLD/20250528.LOG", b"20250528 07:00:00|@MachineStop\n20250528 06:00:00|@Alarm: 1\n")
    server.add("/logs/NEW/20250528.LOG", fresh + b"|@MachineStart\n")
    messages, error = run(server)
    assert error is None
    told = [text for text in warnings(caplog) if "LOG" in text or "newest" in text]
    assert [text.split(":")[0] for text in told] == [
        "the clock of OLD jumps back",
        "the newest line of OLD is of 2025-05-28 06",
        "event names never seen before, kept as they are",
    ]
    caplog.clear()
    messages, error = run(server, last_state(messages))
    assert [text.split(" is of")[0] for text in warnings(caplog)] == ["the newest line of OLD"]
