"""A customer is erased: from everywhere, for good, and nobody else is touched."""

from __future__ import annotations

import csv
import json
import re
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from atelier.gdpr.words import ERASED
from atelier_demo.factory.erp_schema import CHILD_TABLES
from oracle.compare import erp_rows
from oracle.erp import expected_shutter_orders
from oracle.logs import expected_from_logs
from target_warehouse.sinks import pseudonym

from pipeline.conftest import erp_connection
from pipeline.personal import every_row, gdpr, gdpr_well, proofs, start_gdpr, texts_of
from pipeline.plant import DATA_SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.plant import Plant

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

REQUEST = {"REQUESTED_BY": "DPO", "REFERENCE": "RGPD-17/3"}
FULL_REFRESH = ("build", "--full-refresh", "--exclude-resource-type", "unit_test")


@dataclass
class Customer:
    """A customer of the ERP, and all by which one could find them."""

    number: str
    key: str
    orders: list[tuple[str, int, str]] = field(default_factory=list)
    job_names: list[str] = field(default_factory=list)
    #: Numbers of orders that nobody else has with another extension.
    own_numbers: set[int] = field(default_factory=set)

    def traces(self) -> list[re.Pattern[str]]:
        """Patterns of what may not be anywhere: pseudonym, orders by id and by number, names of jobs."""
        ids = [spelt for order_id, _, _ in self.orders for spelt in (order_id, order_id.lower())]
        texts = [self.number, self.key, *ids, *self.job_names]
        numbers = [rf"{number}/{extension}" for _, number, extension in self.orders]
        columns = [rf"{number},{extension}" for _, number, extension in self.orders]
        own = [str(number) for number in self.own_numbers]
        return [
            re.compile("|".join(map(re.escape, texts))),
            re.compile(rf"(?<![\d.])(?:{'|'.join([*numbers, *columns, *own])})(?![\w.])"),
        ]

    def is_about(self, row: str) -> bool:
        """Whether a row, as JSON, is about the customer; a number alone may be any order of that number."""
        numbers = "|".join(str(number) for _, number, _ in self.orders)
        mention = rf'"(?:details|line_text)": "[^"]*(?<![\d:])(?:{numbers})(?![\d/])'
        columns = [
            rf'"{letter}": "{extension}".*"{name}": {number}\b'
            for _, number, extension in self.orders
            for letter, name in (("extension", "order_number"), ("aualpha", "aunummer"))
        ]
        patterns = [*self.traces(), re.compile("|".join(columns))]
        if '"MachineWait"' not in row:
            patterns.append(re.compile(mention))
        return any(pattern.search(row) for pattern in patterns)


def customer_with_pieces(plant: Plant) -> Customer:
    """Find in the sources a customer with an order to plan, of which a machine has made pieces."""
    key, zone = plant.variables["PSEUDONYM_KEY"], plant.variables["PLANT_TIMEZONE"]
    with closing(erp_connection(plant)) as connection, connection.cursor() as cursor:
        cursor.execute("select id, aunummer, aualpha, kundennr, kommission from a_kopf order by id")
        rows = cursor.fetchall()
    sessions = expected_from_logs(plant.logs, zone).pieces.values()
    made = {(piece.order_number, piece.extension) for pieces in sessions for piece in pieces}
    to_plan = {order.order_id for order in expected_shutter_orders(erp_rows(plant), zone)}
    found: dict[str, list[tuple[str, int, str, str | None]]] = {}
    for order_id, number, extension, customer, job in rows:
        if customer:
            found.setdefault(customer, []).append((order_id, number, extension, job))
    for customer, orders in sorted(found.items(), key=lambda each: (-len(each[1]), each[0])):
        if any(order[1:3] in made for order in orders) and any(order[0] in to_plan for order in orders):
            others = [row for row in rows if row[3] != customer]
            jobs = {order[3] for order in orders if order[3]} - {row[4] for row in others}
            numbers = {order[1] for order in orders} - {row[1] for row in others}
            return Customer(
                customer,
                pseudonym(customer, key),
                [order[:3] for order in orders],
                sorted(jobs),
                numbers,
            )
    pytest.fail("the factory has made no such customer")


