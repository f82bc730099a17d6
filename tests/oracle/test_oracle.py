"""The oracle's account of machine logs against examples worked out by hand."""

from __future__ import annotations

import random
from datetime import date, datetime, timezone
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .lines import Event, Rejected, order_of_piece, parse_line, read_job, wait_microseconds
from .logs import ExpectedLogs, Job, Machine, Session, expected_from_logs, machine_of_folder
from .timeline import join_neighbours, tile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

DAY = date(2025, 5, 28)
AT = datetime(2025, 5, 28, 7, 2, 11)  # noqa: DTZ001 - a wall clock
PIECE, WAIT, STOP, START, JOB = "StukUitgevoerd", "MachineWait", "MachineStop", "MachineStart", "JobProfiel"


def lines(*events: str, day: str = "20250528") -> bytes:
    """Log lines from `HH:MM:SS Event[: details]`, or with the day in front."""
    texts = []
    for event in events:
        stamp, _, rest = event.partition(" ")
        if stamp.isdigit():
            time, _, rest = rest.partition(" ")
            stamp = f"{stamp} {time}"
        else:
            stamp = f"{day} {stamp}"
        texts.append(f"{stamp}|@{rest}\n")
    return "".join(texts).encode()


def read(
    root: Path,
    files: Mapping[str, bytes],
    take_torn_line: Collection[Path] | Literal["all", "none"] = "all",
) -> ExpectedLogs:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return expected_from_logs(root, "Europe/Paris", take_torn_line=take_torn_line)


def read_session(root: Path, *events: str) -> tuple[ExpectedLogs, Session]:
    expected = read(root, {"DEM12 (PVC)/20250528.LOG": lines(*events)})
    return expected, expected.sessions["DEM12", DAY]


def states(expected: ExpectedLogs, machine: str = "DEM12", day: date = DAY) -> list[tuple[str, str, str]]:
    """Stretches as (HH:MM:SS[.f] UTC, the same, state)."""
    return [
        (f"{state.started_at:%H:%M:%S}", f"{state.ended_at:%H:%M:%S}", state.state)
        for state in expected.states[machine, day]
    ]


def seconds(session: Session) -> tuple[object, ...]:
    return (
        session.span_seconds,
        session.productive_seconds,
        session.waiting_seconds,
        session.stopped_seconds,
    )


def cycles(expected: ExpectedLogs, machine: str = "DEM12", day: date = DAY) -> list[Decimal | None]:
    return [piece.cycle_seconds for piece in expected.pieces[machine, day]]


def test_stopped_wins_over_waiting_and_waiting_over_productive(tmp_path: Path) -> None:
    # Span 07:00:00..07:10:00. Waits 07:01:00..07:02:30 and 07:02:00..07:03:00 make 07:01..07:03.
    # Stop 07:04:00..07:05:00; the wait 07:04:30 of 60 s shows only from 07:05:00 to 07:05:30.
    expected, session = read_session(
        tmp_path,
        f"07:00:00 {PIECE}",
        f"07:01:00 {WAIT}: 90 sec",
        f"07:02:00 {WAIT}: 60 sec",
        f"07:03:30 {PIECE}",
        f"07:04:00 {STOP}",
        f"07:04:30 {WAIT}: 60 sec",
        f"07:05:00 {START}",
        f"07:10:00 {PIECE}",
    )
    assert states(expected) == [
        ("05:00:00", "05:01:00", "productive"),
        ("05:01:00", "05:03:00", "waiting"),
        ("05:03:00", "05:04:00", "productive"),
        ("05:04:00", "05:05:00", "stopped"),
        ("05:05:00", "05:05:30", "waiting"),
        ("05:05:30", "05:10:00", "productive"),
    ]
    assert seconds(session) == (600, 390, 150, 60)
    assert (session.occupancy_rate, session.waiting_rate, session.stop_rate) == (
        Decimal("0.65"),
        Decimal("0.25"),
        Decimal("0.1"),
    )
    # 07:00:00..07:03:30 less 120 s of waiting; 07:03:30..07:10:00 less 60 s of stop and 30 s of waiting.
    assert cycles(expected) == [None, 90, 300]


