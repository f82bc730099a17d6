"""What is too old goes, at the time of the retention operation and at no other, and does not come back."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from atelier.gdpr.register import retentions
from atelier.gdpr.words import ERASED
from atelier.seeds import definitions
from atelier_demo.factory.erp_operations import add_note, add_order, delete_order
from oracle.compare import ERP_TABLES, assert_marts_equal, erp_rows
from oracle.erp import expected_shutter_orders, fold_text
from oracle.retention import PLANNED, left_of, order_ages

from pipeline.conftest import erp_connection
from pipeline.personal import every_row, gdpr, proofs, start_gdpr, texts_of
from pipeline.plant import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pymysql.connections import Connection

    from pipeline.plant import Plant

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

TODAY = datetime.now(ZoneInfo("Europe/Paris")).replace(microsecond=0, tzinfo=None)
LONG_AGO = datetime(2019, 5, 28, 12)  # noqa: DTZ001 - a wall clock
FULL_REFRESH = ("build", "--full-refresh", "--exclude-resource-type", "unit_test")

OLD_LINES = """\
20190528 06:00:00|@MachineStart: M. Petit
20190528 06:00:10|@MessageOperateur: M. Petit est malade
20190528 06:00:20|@DurandAppelle
20190528 06:00:30|@JobProfiel: R:215023 L:3359.0 C:7016 G ALU
20190528 06:01:00|@StukUitgevoerd: 130001/A M. Petit
20190528 06:01:10|@MachineWait: M. Petit 12,5 sec 0612345678
20190528 06:02:00|@StukUitgevoerd
20190528 06:03:00|@StukUitgevoerd: 130001/A pos 3
M. Petit
"""
#: Of another station, in the same seconds: once the texts are gone, they are still lines of their own.
OTHER_LINES = """\
20190528 06:00:10|@MessageOperateur: Mme Durand est malade
20190528 06:01:00|@StukUitgevoerd: 130001/A Mme Durand
Mme Durand
Mme Durand 2
"""


def enter(connection: Connection[Any], order_id: str, text: str) -> None:
    """Type the day on which an order was entered."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into a_kopffreie (id_a_kopf, nummer, feld3) values (%s, 1, %s)", (order_id, text)
        )
    connection.commit()


def change(connection: Connection[Any], table: str, order_id: str, column: str, value: object) -> None:
    key = "id" if table == "a_kopf" else "id_a_kopf"
    with connection.cursor() as cursor:
        cursor.execute(f"update {table} set {column} = %s where {key} = %s", (value, order_id))
    connection.commit()


@pytest.fixture(scope="module")
def orders(new_plant: Callable[..., Plant]) -> tuple[Plant, dict[str, str]]:
    """A plant with orders of every age, loaded."""
    plant = new_plant("retention", evening=True)
    folder = next(path for path in plant.logs.iterdir() if path.name.startswith("DEM12"))
    (folder / "20190528.LOG").write_text(OLD_LINES)
    (folder / "poste 2").mkdir()
    (folder / "poste 2" / "20190528.LOG").write_text(OTHER_LINES)
    found: dict[str, str] = {}
    with closing(erp_connection(plant)) as connection:

        def order(name: str, planned_at: datetime, entered: str | None = None, **more: Any) -> None:
            found[name] = add_order(connection, number=990001 + len(found), planned_at=planned_at, **more)
            if entered is not None:
                enter(connection, found[name], entered)

        order("old by its journal", LONG_AGO)
        order("old by its entry", TODAY, "2019-05-28")
        order("young by its entry", LONG_AGO, f"{TODAY:%Y-%m-%d}")
        order("old by its journal, its entry is no day", LONG_AGO, "2019-02-30")
        order("of no leap year", TODAY, "2019-02-29")
        order("young", TODAY, note="cde planifiée pour Mme Durand")
        order("of some months", TODAY - timedelta(300), note="Mme Durand : CDE PLANIFIÃ‰E, 06 12 34 56 78")
        order("of some years", TODAY - timedelta(1500), note="cde planifie\u0301e (Petit)")
        order("old by its entry, a leap day", datetime(2020, 2, 29, 12), "2020-02-29")  # noqa: DTZ001
        order("undated", TODAY)
        order("deleted in the ERP", LONG_AGO)
        change(connection, "a_logbuch", found["undated"], "datum", None)
        add_note(connection, found["of some months"], "Mme Durand est contente", TODAY)
        add_note(connection, found["of some months"], "Mme Durand attend", TODAY - timedelta(299))
    plant.load()
    return plant, found


@pytest.fixture(scope="module")
def plant(orders: tuple[Plant, dict[str, str]]) -> Plant:
    return orders[0]


def cutoffs(plant: Plant) -> dict[str, date]:
    return dict(plant.query("select retention_key, before_date from gdpr.cutoffs"))


def test_without_a_retention_run_everything_is_there(plant: Plant) -> None:
    assert_marts_equal(plant)
    assert cutoffs(plant) == {}
    assert plant.query("select sum(rows_withheld) from raw_erp.full_table_loads") == [(0,)]


