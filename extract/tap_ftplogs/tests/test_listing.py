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
        ("-rw-r--r-- 1 u g 12 28 mai 2025 a", Listed("a", "file", 12, "28 mai 2025", day=20250528)),
        (
            "-rw-r--r-- 1 u g 12 2025-05-28 07:30 a",
            Listed("a", "file", 12, "2025-05-28 07:30", day=20250528),
        ),
        (
            "lrwxrwxrwx 1 u g 4 May 28 07:30 here -> there -> x",
            Listed("here", "link", 4, "May 28 07:30", day=20250528),
        ),
        (
            "05-28-25  07:30AM       <DIR>          DEM 12",
            Listed("DEM 12", "folder", 0, "05-28-25 07:30AM", day=20250528),
        ),
        (
            "05-28-25  07:30AM               1234 a.LOG",
            Listed("a.LOG", "file", 1234, "05-28-25 07:30AM", day=20250528),
        ),
    ],
)
def test_a_line_of_list(line: str, expected: Listed) -> None:
    assert parse_list([line], NOW) == ([expected], [])


LS = "-rw-r--r-- 1 u g 12 {} x.LOG"


def encodings(text: str, *names: str) -> list[str]:
    """Return a text as it comes over the wire from servers of several encodings, one character per byte."""
    return [text.encode(name).decode("latin-1") for name in names]


@pytest.mark.parametrize(
    ("time", "day"),
    [
        *((text, 20250228) for text in encodings("28 févr. 2025", "utf-8", "latin-1", "cp850")),
        *((text, 20250801) for text in encodings("1 août  2025", "utf-8", "cp1252", "cp850")),
        *((text, 20241202) for text in encodings(" 2 déc.  07:30", "utf-8", "latin-1", "cp850")),
        *((text, 20250303) for text in encodings("Mär  3 07:30", "utf-8", "latin-1", "cp850")),
        ("28. Feb 2025", 20250228),
        ("28 février 2025".encode().decode("latin-1"), 20250228),
        ("28 feb 07.30", 20250228),
        ("28-Feb-2025", 20250228),
        ("28-Feb-2025 07:30", 20250228),
        ("mrt 3 07:30:12", 20250303),
        ("2025-02-28 07:30:12.000000000 +0100", 20250228),
        ("28.02.2025 07:30", 20250228),
        ("02-28 07:30", 20250228),
        *((text, 20250228) for text in encodings("2月 28 07:30", "utf-8", "gbk", "shift_jis", "euc_jp")),
        *((text, 20250228) for text in encodings("2月 28  2025", "utf-8", "gbk")),
        *((text, 20250228) for text in encodings("2025年 2月28日", "utf-8", "gbk", "euc_jp")),
        *((text, 20250228) for text in encodings("2월 28 07:30", "utf-8", "euc_kr")),
        # Words of other languages: the day is not read, the name is.
        *((text, None) for text in encodings("28 янв 2025", "utf-8", "cp1251", "koi8_r")),
        ("Oca 28 07:30", None),
        ("Feb 28 07:30PM", 20250228),
    ],
)
def test_times_of_ls_in_all_languages(time: str, day: int | None) -> None:
    for name in ("x.LOG", " two  blanks.LOG", "2025 old.LOG" if ":" in time else "old.LOG", "à Ā.LOG"):
        wire_name = name.encode().decode("latin-1")
        expected = Listed(
            wire_name, "file", 12, " ".join(time.strip().split(" ")).replace("  ", " "), day=day
        )
        if time.count(":") == 2 and name.startswith("2025") and "-" not in time:
            continue  # "07:30:12 2025" is a time as well
        assert parse_list([LS.format(time).replace("x.LOG", wire_name)], NOW) == ([expected], []), wire_name


@pytest.mark.parametrize(
    ("columns", "size"),
    [
        ("1 u g 1.068", 1068),
        ("1 u g 1,068,123", 1068123),
        ("1 u g 1'068", 1068),
        *(
            (f"1 u g {text}", 1068)
            for text in (
                *encodings("1\xa0068", "utf-8", "latin-1", "cp850"),
                "1\u202f068".encode().decode("latin-1"),
            )
        ),
        # Groups that are set apart by a blank may be two columns: the size is asked for.
        ("1 u g 1 068", -1),
        ("1 u g 12 345 678", -1),
        ("1 u g 1.1K", -1),
        ("1 1000 100 512", 512),
        ("1 0 0 512", 512),
        ("1 12", 12),
        ("12", 12),
        ("1 u 12", 12),
        ("1 mach 10 2048", 2048),
        ("1 DOM\\Domain Users Domain Users 2048", 2048),
    ],
)
def test_columns_of_ls_before_the_time(columns: str, size: int) -> None:
    # With columns missing, the first of two dates may be the owner's name.
    name = "May 27 2025 x.LOG" if columns.count(" ") > 2 else "2025 x.LOG"
    for time in ("May 28 07:30", "28 mai 2025"):
        [entry], odd = parse_list([f"-rw-r--r-- {columns} {time} {name}"], NOW)
        assert (entry.wire_name, entry.size, entry.day, odd) == (name, size, 20250528, [])