def test_states_are_cut_to_the_span(tmp_path: Path) -> None:
    expected, session = read_session(
        tmp_path,
        f"06:59:00 {STOP}",
        f"07:00:00 {PIECE}",
        f"07:00:10 {START}",
        f"07:00:50 {WAIT}: 99999999999 sec",
        f"07:01:00 {PIECE}",
        f"07:02:00 {STOP}",
    )
    assert seconds(session) == (60, 40, 10, 10)
    assert cycles(expected) == [None, 40]
    assert session.first_machine_start_at == datetime(2025, 5, 28, 5, 0, 10, tzinfo=timezone.utc)
    assert session.last_machine_stop_at == datetime(2025, 5, 28, 5, 2, tzinfo=timezone.utc)


def test_a_stop_followed_by_a_stop_does_not_count(tmp_path: Path) -> None:
    expected, session = read_session(
        tmp_path,
        f"07:00:00 {PIECE}",
        f"07:01:00 {STOP}",
        f"07:02:00 {STOP}",
        f"07:03:00 {START}",
        f"07:04:00 {START}",
        f"07:05:00 {STOP}",
        f"07:10:00 {PIECE}",
    )
    assert states(expected) == [
        ("05:00:00", "05:02:00", "productive"),
        ("05:02:00", "05:03:00", "stopped"),
        ("05:03:00", "05:10:00", "productive"),
    ]
    assert seconds(session) == (600, 540, 0, 60)


def test_waits_that_touch_are_one_stretch_and_decimals_stay_exact(tmp_path: Path) -> None:
    expected, session = read_session(
        tmp_path,
        f"07:00:00 {PIECE}",
        f"07:00:10 {WAIT}: 12,5 sec",
        f"07:00:20 {WAIT}: 2.25 sec",
        f"07:00:22 {WAIT}: 8",
        f"07:01:00 {PIECE}",
    )
    assert [(state.started_at.second, state.state) for state in expected.states["DEM12", DAY]] == [
        (0, "productive"),
        (10, "waiting"),
        (30, "productive"),
    ]
    assert seconds(session) == (60, 40, 20, 0)
    (tmp_path / "DEM12 (PVC)/20250528.LOG").write_bytes(
        lines(f"07:00:00 {PIECE}", f"07:00:10 {WAIT}: 12,5 sec", f"07:01:00 {PIECE}")
    )
    again = expected_from_logs(tmp_path, "Europe/Paris")
    assert seconds(again.sessions["DEM12", DAY]) == (60, Decimal("47.5"), Decimal("12.5"), 0)
    assert again.states["DEM12", DAY][1].ended_at.microsecond == 500_000


def test_a_night_shift_belongs_to_the_day_it_began(tmp_path: Path) -> None:
    content = lines(f"22:00:00 {START}", f"23:59:30 {PIECE}", f"20250529 00:00:30 {PIECE}")
    expected = read(tmp_path, {"DEM12 (PVC)/night.log": content})
    assert list(expected.sessions) == [("DEM12", DAY)]
    session = expected.sessions["DEM12", DAY]
    assert seconds(session) == (60, 60, 0, 0)
    assert session.last_event_at == datetime(2025, 5, 28, 22, 0, 30, tzinfo=timezone.utc)


def test_a_file_sent_twice_counts_once(tmp_path: Path) -> None:
    # The second sending is longer, and repeats a piece that the first holds twice in one second.
    first = lines(f"07:00:00 {PIECE}: A", f"07:00:00 {PIECE}: A", f"07:01:00 {PIECE}: B") + b"junk\njunk\n"
    second = (
        lines(f"07:00:00 {PIECE}: A", f"07:01:00 {PIECE}: B", f"07:02:00 {PIECE}: C")
        + b"junk\njunk\njunk\nx\n"
    )
    expected = read(tmp_path, {"DEM12 (PVC)/20250528.LOG": first, "DEM12 (PVC)/sub/20250528 (1).LOG": second})
    session = expected.sessions["DEM12", DAY]
    assert [piece.details for piece in expected.pieces["DEM12", DAY]] == ["A", "A", "B", "C"]
    assert session.rejected_line_count == 4
    assert cycles(expected) == [None, 0, 60, 60]
    assert [(file.line_count, file.event_count, file.rejected_count) for file in expected.files.values()] == [
        (5, 3, 2),
        (7, 3, 4),
    ]


