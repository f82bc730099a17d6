"""Which files of a machine may still be written, by all that is known of them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from tap_ftplogs.activity import IDLE_SECONDS, QUIET_SECONDS, Activity, activities, has_just_grown, is_recent
from tap_ftplogs.discovery import LogFile
from tap_ftplogs.listing import Listed
from tap_ftplogs.names import age_order
from tap_ftplogs.state import FileState

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = int(datetime(2025, 5, 28, 12, tzinfo=timezone.utc).timestamp())
HOUR = 3600
DAY = 86400
#: Longer ago than any rule looks back.
OLD = NOW - 400 * DAY


def found(
    times: Mapping[str, int | None],
    states: Mapping[str, FileState] | None = None,
    *,
    answers: Mapping[str, int] | None = None,
    days: Mapping[str, int] | None = None,
) -> dict[str, str]:
    """Return what may still be written, by path, of files with these times (MLSD's, or the day by LIST)."""
    files = [
        LogFile(path, path, Listed(path, "file", 10, "x", modified=at, day=(days or {}).get(path)))
        for path, at in sorted(times.items(), key=lambda item: age_order(item[0]))
    ]
    activity = activities(
        files, states or {}, NOW, ZoneInfo("Europe/Paris"), lambda file: (answers or {})[file.path]
    )
    return {path: each.name.lower() for path, each in activity.items() if each is not Activity.CLOSED}


def test_a_machine_writes_the_file_of_its_newest_day() -> None:
    # Another file was touched last: it stays open, too.
    times = {"A/20250525.LOG": OLD + 9, "A/20250526.LOG": OLD, "A/20250527.LOG": OLD + 5}
    assert found(times) == {"A/20250527.LOG": "newest", "A/20250525.LOG": "open"}


@pytest.mark.parametrize(
    "name", ["20360101.LOG", "20250529.LOG", "sub/20260101.LOG", "zzz 99991231.log", "sub/zzz.LOG"]
)
def test_no_name_that_sorts_last_makes_the_file_in_use_look_old(name: str) -> None:
    assert (
        found({f"A/{name}": OLD, "A/20250527.LOG": OLD, "A/20250528.LOG": OLD})["A/20250528.LOG"] == "newest"
    )
    # It has been quiet for a year: that no later day has come says enough.
    assert found({f"A/{name}": OLD, "A/20240528.LOG": OLD - 9})["A/20240528.LOG"] == "newest"


def test_a_day_that_is_not_over_is_written() -> None:
    times = {"A/20250528.LOG": OLD, "A/20250529.LOG": OLD, "A/20250601 (1).LOG": OLD, "A/20250527.LOG": OLD}
    assert "A/20250527.LOG" not in {path for path, each in found(times).items() if each == "newest"}
    assert len([each for each in found(times).values() if each == "newest"]) == 3


def test_several_writers_share_a_day() -> None:
    times = {
        "A/20250526.LOG": OLD,
        "A/20250527.LOG": OLD + 1,
        "A/20250527 (1).LOG": OLD,
        "A/ST2/20250527.LOG": OLD,
        "A/Station 3 20250527.log": OLD,
    }
    assert found(times) == {path: "newest" for path in times if "0527" in path}


def test_the_latest_file_of_each_writer_is_left_alone_for_weeks() -> None:
    times: dict[str, int | None] = {
        "A/20250527.LOG": NOW - HOUR,
        "A/ST2/20250519.LOG": NOW - 9 * DAY,
        "A/ST2/20250518.LOG": NOW - 10 * DAY,
        "A/ST2/20360101.LOG": OLD,
        "A/20250517 P.LOG": NOW - 9 * DAY,
        "A/20250518 (2).LOG": NOW - 9 * DAY,
        "A/MACHINE.LOG": NOW - 9 * DAY,
        "A/trace2.LOG": NOW - 9 * DAY,
        "A/trace10.LOG": NOW - 8 * DAY,
        "A/idle/20250101.LOG": NOW - IDLE_SECONDS - 1,
    }
    assert found(times) == {
        "A/20250527.LOG": "newest",
        "A/ST2/20360101.LOG": "newest",
        "A/ST2/20250519.LOG": "latest",
        "A/20250517 P.LOG": "latest",
        "A/MACHINE.LOG": "latest",
        "A/trace10.LOG": "latest",
    }


def test_names_without_a_day() -> None:
    assert found({"A/a.LOG": OLD, "A/b.LOG": OLD + 1, "A/c.LOG": OLD}) == {
        "A/b.LOG": "open",
        "A/c.LOG": "newest",
    }
    assert found({}) == {}


def test_a_time_that_cannot_be_right_makes_no_file_old() -> None:
    times = {"A/20250101.LOG": NOW + 900 * DAY, "A/20250102.LOG": OLD + 1, "A/20250103.LOG": OLD}
    assert "A/20250102.LOG" in found(times)


def test_the_server_is_asked_where_the_listing_does_not_tell() -> None:
    paths = ["A/20250101.LOG", "A/20250102.LOG", "A/20250103.LOG"]
    days = dict.fromkeys(paths, 20240528)
    answers = {paths[0]: OLD + 5, paths[1]: OLD + 9, paths[2]: OLD}
    times = dict.fromkeys(paths)
    assert found(times, days=days, answers=answers) == {paths[1]: "open", paths[2]: "newest"}
    known = {path: FileState(path, 10, answers[path], "x") for path in paths}
    # Nothing has changed: nothing is asked.
    assert found(times, known, days=days) == {paths[1]: "open", paths[2]: "newest"}


def test_a_listing_without_any_time_tells_nothing() -> None:
    many = {f"A/{20240101 + number}.LOG": None for number in range(28)}
    many |= {f"A/{20240201 + number}.LOG": None for number in range(28)}
    assert set(found(many)) == set(many)


@pytest.mark.parametrize(
    ("modified", "read_at", "expected"),
    [
        (NOW - QUIET_SECONDS - 1, NOW, False),
        (NOW - QUIET_SECONDS + 1, OLD, True),
        # The server's clock is an hour ahead, or a year, or it tells no time at all.
        (NOW + HOUR, OLD, True),
        (NOW + 400 * DAY, OLD, False),
        (NOW + 400 * DAY, NOW - HOUR, True),
        (None, OLD, False),
        (None, NOW - HOUR, True),
    ],
)
def test_what_was_modified_lately_may_go_on(modified: int | None, read_at: int, *, expected: bool) -> None:
    known = FileState("A/20250101.LOG", 10, modified, "x", read_at=read_at)
    assert is_recent(known, modified, NOW) is expected


def test_a_file_that_was_seen_to_grow_may_go_on_whatever_the_servers_clock_says() -> None:
    for changed_at, expected in ((NOW - HOUR, True), (NOW - QUIET_SECONDS - 1, False), (0, False)):
        assert has_just_grown(FileState("A/1.LOG", 10, OLD, "x", changed_at=changed_at), NOW) is expected
