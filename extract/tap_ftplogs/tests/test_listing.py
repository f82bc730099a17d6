"""Listings as servers write them, and names that are not to be trusted."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_ftplogs.listing import Listed, parse_list, parse_mlsd, parse_time_value
from tap_ftplogs.names import age_order, day_in_name, escaped_name, is_log_name, refusal, shown_name

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "drwxr-xr-x    2 1000     1000         4096 May 28 07:30 DEM12 (PVC)",
            Listed("DEM12 (PVC)", "folder", 4096, "May 28 07:30", day=20250528),
        ),
        (
            "-rw-r--r--    1 ftp      ftp             0 May 28  2024 20240528 (1).LOG",
            Listed("20240528 (1).LOG", "file", 0, "May 28 2024", day=20240528),
        ),
        (
            "-rw-r--r--    1 ftp      ftp      98765432 Dec 31 23:59   two leading blanks.log",
            Listed("  two leading blanks.log", "file", 98765432, "Dec 31 23:59", day=20241231),
        ),
        (
            "-rw-r--r--+ 1 DOM\\Domain Users 12 3 Jun  1 12:01 a",
            Listed("a", "file", 3, "Jun 1 12:01", day=20250601),
        ),
        ("-rw-r--r-- 1 u g 12 28 mai 2025 a", Listed("a", "file", 12, "28 mai 2025")),
        (
            "-rw-r--r-- 1 u g 12 2025-05-28 07:30 a",
            Listed("a", "file", 12, "2025-05-28 07:30", day=20250528),
        ),
        (
            "lrwxrwxrwx 1 u g 4 May 28 07:30 here -> there -> x",
            Listed("here", "link", 4, "May 28 07:30", day=20250528),
        ),
        ("05-28-25  07:30AM       <DIR>          DEM 12", Listed("DEM 12", "folder", 0, "05-28-25 07:30AM")),
        ("05-28-25  07:30AM               1234 a.LOG", Listed("a.LOG", "file", 1234, "05-28-25 07:30AM")),
    ],
)
def test_a_line_of_list(line: str, expected: Listed) -> None:
    assert parse_list([line], NOW) == ([expected], [])


def test_odd_lines_of_list_are_told() -> None:
    lines = [
        "total 12",
        "",
        "crw-rw-rw- 1 u g 1, 3 May 28 07:30 null",
        "what?",
        "-rw------- 1 u g 1 May 28 07:30",
    ]
    assert parse_list(lines, NOW) == ([], lines[3:])


def test_the_day_of_a_listed_time_outlives_its_form() -> None:
    def day(text: str, now: datetime) -> int | None:
        return parse_list([f"-rw-r--r-- 1 u g 12 {text} a"], now)[0][0].day

    for moment in (datetime(2025, 12, 30, tzinfo=timezone.utc), datetime(2025, 5, 30, tzinfo=timezone.utc)):
        recent = moment.strftime("%b %d 07:30")
        assert (
            day(recent, moment) == day(moment.strftime("%b %d  %Y"), moment) == int(moment.strftime("%Y%m%d"))
        )
    assert day("Dec 31 07:30", datetime(2026, 1, 2, tzinfo=timezone.utc)) == 20251231
    assert day("Jan  1 00:10", datetime(2025, 12, 31, 23, 0, tzinfo=timezone.utc)) == 20260101


def test_lines_of_mlsd() -> None:
    lines = [
        "type=cdir;modify=20250528073000; .",
        "type=file;size=12;modify=20250528073000.123;unique=1g2; a b (1).LOG",
        "Type=dir;Modify=20250528073000;  leading",
        "type=OS.unix=slink:/x;modify=20250528073000; link",
        "type=file;modify=20251328073000; odd time",
        "size=3 nothing",
        "",
    ]
    entries, odd = parse_mlsd(lines)
    assert entries == [
        Listed("a b (1).LOG", "file", 12, "20250528073000.123", 1748417400, 20250528),
        Listed(" leading", "folder", -1, "20250528073000", 1748417400, 20250528),
        Listed("link", "link", -1, "20250528073000", 1748417400, 20250528),
        Listed("odd time", "file", -1, "20251328073000"),
    ]
    assert odd == ["size=3 nothing"]


@given(st.lists(st.text(st.characters(max_codepoint=255)), max_size=4))
def test_no_line_breaks_the_reading(lines: list[str]) -> None:
    parse_list(lines, NOW)
    parse_mlsd(lines)
    for line in lines:
        refusal(line)
        shown_name(line)


def test_times_of_mdtm() -> None:
    assert parse_time_value("20250528073000") == 1748417400
    assert parse_time_value(" 20250528073000.5 ") == 1748417400
    assert parse_time_value("20250231073000") is None
    assert parse_time_value("soon") is None


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "../x.log", "a\\b.log", "a\nb.log", "a\x00", "\x1b[1m", "\x85"]
)
def test_names_that_are_refused(name: str) -> None:
    assert refusal(name)


@pytest.mark.parametrize("name", ["a", "...", " .log", "a..b", "é", "é".encode().decode("latin-1"), "-rf *"])
def test_names_that_are_taken(name: str) -> None:
    assert refusal(name) is None


def test_names_are_shown_as_utf_8_where_they_are() -> None:
    assert shown_name("été".encode().decode("latin-1")) == "été"
    assert shown_name("\xe9t\xe9") == "été"
    assert escaped_name("\xe9t\xe9.log") == r"\xe9t\xe9.log"


def test_log_names() -> None:
    assert [
        name for name in ("a.LOG", "a.log", "a.Log", ".log", "a.log.gz", "alog") if is_log_name(name)
    ] == [
        "a.LOG",
        "a.log",
        "a.Log",
        ".log",
    ]


def test_the_day_in_the_name_orders_files() -> None:
    paths = [
        "M/notes.log",
        "M/20250231.LOG",
        "M/zz 20240101.LOG",
        "M/sub/20250527.LOG",
        "M/20250528 (1).LOG",
        "M/20250528.LOG",
        "M/99999999 20250529.LOG",
    ]
    assert sorted(set(paths), key=age_order) == ["M/20250231.LOG", "M/notes.log", *paths[2:]]
    assert day_in_name("1202505281.LOG") == ""