def test_the_same_line_of_two_machines_or_two_days_counts_for_each(tmp_path: Path) -> None:
    piece = lines(f"07:00:00 {PIECE}: A")
    expected = read(
        tmp_path,
        {
            "DEM12 (PVC)/a.log": piece,
            "SU12 (HYBRIDE)/a.log": piece,
            "DEM12 (PVC)/b.log": lines(f"20250527 23:00:00 {PIECE}") + piece,
        },
    )
    assert {key: session.piece_count for key, session in expected.sessions.items()} == {
        ("DEM12", DAY): 1,
        ("DEM12", date(2025, 5, 27)): 2,
        ("SU12", DAY): 1,
    }
    assert expected.machines["DEM12"] == Machine("DEM12", "PVC", "DEM12 (PVC)", date(2025, 5, 27), DAY)


def test_events_are_ordered_by_time_then_by_place(tmp_path: Path) -> None:
    expected, session = read_session(
        tmp_path,
        f"07:05:00 {PIECE}: second",
        f"07:03:00 {START}",
        f"07:02:00 {STOP}",
        f"07:00:00 {PIECE}: first",
        f"07:05:00 {PIECE}: third",
    )
    assert [(piece.piece_number, piece.details) for piece in expected.pieces["DEM12", DAY]] == [
        (1, "first"),
        (2, "second"),
        (3, "third"),
    ]
    assert seconds(session) == (300, 240, 0, 60)
    assert cycles(expected) == [None, 240, 0]


def test_one_piece_has_no_span_and_no_rates(tmp_path: Path) -> None:
    expected, session = read_session(
        tmp_path, f"07:00:00 {WAIT}: 45 sec", f"07:00:01 {PIECE}: 230001/A pos 2"
    )
    assert expected.states["DEM12", DAY] == []
    assert seconds(session) == (0, 0, 0, 0)
    assert session.occupancy_rate is session.waiting_rate is session.stop_rate is None
    piece = expected.pieces["DEM12", DAY][0]
    assert (piece.order_number, piece.extension, piece.job_started_at, piece.cycle_seconds) == (
        230001,
        "A",
        None,
        None,
    )


def test_a_session_without_a_piece_keeps_its_events(tmp_path: Path) -> None:
    expected, session = read_session(
        tmp_path, f"07:00:00 {STOP}", f"07:10:00 {START}", f"07:20:00 {JOB}: R:1"
    )
    assert (session.piece_count, session.job_count, session.first_piece_at) == (0, 1, None)
    assert seconds(session) == (0, 0, 0, 0)
    assert expected.pieces["DEM12", DAY] == []


def test_a_piece_belongs_to_the_last_job_before_it(tmp_path: Path) -> None:
    expected, session = read_session(
        tmp_path,
        f"07:00:00 {PIECE}: before any job",
        f"07:01:00 {JOB}: R:215023 L:3359.0 C:7016 G ALU",
        f"07:02:00 {PIECE}",
        f"07:03:00 {PIECE}",
        f"07:04:00 {JOB}: R:215024 L:6000",
        f"07:04:00 {PIECE}",
        f"07:05:00 {JOB}",
    )
    assert session.job_count == 3
    assert [piece.job_number for piece in expected.pieces["DEM12", DAY]] == [None, 1, 1, 2]
    five = datetime(2025, 5, 28, 5, tzinfo=timezone.utc)
    assert expected.jobs["DEM12", DAY] == [
        Job(five.replace(minute=1), "215023", Decimal("3359.0"), "7016 G ALU", 2),
        Job(five.replace(minute=4), "215024", Decimal(6000), None, 1),
        Job(five.replace(minute=5), None, None, None, 0),
    ]


def test_lines_of_one_second_keep_the_order_of_their_file(tmp_path: Path) -> None:
    # The tail is sent again under a path that sorts before the day's.
    day = [f"07:00:00 {PIECE}", f"07:20:00 {STOP}", f"07:20:00 {START}", f"08:00:00 {PIECE}"]
    files = {"DEM12 (PVC)/20250528.LOG": lines(*day), "DEM12 (PVC)/20250528 (1).LOG": lines(*day[2:])}
    expected = read(tmp_path, files)
    assert seconds(expected.sessions["DEM12", DAY]) == (3600, 3600, 0, 0)
    assert {event.file_path for event in expected.events["DEM12", DAY]} == {"DEM12 (PVC)/20250528.LOG"}