@pytest.fixture(scope="module")
def loaded(new_plant: Callable[..., Plant]) -> tuple[Plant, Customer]:
    """The customer, whose order is also named where no machine would name it; all of it is loaded.

    Other tables of the ERP name the orders in another case, as its foreign keys allow.
    """
    plant = new_plant("erasure", evening=True)
    customer = customer_with_pieces(plant)
    with closing(erp_connection(plant)) as connection, connection.cursor() as cursor:
        for table in CHILD_TABLES:
            for order_id, _, _ in customer.orders:
                cursor.execute(
                    f"update {table} set id_a_kopf = %s where id_a_kopf = %s", (order_id.lower(), order_id)
                )
        connection.commit()
    _, number, extension = customer.orders[0]
    folder = next(path for path in plant.logs.iterdir() if path.name.startswith("DEM12"))
    (folder / "20251121.LOG").write_text(
        f"20251121 06:00:00|@MessageOperateur: urgent {number}/{extension} svp\n"
        f"20251121 06:00:10|@StukUitgevoerd: {number}/{extension}\n"
        f"20251121 06:00:20|@JobProfiel: R:{number} L:3359.0 C:7016 G ALU\n"
        f"20251121 06:00:30|@MachineWait: {number}\n"
        f"20251121 06:01:00|@StukUitgevoerd: {number}/{extension}9Z pos 2\n"
        f"cassé {number}/{extension}\n"
    )
    # What is no order of theirs stays: a profile of that name, a wait as long, another extension.
    customer.own_numbers.discard(number)
    plant.load()
    return plant, customer


@pytest.fixture(scope="module")
def plant(loaded: tuple[Plant, Customer]) -> Plant:
    return loaded[0]


@pytest.fixture(scope="module")
def customer(loaded: tuple[Plant, Customer]) -> Customer:
    return loaded[1]


def found_in(plant: Plant, customer: Customer) -> set[str]:
    """Return the tables in which there is a trace of the customer."""
    patterns = customer.traces()
    return {table for table, row in texts_of(plant) if any(pattern.search(row) for pattern in patterns)}


def test_the_customer_is_found_before(plant: Plant, customer: Customer) -> None:
    assert {
        *("raw_erp.a_kopf", "raw_erp.a_logbuch", "raw_erp.p_zubeh", "raw_erp.a_vorgang"),
        *("raw_ftplogs.log_events", "raw_ftplogs.rejected_lines", "snapshots.order_history"),
        *("intermediate.int_session_events", "intermediate.int_session_boundaries"),
        *("intermediate.int_shutter_orders", "marts.fct_shutter_orders", "marts.fct_order_accessories"),
        *("marts.fct_order_status_history", "marts.fct_order_lead_times", "marts.fct_pieces"),
    } <= found_in(plant, customer)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"CUSTOMER": ""}, "no customer is named"),
        ({"REQUESTED_BY": ""}, "set REQUESTED_BY"),
        ({"REFERENCE": "dossier {number}"}, "holds the customer's number"),
        ({"PSEUDONYM_KEY": ""}, "set PSEUDONYM_KEY"),
    ],
)
def test_what_is_asked_wrongly_is_refused_in_one_sentence(
    plant: Plant, customer: Customer, changes: dict[str, str], sentence: str
) -> None:
    changes = {name: value.format(number=customer.number) for name, value in changes.items()}
    status, output = gdpr(plant, "erase", **{"CUSTOMER": customer.number, **REQUEST, **changes})
    assert status == 1
    assert len(output.splitlines()) == 1
    assert sentence in output
    assert customer.number not in output
    assert proofs(plant) == []


def test_what_is_held_about_the_customer_is_handed_out(
    plant: Plant, customer: Customer, tmp_path: Path
) -> None:
    written = plant.rows_written()
    output = gdpr_well(
        plant, "export", CUSTOMER=customer.number, EXPORT_FOLDER=str(tmp_path / "remise"), **REQUEST
    )
    assert plant.rows_written() == written
    (folder,) = (tmp_path / "remise").iterdir()
    assert f"Dossier : {folder}" in output
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}

    (proof,) = proofs(plant)
    assert (proof["kind"], proof["requested_by"], proof["reference"]) == ("export", "DPO", "RGPD-17/3")
    tables = {path.name.removesuffix(".json"): path for path in folder.glob("*.json")}
    # Views show the same rows again.
    held = found_in(plant, customer) & set(plant.tables(*DATA_SCHEMAS))
    assert held <= tables.keys() == proof["row_counts"].keys()
    ids = {order_id for order_id, _, _ in customer.orders}
    for table, path in tables.items():
        rows = json.loads(path.read_text())
        assert len(rows) == proof["row_counts"][table]["exported"]
        for row in rows:
            assert not {"techniker", "benutzer"} & row.keys()
            order = row.get("order_id") or row.get("id_a_kopf") or row.get("id")
            assert order in ids or customer.is_about(json.dumps(row, sort_keys=True)), row
        with path.with_suffix(".csv").open(encoding="utf-8-sig", newline="") as file:
            assert len(list(csv.DictReader(file, delimiter=";"))) == len(rows)
    assert {row["id"] for row in json.loads(tables["raw_erp.a_kopf"].read_text())} == ids
    read_me = (folder / "LISEZMOI.txt").read_text()
    assert proof["operation_id"] in read_me
    assert customer.number not in read_me + output
    plant.execute("delete from gdpr.operations")


