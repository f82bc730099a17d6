"""Holds the marts of a warehouse against what the oracle works out from the sources themselves."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, fields
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Literal

import pymysql.cursors

from oracle.erp import expected_order_accessories, expected_selection, expected_shutter_orders
from oracle.kpis import Totals, expected_days, expected_files, expected_progress, expected_weeks
from oracle.logs import expected_from_logs

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from pipeline.plant import Plant

    from oracle.logs import ExpectedLogs, SessionKey

ERP_TABLES = ("a_kopf", "a_logbuch", "p_zubeh", "a_vorgang", "p_artikel", "a_kopffreie")

#: How exactly the quotients are compared; the oracle's have more digits than the database's.
QUOTIENT_DIGITS = {
    "occupancy_rate": Decimal("1e-9"),
    "waiting_rate": Decimal("1e-9"),
    "stop_rate": Decimal("1e-9"),
    "pieces_per_productive_hour": Decimal("1e-6"),
}

TOTALS_COLUMNS = ", ".join(field.name for field in fields(Totals))

SESSION_COLUMNS = (
    "machine_id, production_date, first_event_at, last_event_at, first_piece_at, last_piece_at, "
    "first_machine_start_at, last_machine_stop_at, piece_count, job_count, span_seconds, productive_seconds, "
    "waiting_seconds, stopped_seconds, occupancy_rate, waiting_rate, stop_rate, rejected_line_count"
)


def assert_marts_equal(plant: Plant, torn: Collection[Path] | Literal["all", "none"] = "all") -> None:
    """Compare every mart with the oracle, row by row; `torn` as the oracle's `take_torn_line`."""
    expected = expected_from_logs(plant.logs, plant.variables["PLANT_TIMEZONE"], take_torn_line=torn)
    _compare_sessions(plant, expected)
    _compare_details(plant, expected)
    _compare_machines(plant, expected)
    _compare_files(plant, expected)
    _compare_events(plant, expected)
    _compare_totals(plant, expected)
    _compare_orders(plant, expected)


def _same(actual: list[dict[str, Any]], expected: list[dict[str, Any]], what: str) -> None:
    for number, (found, wanted) in enumerate(zip(actual, expected, strict=False)):
        differing = {key: (found.get(key), value) for key, value in wanted.items() if found.get(key) != value}
        assert found == wanted, f"{what}, row {number}, found and expected: {differing}"
    assert len(actual) == len(expected), what


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value.quantize(QUOTIENT_DIGITS[key], ROUND_HALF_UP)
        if key in QUOTIENT_DIGITS and value is not None
        else value
        for key, value in row.items()
    }


def _compare_sessions(plant: Plant, expected: ExpectedLogs) -> None:
    rows = plant.dicts(f"select {SESSION_COLUMNS} from marts.fct_sessions order by 1, 2")
    _same(
        [_plain(row) for row in rows],
        [_plain(asdict(session)) for _, session in sorted(expected.sessions.items())],
        "fct_sessions",
    )


def _by_session(plant: Plant, columns: str, table: str, order: str) -> dict[SessionKey, list[dict[str, Any]]]:
    found: dict[SessionKey, list[dict[str, Any]]] = {}
    for row in plant.dicts(
        f"select s.machine_id, s.production_date, {columns} from marts.{table} t "
        f"join marts.fct_sessions s using (session_id) {order}"
    ):
        key = (row.pop("machine_id"), row.pop("production_date"))
        found.setdefault(key, []).append(row)
    return found


def _compare_details(plant: Plant, expected: ExpectedLogs) -> None:
    states = _by_session(
        plant, "t.started_at, t.ended_at, t.state", "fct_machine_states", "order by t.started_at"
    )
    pieces = _by_session(
        plant,
        "t.produced_at, t.piece_number, t.details, t.order_number, t.extension, "
        "j.started_at as job_started_at, t.cycle_seconds",
        "fct_pieces",
        "left join marts.fct_jobs j on j.job_id = t.job_id order by t.piece_number",
    )
    jobs = _by_session(
        plant,
        "t.started_at, t.profile_reference, t.length_mm, t.colour, t.piece_count",
        "fct_jobs",
        "order by t.started_at, t.profile_reference, t.length_mm, t.colour, t.piece_count",
    )
    for key in expected.sessions:
        _same(states.get(key, []), [asdict(state) for state in expected.states[key]], f"states of {key}")
        wanted = [asdict(piece) for piece in expected.pieces[key]]
        for piece in wanted:
            del piece["job_number"]
        _same(pieces.get(key, []), wanted, f"pieces of {key}")
        # Jobs that begin in one second have no order of their own.
        _same(
            sorted(jobs.get(key, []), key=repr),
            sorted((asdict(job) for job in expected.jobs[key]), key=repr),
            f"jobs of {key}",
        )
    assert set(states) | set(pieces) | set(jobs) <= set(expected.sessions)