def instants(expected: ExpectedLogs, day: date) -> list[str]:
    return [f"{event.occurred_at:%H:%M}" for event in expected.events["DEM12", day]]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # Without a sign it is the second hour.
        (["01:59 02:00 03:00"], "23:59 01:00 02:00"),
        (["02:15 02:59 02:00 02:15 03:00"], "00:15 00:59 01:00 01:15 02:00"),
        # The machine stood still in between.
        (["02:50 02:20 03:00"], "00:50 01:20 02:00"),
        # Out of order, not put back.
        (["02:58 02:49 03:01 02:59"], "01:49 01:58 01:59 02:01"),
        # Its tail; what it had written before the hour began again; both.
        (["02:15 02:59 02:00 02:15", "02:00 02:15"], "00:15 00:59 01:00 01:15"),
        (["02:15 02:59 02:00 02:15", "02:15 02:59"], "00:15 00:59 01:00 01:15"),
        (["02:15 02:59 02:00 02:15", "02:59 02:00 02:15"], "00:15 00:59 01:00 01:15"),
        # Another station has lines of its own.
        (["02:15 02:59 02:00 02:15", "02:20 02:30 02:59"], "00:15 00:59 01:00 01:15 01:20 01:30 01:59"),
    ],
)
def test_the_night_that_has_25_hours(tmp_path: Path, files: list[str], expected: str) -> None:
    contents = {
        f"DEM12 (PVC)/{number}.LOG": lines(
            *(f"{time}:00 {PIECE}: A" for time in times.split()), day="20251026"
        )
        for number, times in enumerate(files)
    }
    assert " ".join(instants(read(tmp_path, contents), date(2025, 10, 26))) == expected


def test_a_stop_of_the_night_that_has_25_hours(tmp_path: Path) -> None:
    content = lines(
        f"02:30:00 {PIECE}", f"02:50:00 {STOP}", f"02:25:00 {START}", f"02:40:00 {PIECE}", day="20251026"
    )
    expected = read(tmp_path, {"DEM12 (PVC)/a.log": content})
    day = date(2025, 10, 26)
    assert seconds(expected.sessions["DEM12", day]) == (4200, 2100, 0, 2100)
    assert cycles(expected, day=day) == [None, 2100]


def test_an_hour_that_spring_skips_is_no_time_of_production(tmp_path: Path) -> None:
    content = lines(f"01:30:00 {PIECE}", f"02:30:00 {WAIT}: 60 sec", f"03:45:00 {PIECE}", day="20250330")
    expected = read(tmp_path, {"DEM12 (PVC)/a.log": content})
    day = date(2025, 3, 30)
    assert seconds(expected.sessions["DEM12", day]) == (4500, 4440, 60, 0)
    assert states(expected, day=day)[1] == ("01:30:00", "01:31:00", "waiting")
    # 02:30 is the instant of 03:30, so it comes after 03:15.
    late = lines(f"02:30:00 {PIECE}: second", f"03:15:00 {PIECE}: first", day="20250330")
    expected = read(tmp_path, {"DEM12 (PVC)/a.log": late})
    assert [piece.details for piece in expected.pieces["DEM12", day]] == ["first", "second"]
    assert cycles(expected, day=day) == [None, 900]


def test_every_line_of_a_file_is_accounted_for(tmp_path: Path) -> None:
    content = (
        b"\xef\xbb\xbf"
        + lines(f"07:00:00 {PIECE}")
        + b"\r\n\x00\x00\n20250231 07:00:00|@X\r\nno time\n20250528 07"
    )
    path = "DEM12 (PVC)/20250528.LOG"
    files = {path: content, "DEM12 (PVC)/empty.LOG": b"", "DEM12 (PVC)/note.txt": b"x\n", "root.log": b"x\n"}
    for torn, expected_counts in (("all", (6, 1, 3, 2)), ("none", (5, 1, 2, 2))):
        expected = read(tmp_path, files, take_torn_line="all" if torn == "all" else "none")
        file = expected.files[path]
        assert (file.line_count, file.event_count, file.rejected_count, file.blank_count) == expected_counts
        assert list(expected.files) == [path, "DEM12 (PVC)/empty.LOG"]
    relative = path.split("/")
    assert read(tmp_path, {}, {tmp_path.joinpath(*relative)}).files[path].line_count == 6


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        (b"20250528 07:02:11|@MachineStart\r", Event(AT, START, "")),
        (b" 20250528 07:02:11 |@ X\t:  a: b ", Event(AT, "X", "a: b")),
        (b"20250528 07:02:11|@Machine\x00Wait\x00: 4\x005", Event(AT, WAIT, "45")),
        (b"20250528 07:02:11|@X: \xe9\x81", Event(AT, "X", "é\x81")),
        ("20250528 07:02:11|@Opérateur: é".encode(), Event(AT, "Opérateur", "é")),
        (b"20250528 07:02:11|@Alarme moteur: 3", Event(AT, "Alarme", "moteur: 3")),
        (b"20250231 07:02:11|@X", Rejected("20250231 07:02:11|@X", "impossible_time")),
        (b"20250528 24:00:00|@X", Rejected("20250528 24:00:00|@X", "impossible_time")),
        (b"20250528 07:02:11 X", Rejected("20250528 07:02:11 X", "no_event")),
        (b"20250528 07:02:11|@: x", Rejected("20250528 07:02:11|@: x", "no_event")),
        (b"20250528  07:02:11|@X", Rejected("20250528  07:02:11|@X", "no_time")),
        (b" \t\x00\r", None),
    ],
)
def test_grammar(line: bytes, parsed: Event | Rejected | None) -> None:
    assert parse_line(line) == parsed


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ("45 sec", 45_000_000),
        ("12.5 sec", 12_500_000),
        ("12,5 sec", 12_500_000),
        ("30", 30_000_000),
        ("poste 3: 45 sec, 7 sec", 45_000_000),
        ("poste 3, 45", 3_000_000),
        ("0 sec", 0),
        ("", 0),
        ("sec", 0),
    ],
)
def test_wait_durations(details: str, expected: int) -> None:
    assert wait_microseconds(details) == expected


