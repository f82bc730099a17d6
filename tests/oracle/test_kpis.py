"""The oracle's events, files, days, weeks and progress of orders, on cases worked out by hand."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

from .erp import ShutterOrder
from .kpis import Progress, expected_days, expected_files, expected_progress, expected_weeks
from .logs import SessionEvent
from .test_oracle import DAY, JOB, PIECE, START, STOP, WAIT, lines, read

if TYPE_CHECKING:
    from pathlib import Path


def at(hour: int, minute: int = 0, day: int = 28) -> datetime:
    """A moment of May 2025, in UTC: two hours before the plant's clock."""
    return datetime(2025, 5, day, hour, minute, tzinfo=timezone.utc)


def order(order_id: str, number: int, extension: str) -> ShutterOrder:
    return ShutterOrder(
        order_id=order_id,
        order_number=number,
        extension=extension,
        order_type=1,
        status="Planifiée",
        status_name="Planifiée",
        job_name=None,
        planned_at=None,
        planned_on=None,
        box_code="VR",
        accessory_count=1,
        accessory_quantity=Decimal(1),
        is_stock_managed=False,
        price_eur=None,
        window_unit_count=None,
        entered_on=None,
        deliver_on=None,
        accessories=(),
    )


def test_an_event_has_the_place_of_the_copy_that_counts(tmp_path: Path) -> None:
    alarm = lines("07:00:00 Alarme")
    expected = read(
        tmp_path,
        {
            # 26 bytes a line; the blank one counts as a line, the rejected one too.
            "DEM12 (PVC)/a.LOG": b"\r\nno time\n" + alarm + lines(f"06:59:00 {STOP}", f"07:01:00 {JOB}: R:1"),
            "DEM12 (PVC)/b.LOG": alarm + alarm,
        },
    )
    assert expected.events["DEM12", DAY] == [
        SessionEvent(1, "stop", at(4, 59), "DEM12 (PVC)/a.LOG", 4, 10 + len(alarm)),
        SessionEvent(2, "other", at(5), "DEM12 (PVC)/a.LOG", 3, 10),
        SessionEvent(3, "other", at(5), "DEM12 (PVC)/b.LOG", 2, len(alarm)),
        SessionEvent(
            4, "job", at(5, 1), "DEM12 (PVC)/a.LOG", 5, 10 + len(alarm) + len(lines(f"06:59:00 {STOP}"))
        ),
    ]


def test_days_and_weeks_are_sums_and_their_rates(tmp_path: Path) -> None:
    wednesday = lines(
        # An hour of span: 10 minutes stopped, 2 waiting in one stretch.
        f"07:00:00 {PIECE}",
        f"07:10:00 {STOP}",
        f"07:20:00 {START}",
        f"07:30:00 {WAIT}: 60 sec",
        f"07:31:00 {WAIT}: 60 sec",
        f"08:00:00 {PIECE}",
    )
    # The Sunday of the same week: half an hour, all of it waiting; then the Monday after.
    sunday = lines(f"07:00:00 {PIECE}", f"07:00:00 {WAIT}: 1800", f"07:30:00 {PIECE}", day="20250601")
    monday = lines(f"07:00:00 {PIECE}", day="20250602")
    expected = read(
        tmp_path, {f"DEM12/{n}.LOG": content for n, content in enumerate((wednesday, sunday, monday))}
    )
    days = expected_days(expected)
    assert [(day.piece_count, day.stop_count, day.wait_count) for day in days.values()] == [
        (2, 1, 1),
        (2, 0, 1),
        (1, 0, 0),
    ]
    # 2 pieces in 48 minutes.
    assert [day.pieces_per_productive_hour for day in days.values()] == [Decimal("2.5"), None, None]
    week, next_week = expected_weeks(expected)
    assert (week.week_starts_on, week.iso_week, week.day_count) == (date(2025, 5, 26), "2025-W22", 2)
    assert (next_week.week_starts_on, next_week.iso_week) == (date(2025, 6, 2), "2025-W23")
    totals = week.totals
    seconds = [totals.span_seconds, totals.productive_seconds, totals.waiting_seconds, totals.stopped_seconds]
    assert seconds == [5400, 2880, 1920, 600]
    assert totals.occupancy_rate == Decimal(2880) / 5400
    assert totals.piece_count == 4
    assert totals.pieces_per_productive_hour == 5
    assert next_week.totals.occupancy_rate is None


def test_a_week_of_two_years_is_called_by_its_thursday(tmp_path: Path) -> None:
    files = {"DEM12/1.LOG": lines(f"07:00:00 {PIECE}", day="20210103")}
    files |= {"DEM12/2.LOG": lines(f"07:00:00 {PIECE}", day="20241231")}
    assert [week.iso_week for week in expected_weeks(read(tmp_path, files))] == ["2020-W53", "2025-W01"]


def test_pieces_count_for_the_orders_that_they_name(tmp_path: Path) -> None:
    expected = read(
        tmp_path,
        {
            "DEM12/1.LOG": lines(f"07:00:00 {PIECE}: 230001/A pos 1", f"09:00:00 {PIECE}: 230001/b pos 1"),
            "SU12/1.LOG": lines(f"08:00:00 {PIECE}: 230001/A pos 2", f"08:00:00 {PIECE}: 230002/A"),
        },
    )
    orders = [order("a", 230001, "A"), order("b", 230001, "B"), order("c", 230002, ""), order("d", 1, "A")]
    assert expected_progress(orders, expected) == [
        Progress("a", 2, at(5), at(6), "SU12"),
        Progress("b", 1, at(7), at(7), "DEM12"),
        Progress("c", 0, None, None, None),
        Progress("d", 0, None, None, None),
    ]


def test_a_file_without_an_event_counts_in_no_session(tmp_path: Path) -> None:
    night = lines(f"23:30:00 {PIECE}", f"20250529 00:30:00 {PIECE}")
    expected = read(tmp_path, {"DEM12 (PVC)/1.LOG": night, "DEM12 (PVC)/2.LOG": b"no time\n"})
    counted, uncounted = expected_files(expected)
    assert (counted.machine_id, counted.session, counted.production_date) == ("DEM12", ("DEM12", DAY), DAY)
    assert (counted.first_event_at, counted.last_event_at) == (at(21, 30), at(22, 30))
    assert counted.size_bytes == len(night)
    assert (uncounted.session, uncounted.production_date, uncounted.rejected_count) == (None, None, 1)