def test_an_export_that_cannot_be_written_proves_nothing(
    plant: Plant, customer: Customer, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    status, output = gdpr(
        plant, "export", CUSTOMER=customer.number, EXPORT_FOLDER=str(tmp_path / "file"), **REQUEST
    )
    assert status == 1
    assert "the export cannot be written" in output
    assert len(output.splitlines()) == 1
    assert proofs(plant) == []


def test_an_erasure_that_is_killed_has_done_nothing_or_all(plant: Plant, customer: Customer) -> None:
    before = every_row(plant)
    # It waits for a table that somebody uses, in the middle of its work.
    with closing(plant.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = False
        cursor.execute("lock table marts.fct_pieces in share mode")
        process = start_gdpr(plant, "erase", CUSTOMER=customer.number, **REQUEST)
        for _ in range(600):
            (waiting,) = plant.query(
                "select count(*) from pg_locks l join pg_class c on c.oid = l.relation "
                "where c.relname = 'fct_pieces' and not l.granted"
            )
            if waiting[0]:
                break
            assert process.poll() is None, process.communicate()[0]
        process.kill()
        process.wait(30)
    assert every_row(plant) == before
    assert proofs(plant) == []


@pytest.fixture(scope="module")
def erased(plant: Plant, customer: Customer) -> tuple[dict[str, list[str]], str]:
    """The customer is erased; the rows of before, and what was said."""
    before = every_row(plant)
    return before, gdpr_well(plant, "erase", CUSTOMER=customer.number, **REQUEST)


def test_nothing_of_the_customer_is_left_and_all_else_is_as_it_was(
    plant: Plant, customer: Customer, erased: tuple[dict[str, list[str]], str]
) -> None:
    before, output = erased
    assert output.startswith("Client effacé : ")
    assert found_in(plant, customer) == set()
    assert_others_are_as_they_were(plant, customer, before)

    (proof,) = proofs(plant)
    assert (proof["kind"], proof["requested_by"], proof["reference"]) == ("erase", "DPO", "RGPD-17/3")
    assert proof["row_counts"]["raw_erp.a_kopf"] == {"deleted": len(customer.orders)}
    assert customer.number not in output
    assert customer.key not in output


def assert_others_are_as_they_were(plant: Plant, customer: Customer, before: dict[str, list[str]]) -> None:
    after = every_row(plant)
    assert after.keys() == before.keys()
    for table, rows in before.items():
        others = [row for row in rows if not customer.is_about(row)]
        assert [row for row in after[table] if ERASED not in row] == others, table
        if table.startswith(("raw_ftplogs", "marts.fct_pieces", "intermediate.int_session_events")):
            assert len(after[table]) == len(rows), table


@pytest.mark.slow  # a minute or so of whole runs
@pytest.mark.usefixtures("erased")
def test_a_second_time_writes_nothing(plant: Plant, customer: Customer) -> None:
    written = plant.rows_written()
    output = gdpr_well(plant, "erase", CUSTOMER=customer.number, **REQUEST)
    assert output.startswith("Aucune ligne à effacer")
    assert plant.rows_written() == written
    assert [proof["row_counts"] for proof in proofs(plant)[1:]] == [{}]
    plant.run_well("elt")
    assert plant.rows_written() == written


@pytest.mark.slow  # a minute or so of whole runs
@pytest.mark.usefixtures("erased")
def test_the_customer_stays_erased_after_a_full_re_load_and_a_full_refresh(
    plant: Plant, customer: Customer
) -> None:
    before = every_row(plant)
    # Without the state every file is read again, over the lines that were rewritten.
    plant.execute("drop schema raw_erp cascade")
    plant.execute("drop schema meltano cascade")
    plant.run_well("elt")
    plant.dbt(*FULL_REFRESH)
    assert found_in(plant, customer) == set()
    assert every_row(plant) == before
    (withheld,) = plant.query(
        "select rows_withheld from raw_erp.full_table_loads where table_name = 'a_kopf'"
    )
    assert withheld[0] == len(customer.orders)

    plant.execute("drop schema raw_ftplogs cascade")
    plant.execute("drop schema meltano cascade")
    plant.run_well("ftplogs-to-marts")
    assert found_in(plant, customer) == set()
    assert every_row(plant) == before


def test_an_unknown_customer_is_recorded_all_the_same(plant: Plant) -> None:
    written = plant.rows_written()
    output = gdpr_well(plant, "erase", CUSTOMER="Z9999", **REQUEST)
    assert "l'entrepôt ne contient rien de ce client" in output
    assert plant.rows_written() == written
    key = pseudonym("Z9999", plant.variables["PSEUDONYM_KEY"])
    assert plant.query(f"select count(*) from gdpr.suppressed_customers where customer_key = '{key}'") == [
        (1,)
    ]