def test_a_retention_run_that_is_killed_has_done_nothing(plant: Plant) -> None:
    before = every_row(plant)
    with closing(plant.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = False
        cursor.execute("lock table snapshots.order_history in share mode")
        process = start_gdpr(plant, "retention")
        for _ in range(600):
            if plant.query(
                "select 1 from pg_locks l join pg_class c on c.oid = l.relation "
                "where c.relname = 'order_history' and not l.granted"
            ):
                break
            assert process.poll() is None, process.communicate()[0]
        process.kill()
        process.wait(30)
    assert every_row(plant) == before
    assert cutoffs(plant) == {}
    assert proofs(plant) == []


@pytest.fixture(scope="module")
def retained(orders: tuple[Plant, dict[str, str]]) -> tuple[dict[str, list[str]], str]:
    """What is too old has gone; the rows of before, and what was said."""
    plant, found = orders
    with closing(erp_connection(plant)) as connection:
        delete_order(connection, found["deleted in the ERP"])
    plant.load("erp-to-marts")
    plant.execute(
        "update snapshots.order_history set dbt_valid_from = '2019-06-01', dbt_valid_to = '2019-06-02' "
        f"where order_id = '{found['deleted in the ERP']}'"
    )
    before = every_row(plant)
    return before, plant.run_well("retention")


def test_what_is_too_old_goes_and_nothing_else(
    orders: tuple[Plant, dict[str, str]], retained: tuple[dict[str, list[str]], str]
) -> None:
    plant, found = orders
    before, output = retained
    assert plant.query(
        "select piece_count, rejected_line_count, max(event_number) from marts.fct_sessions "
        "join marts.fct_session_events using (session_id) where production_date = '2019-05-28' group by 1, 2"
    ) == [(4, 3, 10)]
    assert "Durées de conservation appliquées" in output

    limits = cutoffs(plant)
    assert limits == {
        key: (TODAY - timedelta(days=int(period.days))).date()
        for key, period in retentions(ROOT).items()
        if period.action != "keep"
    }
    assert_erp_is(plant, left_of(erp_rows(plant), limits))
    assert_logs_are(plant, before, limits)
    gone = [found[name] for name in found if name.startswith(("old", "deleted"))]
    assert plant.query(
        "select order_id from snapshots.order_history where order_id = any(array"
        f"{[*gone, found['undated']]!r})"
    ) == [(found["undated"],)]
    (proof,) = proofs(plant)
    assert proof["kind"] == "retention"
    assert proof["row_counts"]["raw_erp.a_kopf"]["deleted"] == 4
    assert proof["row_counts"]["snapshots.order_history"]["deleted"] == 5
    undated = [age for age in order_ages(erp_rows(plant)).values() if age is None]
    assert f"Commandes sans date, conservées : {len(undated)}." in output
    assert len(undated) >= 1


def assert_erp_is(plant: Plant, left: dict[str, list[dict[str, Any]]]) -> None:
    """Raw holds what is left, and so do the marts."""
    for table in ERP_TABLES:
        keys = {"a_kopf": ["id"], "a_logbuch": ["id"], "p_artikel": ["id"]}.get(table)
        keys = keys or [
            name for name in left[table][0] if name in ("id_a_kopf", "nummer", "position", "kennung", "znr")
        ]
        rows = {tuple(row[key] for key in keys): row for row in plant.dicts(f"select * from raw_erp.{table}")}
        assert rows.keys() == {tuple(row[key] for key in keys) for row in left[table]}, table
        for row in left[table]:
            raw = rows[tuple(row[key] for key in keys)]
            for name in ("kundennr", "techniker", "benutzer"):
                if name in raw:
                    assert (raw[name] is None) == (row[name] is None), (table, name)
            if "kommission" in raw:
                assert (raw["kommission"] is None) == (row["kommission"] is None)
            if "notiz" in raw and row["notiz"] == PLANNED:
                # The words in whatever spelling, unless the note is young.
                assert fold_text(PLANNED) in fold_text(raw["notiz"])
                if raw["datum"] and raw["datum"].date() < cutoffs(plant)["journal_notes"]:
                    assert fold_text(raw["notiz"]) == fold_text(PLANNED)
            elif "notiz" in raw:
                assert raw["notiz"] == row["notiz"]
    wanted = expected_shutter_orders(left, plant.variables["PLANT_TIMEZONE"])
    marts = plant.dicts("select * from marts.fct_shutter_orders order by order_id")
    assert [row["order_id"] for row in marts] == [order.order_id for order in wanted]
    for row, order in zip(marts, wanted, strict=True):
        assert (row["job_name"], row["planned_at"], row["entered_on"]) == (
            order.job_name,
            order.planned_at,
            order.entered_on,
        )


def assert_logs_are(plant: Plant, before: dict[str, list[str]], limits: dict[str, date]) -> None:
    """The figures of the machines are what they were; what was written lost its text."""
    after = every_row(plant)
    for table in ("fct_sessions", "fct_machine_states", "fct_jobs", "dim_machines"):
        assert after[f"marts.{table}"] == before[f"marts.{table}"], table
    pieces = {row["piece_id"]: row for row in map(json.loads, before["marts.fct_pieces"])}
    for piece in pieces.values():
        if datetime.fromisoformat(piece["produced_at"]).date() < limits["pieces"]:
            piece.update(order_number=None, extension=None, details=piece["details"] and ERASED)
    assert {row["piece_id"]: row for row in map(json.loads, after["marts.fct_pieces"])} == pieces
    day = limits["machine_messages"]
    kinds = plant.query(
        "select event_name, count(*) filter (where details not in ('', '[effacé]')), "
        f"bool_and(details ~ '^[0-9.,]+( *sec)?$') from raw_ftplogs.log_events where logged_at < '{day}' "
        f"and (event_name <> 'StukUitgevoerd' or logged_at < '{limits['pieces']}') group by 1"
    )
    assert {name for name, _, _ in kinds} == {
        *("StukUitgevoerd", "JobProfiel", "MachineStart", "MachineStop", "MachineWait", ERASED)
    }
    for name, texts, are_durations in kinds:
        assert not texts or name == "JobProfiel" or (name == "MachineWait" and are_durations is not None), (
            name
        )
    old_wait = "event_name = 'MachineWait' and logged_at < '2020-01-01'"
    assert plant.query(f"select details from raw_ftplogs.log_events where {old_wait}") == [("12,5 sec",)]
    assert plant.query(
        "select distinct line_text from raw_ftplogs.rejected_lines join raw_ftplogs.log_files "
        f"using (file_version_id) where last_event_at < '{day}'"
    ) == [(ERASED,)]
    named = re.compile("Petit|Durand")
    assert {table for table, row in texts_of(plant) if named.search(row)} <= {
        *("raw_erp.a_kopf", "raw_erp.a_logbuch", "staging.stg_erp__orders", "staging.stg_erp__order_journal")
    }


@pytest.mark.slow  # four whole runs
@pytest.mark.usefixtures("retained")
def test_a_second_run_writes_nothing_and_a_load_brings_nothing_back(plant: Plant) -> None:
    rows, written = every_row(plant), plant.rows_written()
    plant.run_well("retention")
    plant.run_well("elt")
    assert plant.rows_written() == written
    assert proofs(plant)[-1]["row_counts"] == {}
    plant.dbt(*FULL_REFRESH)
    assert every_row(plant) == rows


@pytest.mark.slow  # a minute or so of whole runs
@pytest.mark.usefixtures("retained")
def test_what_comes_anew_is_treated_alike(orders: tuple[Plant, dict[str, str]]) -> None:
    plant, found = orders
    with closing(erp_connection(plant)) as connection:
        add_order(connection, number=990101, planned_at=LONG_AGO)
        delete_order(connection, found["old by its entry"])
    folder = next(path for path in plant.logs.iterdir() if path.name.startswith("DEM12"))
    (folder / "20190528 (1).LOG").write_text(OLD_LINES)
    (folder / "20190529.LOG").write_text(OLD_LINES.replace("20190528", "20190529"))
    before = every_row(plant)
    plant.run_well("elt")
    assert_erp_is(plant, left_of(erp_rows(plant), cutoffs(plant)))
    after = every_row(plant)
    # The file that was sent twice counts once, and the new one has as many pieces.
    assert len(after["marts.fct_sessions"]) == len(before["marts.fct_sessions"]) + 1
    assert len(after["marts.fct_pieces"]) == len(before["marts.fct_pieces"]) + 3
    assert plant.query(
        "select count(*) from raw_ftplogs.log_events where details ~ 'Petit' or event_name ~ 'Durand'"
    ) == [(0,)]


@pytest.mark.parametrize(
    ("days", "says"),
    [
        ("", "ligne 2, colonne period_days : la valeur manque"),
        ("0", "ligne 2, colonne period_days : « 0 » n'est pas permis"),
        ("-3", "ligne 2, colonne period_days : « -3 » n'est pas permis"),
        ("zwölf", "ligne 2, colonne period_days : « zwölf »"),
    ],
)
def test_a_period_that_is_none_is_refused(plant: Plant, days: str, says: str, tmp_path: Path) -> None:
    seeds = tmp_path / "transform" / "seeds"
    seeds.mkdir(parents=True)
    (tmp_path / "meltano.yml").touch()
    (tmp_path / definitions.DESCRIPTION).parent.mkdir()
    shutil.copy(ROOT / definitions.DESCRIPTION, tmp_path / definitions.DESCRIPTION)
    (seeds / "retention_periods.csv").write_text(
        f"retention_key,period_days,counted_from,action,reason\njob_names,{days},order_entry,anonymise,x\n"
    )
    status, output = gdpr(plant, "retention", MELTANO_PROJECT_ROOT=str(tmp_path))
    assert status == 1
    assert says in output
    assert len(output.splitlines()) == 1