@pytest.mark.parametrize(
    ("details", "order"),
    [
        ("230001/A pos 2", (230001, "A")),
        ("2507748-004", (2507748, "004")),
        ("cde 230001/ABCDEF", (None, None)),
        ("12/5 puis 2300/b2-x", (2300, "b2")),
        ("2025/05/28 pos 1", (None, None)),
        ("2025-05-28 230001/YG0", (230001, "YG0")),
        ("28/05/2025/A", (None, None)),
        ("2025/05, 2024/2025, 2025/W22, 20250528-1", (None, None)),
        ("28052025/1, 2025/S22, 2025/q2, 2025/T2", (None, None)),
        ("1200-800, 3359.0000/5, 7016-G", (None, None)),
        ("", (None, None)),
    ],
)
def test_orders_of_pieces(details: str, order: tuple[int | None, str | None]) -> None:
    assert order_of_piece(details) == order


@given(
    st.dates(date(1990, 1, 1), date(2050, 12, 31)),
    st.sampled_from(
        [
            "%Y/%m/%d",
            "%Y-%m-%d",
            "%d/%m/%Y",
            "%d-%m-%y",
            "%Y/%m",
            "%m/%Y",
            "%Y.%m.%d",
            "%d.%m.%Y",
            "%Y%m%d",
            "%d%m%Y",
        ]
    ),
    st.sampled_from(["", " pos 1", "-1", "/1", " 07:30"]),
)
def test_no_date_is_an_order(day: date, form: str, suffix: str) -> None:
    assert order_of_piece(f"le {day:{form}}{suffix}") == (None, None)
    assert order_of_piece(f"{day:{form}}{suffix} 2507748-004") == (2507748, "004")


def test_job_details() -> None:
    assert read_job("R:215023 L:3359,5 C:7016 R:G L:ALU") == ("215023", Decimal("3359.5"), "7016 R:G L:ALU")
    assert read_job("L:3359.0 R: 215023 C:") == ("215023", Decimal("3359.0"), None)
    assert read_job("R: L:x") == (None, None, None)


def test_tiles_agree_with_looking_at_every_second() -> None:
    chance = random.Random(20250528)  # noqa: S311 - examples, not secrets

    def intervals() -> list[tuple[int, int]]:
        begins = [chance.randrange(-10, 50) for _ in range(chance.randrange(6))]
        return [(begin, begin + chance.randrange(15)) for begin in begins]

    for _ in range(300):
        stops, waits = intervals(), intervals()
        every_second = [
            "stopped"
            if any(begin <= second < end for begin, end in stops)
            else "waiting"
            if any(begin <= second < end for begin, end in waits)
            else "productive"
            for second in range(40)
        ]
        stretches = join_neighbours(tile((0, 40), stops, waits, cuts=[3, 20, 41]))
        assert [state for begin, end, state in stretches for _ in range(begin, end)] == every_second
        assert all(one[1] == two[0] and one[2] != two[2] for one, two in pairwise(stretches))


def test_machine_folders() -> None:
    assert machine_of_folder("DEM12 (PVC)") == ("DEM12", "PVC")
    assert machine_of_folder("SU 13") == ("SU 13", None)