def _compare_machines(plant: Plant, expected: ExpectedLogs) -> None:
    rows = plant.dicts(
        "select machine_id, material, folder, first_production_date, last_production_date "
        "from marts.dim_machines order by machine_id"
    )
    _same(rows, [asdict(machine) for _, machine in sorted(expected.machines.items())], "dim_machines")


def _compare_files(plant: Plant, expected: ExpectedLogs) -> None:
    rows = plant.dicts(
        "select distinct on (path) machine_folder, path, line_count, event_count, rejected_count, "
        "blank_count, first_event_at, last_event_at, size_bytes from raw_ftplogs.log_files "
        "order by path, read_at desc, generation desc, file_version_id"
    )
    found = {row["path"]: row for row in rows}
    for path, file in expected.files.items():
        assert found.get(path) == asdict(file), path
    assert set(found) == set(expected.files)
    rows = plant.dicts(
        "select f.machine_id, f.path, s.machine_id as session_machine_id, s.production_date as session_date, "
        "f.production_date, f.size_bytes, f.line_count, f.event_count, f.rejected_count, f.blank_count, "
        "f.first_event_at, f.last_event_at from marts.fct_log_files f "
        'left join marts.fct_sessions s using (session_id) where f.is_current order by f.path collate "C"'
    )
    for row in rows:
        session = (row.pop("session_machine_id"), row.pop("session_date"))
        row["session"] = None if session == (None, None) else session
    _same(rows, [asdict(row) for row in expected_files(expected)], "fct_log_files")


def _compare_events(plant: Plant, expected: ExpectedLogs) -> None:
    events = _by_session(
        plant,
        "t.event_number, t.kind, t.occurred_at, t.file_path, t.line_number, t.byte_offset",
        "fct_session_events",
        "order by t.event_number",
    )
    for key, wanted in expected.events.items():
        _same(events.get(key, []), [asdict(event) for event in wanted], f"events of {key}")
    assert set(events) == set(expected.events)


def _compare_totals(plant: Plant, expected: ExpectedLogs) -> None:
    days = plant.dicts(
        f"select machine_id, production_date, {TOTALS_COLUMNS} from marts.fct_machine_days order by 1, 2"
    )
    wanted = [
        {"machine_id": machine_id, "production_date": day, **_plain(asdict(totals))}
        for (machine_id, day), totals in expected_days(expected).items()
    ]
    _same([_plain(row) for row in days], wanted, "fct_machine_days")
    weeks = plant.dicts(
        f"select machine_id, week_starts_on, iso_week, day_count, {TOTALS_COLUMNS} "
        "from marts.fct_machine_weeks order by 1, 2"
    )
    wanted = []
    for week in expected_weeks(expected):
        row = asdict(week)
        wanted.append({**_plain(row.pop("totals")), **row})
    _same([_plain(row) for row in weeks], wanted, "fct_machine_weeks")
    (newest,) = plant.query("select complete_until from marts.fct_source_freshness where source = 'ftplogs'")
    assert newest == (max(session.last_event_at for session in expected.sessions.values()),)


def erp_rows(plant: Plant) -> dict[str, list[dict[str, Any]]]:
    """The rows that the ERP's tables hold at this moment."""
    source = {}
    with (
        closing(plant.site.admin_mysql(plant.variables["MYSQL_DATABASE"])) as connection,
        connection.cursor(pymysql.cursors.DictCursor) as cursor,
    ):
        for table in ERP_TABLES:
            cursor.execute(f"select * from {table}")
            source[table] = list(cursor.fetchall())
    return source


def _compare_orders(plant: Plant, expected: ExpectedLogs) -> None:
    source = erp_rows(plant)
    orders = expected_shutter_orders(source, plant.variables["PLANT_TIMEZONE"])
    rows = plant.dicts('select * from marts.fct_shutter_orders order by order_id collate "C"')
    wanted = [asdict(order) for order in orders]
    for order in wanted:
        del order["accessories"]
    columns = list(wanted[0]) if wanted else []
    _same([{key: row[key] for key in columns} for row in rows], wanted, "fct_shutter_orders")
    selection = plant.dicts('select * from marts.fct_order_selection order by order_id collate "C"')
    for row in selection:
        assert row.pop("reason").startswith("Dans" if row["is_selected"] else "Absente")
    _same(selection, [asdict(row) for row in expected_selection(source)], "fct_order_selection")
    accessories = [asdict(accessory) for accessory in expected_order_accessories(orders)]
    key = ("order_id", "position", "kennung", "znr")
    found = plant.dicts(
        "select order_id, position, kennung, znr, accessory_code, description, quantity "
        "from marts.fct_order_accessories"
    )
    for accessory in accessories:
        del accessory["accessory_kind"]
    _same(
        sorted(found, key=lambda row: [row[name] for name in key]),
        sorted(accessories, key=lambda row: [row[name] for name in key]),
        "fct_order_accessories",
    )
    progress = plant.dicts('select * from marts.fct_order_progress order by order_id collate "C"')
    _same(progress, [asdict(row) for row in expected_progress(orders, expected)], "fct_order_progress")