@pytest.mark.parametrize(
    ("start", "day"),
    [
        ("28.05.25  07:30", 20250528),
        ("28/05/2025  07:30", 20250528),
        ("05/28/2025  07:30 AM", 20250528),
        ("05-28-25  07:30AM", 20250528),
        ("05-06-25  07:30AM", 20250506),
        ("2025-05-28  07:30", 20250528),
        ("28-05-2025  7:30:12", 20250528),
        ("28-mai-25  07:30", 20250528),
        ("28.05.2025.  07:30", 20250528),
        ("28/05/2025  07:30 a. m.", 20250528),
        ("2025/05/28  上午 07:30".encode("gbk").decode("latin-1"), 20250528),
        # Either way round: no more than its text is relied on.
        ("05/06/2025  07:30", None),
    ],
)
def test_lines_of_windows(start: str, day: int | None) -> None:
    lines = [
        f"{start}    <DIR>          DEM12 (PVC)",
        f"{start}    <DIR>            blanks",
        f"{start}    <SYMLINKD>     here [C:\\there]",
        f"{start}             1.068 a.LOG",
        f"{start}             1\xff068  b.LOG",
        f"{start}                 7 20250528.LOG",
    ]
    entries, odd = parse_list(lines, NOW)
    assert not odd
    assert {entry.day for entry in entries} == {day}
    assert [(entry.wire_name, entry.kind, entry.size) for entry in entries] == [
        ("DEM12 (PVC)", "folder", 0),
        ("  blanks", "folder", 0),
        ("here", "link", 0),
        ("a.LOG", "file", 1068),
        (" b.LOG", "file", 1068),
        ("20250528.LOG", "file", 7),
    ]


def test_a_name_that_may_begin_at_two_places_is_not_guessed() -> None:
    doubtful = "28/05/2025  07:30             1 068 a.LOG"
    assert parse_list([doubtful], NOW) == ([], [doubtful])
    folder = "28/05/2025  07:30    <DIR>          DEM12"
    (_, in_groups), odd = parse_list([folder, doubtful], NOW)
    assert (in_groups.wire_name, in_groups.size, odd) == ("a.LOG", 1068, [])
    (_, whole), odd = parse_list([folder, "28/05/2025  07:30                 1 068 a.LOG"], NOW)
    assert (whole.wire_name, whole.size, odd) == ("068 a.LOG", 1, [])
    for line in (
        LS.format("May 28 2025 07:30"),
        LS.format("28 févr. 2025 07:30"),
        LS.format("May 28 07:30:12 2025"),
        "-rw-r--r-- 1 may 28 2048 28 mai 2025 x.LOG",
    ):
        assert parse_list([line], NOW) == ([], [line])


def test_an_owner_that_looks_like_a_day_is_an_owner() -> None:
    [entry], _ = parse_list(["-rw-r--r-- 1 may 28 2048 May 27 07:30 x.LOG"], NOW)
    assert (entry.wire_name, entry.size, entry.day) == ("x.LOG", 2048, 20250527)


def test_the_half_of_a_day_is_told_from_a_name_by_the_other_lines() -> None:
    lines = [LS.format(f"May 28 {hour}:30 PM") for hour in ("07", "08")]
    assert parse_list(lines[:1], NOW) == ([], lines[:1])
    assert [entry.wire_name for entry in parse_list(lines, NOW)[0]] == ["x.LOG", "x.LOG"]
    entries, _ = parse_list([*lines, LS.format("May 28 13:30")], NOW)
    assert [entry.wire_name for entry in entries] == ["PM x.LOG", "PM x.LOG", "x.LOG"]


@pytest.mark.parametrize(
    "line", ["total 12", "insgesamt 12", "总用量 12".encode().decode("latin-1"), "total 1,2K"]
)
def test_the_sum_of_a_listing_is_no_entry(line: str) -> None:
    assert parse_list([line], NOW) == ([], [])


@given(
    st.text(st.characters(max_codepoint=255, exclude_characters="\n\r"), min_size=1), st.sampled_from("-dl")
)
def test_any_name_is_read_as_it_is(name: str, kind: str) -> None:
    """Behind the usual columns and a month that is known, a name begins one blank after the time."""
    [*found], odd = parse_list(
        [f"{kind}rw-r--r-- 1 ftp ftp 12 May 28 07:31 {name}", LS.format("May 28 07:30")], NOW
    )
    expected = name.partition(" -> ")[0] if kind == "l" else name
    assert (odd, found[0].wire_name) == ([], expected)


def test_odd_lines_of_list_are_told() -> None:
    lines = [
        "total 12",
        "",
        "crw-rw-rw- 1 u g 1, 3 May 28 07:30 null",
        "what?",
        "-rw------- 1 u g 1 May 28 07:30",
        "20250528.LOG",
        "0000001068",
        "d [RWCEAFMS] admin 512 Oct 13 2004 PSI",
        "+i8388621.48594,m825718503,r,s280,\tdjb.html",
        "ls: cannot open directory: Permission denied",
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
        "type=OS.unix=chr-1/3;size=0; null",
        "type=OS.what; x",
        "",
    ]
    entries, odd = parse_mlsd(lines)
    assert entries == [
        Listed("a b (1).LOG", "file", 12, "20250528073000.123", 1748417400, 20250528),
        Listed(" leading", "folder", -1, "20250528073000", 1748417400, 20250528),
        Listed("link", "link", -1, "20250528073000", 1748417400, 20250528),
        Listed("odd time", "file", -1, "20251328073000"),
    ]
    assert odd == ["size=3 nothing", "type=OS.what; x"]


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
    "name", ["", ".", "..", "a/b", "../x.log", "a\\b.log", "a\nb.log", "a\x00", "\x1b[1m", "\x81", "\xc2\x85"]
)
def test_names_that_are_refused(name: str) -> None:
    assert refusal(name)


@pytest.mark.parametrize("name", ["a", "...", " .log", "a..b", "é", "é".encode().decode("latin-1"), "-rf *"])
def test_names_that_are_taken(name: str) -> None:
    assert refusal(name) is None


def test_names_are_shown_as_utf_8_where_they_are() -> None:
    assert shown_name("été".encode().decode("latin-1")) == "été"
    assert shown_name("\xe9t\xe9") == "été"
    assert shown_name("l\x92\xe9t\xe9") == "l\u2019été"
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
