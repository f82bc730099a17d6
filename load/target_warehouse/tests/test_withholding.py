"""What a load withholds from the ERP's tables, on a real PostgreSQL, message by message."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from target_warehouse.full_tables import DeletionRefusedError
from target_warehouse.sinks import pseudonym
from target_warehouse.target import TargetWarehouse
from target_warehouse.withholding import CALENDAR_DAY, TABLES

from .loading import connected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class

pytestmark = pytest.mark.integration

SCHEMA, RECORDS = "withholding_test", "withholding_records"
KEY = "secret"

TEXT = {"type": ["null", "string"]}
COLUMNS: dict[str, dict[str, Any]] = {
    "a_kopf": {
        **dict.fromkeys(("id", "aualpha", "kundennr", "kommission", "techniker"), TEXT),
        "aunummer": {"type": ["null", "integer"]},
    },
    "a_logbuch": {
        "id": {"type": "integer"},
        **dict.fromkeys(("id_a_kopf", "benutzer", "notiz"), TEXT),
        "datum": {"type": ["null", "string"], "format": "date-time"},
    },
    "a_kopffreie": {"id_a_kopf": TEXT, "nummer": {"type": "integer"}, "feld3": TEXT},
    "p_zubeh": {"id_a_kopf": TEXT, "znr": {"type": "integer"}},
}
KEYS = {"a_kopf": ["id"], "a_logbuch": ["id"], "a_kopffreie": ["id_a_kopf", "nummer"]}


class Erp:
    """A small ERP and the loader that reads it."""

    def __init__(self, postgres: dict[str, str], connection: Connection) -> None:
        self.postgres = postgres
        self.connection = connection
        self.rows: dict[str, list[dict[str, Any]]] = {table: [] for table in COLUMNS}
        self.version = 0

    def order(self, name: str, customer: str, *notes: tuple[str, str], entered: str | None = None) -> None:
        """Add an order with its journal (day and note), an accessory, and the day on which it was entered."""
        number = len(self.rows["a_kopf"]) + 1
        head = {"id": name, "aunummer": number, "aualpha": "A", "kommission": f"job of {name}"}
        self.rows["a_kopf"].append({**head, "kundennr": customer, "techniker": "Hélène"})
        for day, note in notes:
            entry = {"id": len(self.rows["a_logbuch"]) + 1, "id_a_kopf": name, "benutzer": "user"}
            self.rows["a_logbuch"].append({**entry, "datum": f"{day}T00:00:00", "notiz": note})
        if entered is not None:
            self.rows["a_kopffreie"].append({"id_a_kopf": name, "nummer": 1, "feld3": entered})
        self.rows["p_zubeh"].append({"id_a_kopf": name, "znr": 1})

    def load(self, *tables: str, **more: Any) -> None:
        """Load tables whole, all of them if none is named."""
        self.version += 1
        messages: list[dict[str, Any]] = []
        for table in tables or COLUMNS:
            keys = KEYS.get(table, ["id_a_kopf", "znr"])
            stream = {"stream": f"erp-{table}"}
            schema = {"properties": COLUMNS[table]}
            messages.append({"type": "SCHEMA", **stream, "key_properties": keys, "schema": schema})
            activate = {"type": "ACTIVATE_VERSION", **stream, "version": self.version}
            rows = [
                {"type": "RECORD", **stream, "record": row, "version": self.version}
                for row in self.rows[table]
            ]
            messages += [activate, *rows, activate]
        target = TargetWarehouse(
            config={
                "host": self.postgres["POSTGRES_HOST"],
                "port": int(self.postgres["POSTGRES_PORT"]),
                "user": self.postgres["POSTGRES_USER"],
                "password": self.postgres["POSTGRES_PASSWORD"],
                "database": self.postgres["POSTGRES_DB"],
                "default_target_schema": SCHEMA,
                "validate_records": False,
                "use_copy": True,
                "add_record_metadata": False,
                "activate_version": False,
                "pseudonym_columns": ["a_kopf.kundennr", "a_kopf.techniker", "a_logbuch.benutzer"],
                "pseudonym_key": KEY,
                "withholding_schema": RECORDS,
                "planned_note": "cde planifiée",
                **more,
            }
        )
        with redirect_stdout(io.StringIO()):
            target.listen(io.StringIO("".join(json.dumps(message) + "\n" for message in messages)))

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement; return its rows."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def erase(self, customer: str) -> None:
        """Record that a customer is erased."""
        key = pseudonym(customer, KEY)
        self.query(f"insert into {RECORDS}.suppressed_customers (customer_key) values (%s)", key)

    def end(self, key: str, before: str) -> None:
        """Record that a retention period has ended."""
        self.query(f"insert into {RECORDS}.cutoffs (retention_key, before_date) values (%s, %s)", key, before)

    def orders(self, table: str = "a_kopf") -> set[str]:
        """Return the orders of which a table has rows."""
        column = "id" if table == "a_kopf" else "id_a_kopf"
        return {row[0] for row in self.query(f"select {column} from {SCHEMA}.{table}")}

    def withheld(self) -> dict[str, int]:
        """Return how many rows of each table the latest load withheld."""
        loads = f"{SCHEMA}.full_table_loads where version = %s"
        return dict(self.query(f"select table_name, rows_withheld from {loads}", self.version))


@pytest.fixture
def erp(postgres: dict[str, str]) -> Iterator[Erp]:
    connection = connected(postgres)
    erp = Erp(postgres, connection)
    for schema in (SCHEMA, RECORDS):
        erp.query(f"drop schema if exists {schema} cascade")
    erp.order("a", "C1", ("2025-05-28", "cde planifiée"), entered="2025-05-27")
    erp.order("b", "C2", ("2025-05-28", "M. Petit"), ("2024-01-01", "M. Petit : Cde PlanifiÃ©e, urgent"))
    erp.order("c", "C1", ("2019-01-01", "livrée"), entered="2025-02-29")
    erp.order("d", "C3", entered="2025-02-28")
    yield erp
    for schema in (SCHEMA, RECORDS):
        erp.query(f"drop schema if exists {schema} cascade")
    connection.close()


@pytest.fixture
def records(erp: Erp) -> None:
    """The tables that record what to withhold, as far as the loader knows them."""
    erp.query(
        f"create schema {RECORDS}; "
        f"create table {RECORDS}.suppressed_customers (customer_key text primary key); "
        f"create table {RECORDS}.cutoffs (retention_key text primary key, before_date date); "
        f"create table {RECORDS}.suppressed_orders (order_id text, order_number bigint, extension text, "
        "suppression_number bigint generated by default as identity, "
        "primary key (order_id, order_number, extension))"
    )


def test_where_nobody_records_anything_nothing_is_withheld(erp: Erp) -> None:
    erp.load()
    assert erp.orders() == {"a", "b", "c", "d"}
    assert set(erp.withheld().values()) == {0}


@pytest.mark.usefixtures("records")
def test_an_empty_record_withholds_nothing(erp: Erp) -> None:
    erp.load()
    assert erp.orders() == {"a", "b", "c", "d"}
    assert set(erp.withheld().values()) == {0}


@pytest.mark.usefixtures("records")
def test_the_orders_of_an_erased_customer_are_withheld_with_all_their_rows(erp: Erp) -> None:
    erp.erase("C1")
    erp.load()
    for table in COLUMNS:
        assert not {"a", "c"} & erp.orders(table)
    assert erp.orders() == {"b", "d"}
    assert erp.withheld() == {"a_kopf": 2, "a_logbuch": 2, "a_kopffreie": 2, "p_zubeh": 2}
    known = f"select order_id, order_number, extension from {RECORDS}.suppressed_orders order by 1"
    assert erp.query(known) == [("a", 1, "A"), ("c", 3, "A")]
    # An order that comes later, or gets another number, is recorded too.
    erp.order("e", "C1", entered="2025-06-01")
    erp.rows["a_kopf"][0]["aunummer"] = 99
    before = erp.query(f"select xmin::text, id from {SCHEMA}.a_kopf order by id")
    erp.load()
    assert erp.orders() == {"b", "d"}
    assert erp.query(known) == [("a", 1, "A"), ("a", 99, "A"), ("c", 3, "A"), ("e", 5, "A")]
    assert erp.query(f"select xmin::text, id from {SCHEMA}.a_kopf order by id") == before


@pytest.mark.usefixtures("records")
def test_rows_in_another_case_go_with_their_order(erp: Erp) -> None:
    """As MySQL compares keys; of orders that differ in nothing but case, only the exact spelling is meant."""
    erp.order("Éa", "C1", ("2025-05-28", "cde planifiée"), entered="2025-05-27")
    erp.order("two", "C1", ("2025-05-28", "cde planifiée"))
    erp.order("TWO", "C2", ("2025-05-28", "cde planifiée"))
    respelled = {"a": "A  ", "Éa": "éA", "b": "B"}
    for table in ("a_logbuch", "p_zubeh", "a_kopffreie"):
        for row in erp.rows[table]:
            row["id_a_kopf"] = respelled.get(row["id_a_kopf"], row["id_a_kopf"])
    erp.erase("C1")
    erp.end("pseudonyms", "2025-01-01")
    erp.load()
    assert erp.orders() == {"b", "d", "TWO"}
    assert erp.orders("a_logbuch") == {"B", "TWO"}
    assert erp.orders("p_zubeh") == {"B", "d", "TWO"}
    assert erp.orders("a_kopffreie") == {"d"}
    # The age of b comes from its journal, which is in another case.
    assert erp.query(f"select kundennr is null from {SCHEMA}.a_kopf where id = 'b'") == [(True,)]
    assert erp.query(f"select distinct benutzer is null from {SCHEMA}.a_logbuch where id_a_kopf = 'B'") == [
        (True,)
    ]


@pytest.mark.usefixtures("records")
def test_a_table_that_is_loaded_alone_brings_nothing_back(erp: Erp) -> None:
    erp.load()
    erp.erase("C1")
    erp.load("a_kopf")
    assert erp.orders("p_zubeh") == {"a", "b", "c", "d"}
    erp.load("p_zubeh")
    assert erp.orders("p_zubeh") == {"b", "d"}
    assert erp.withheld() == {"p_zubeh": 2}


@pytest.mark.usefixtures("records")
def test_the_guard_judges_what_the_source_sends(erp: Erp) -> None:
    erp.load()
    erp.erase("C1")
    # Half of the orders go, more than may be deleted; the source still has them.
    erp.load(max_delete_share=0.2)
    assert erp.orders() == {"b", "d"}
    del erp.rows["a_kopf"][1:4]
    with pytest.raises(DeletionRefusedError, match="a_kopf would lose 2 of its 2 rows"):
        erp.load(max_delete_share=0.2)
    assert erp.orders() == {"b", "d"}


@pytest.mark.usefixtures("records")
def test_an_order_goes_by_the_day_of_its_entry_else_of_its_first_journal_entry(erp: Erp) -> None:
    erp.order("undated", "C4")
    erp.end("orders", "2025-02-28")
    erp.load()
    # b by its journal; c has a day that no calendar has, so by its journal too.
    assert erp.orders() == {"a", "d", "undated"}
    assert erp.withheld() == {"a_kopf": 2, "a_logbuch": 3, "a_kopffreie": 1, "p_zubeh": 2}


@pytest.mark.usefixtures("records")
def test_a_column_is_emptied_by_the_age_of_its_order(erp: Erp) -> None:
    erp.end("job_names", "2025-05-27")
    erp.end("pseudonyms", "2025-01-01")
    erp.load()
    assert erp.query(
        f"select id, kommission, kundennr is null, techniker is null from {SCHEMA}.a_kopf order by 1"
    ) == [
        ("a", "job of a", False, False),
        ("b", None, True, True),
        ("c", None, True, True),
        ("d", None, False, False),
    ]
    assert erp.query(f"select id, benutzer is null from {SCHEMA}.a_logbuch order by 1") == [
        (1, False),
        (2, True),
        (3, True),
        (4, True),
    ]
    # An erased customer is known by the number that the source sends, however old the order.
    erp.erase("C1")
    erp.load()
    assert erp.orders() == {"b", "d"}


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("words", ["cde planifiée", None])
def test_of_an_old_note_the_planning_is_left(erp: Erp, words: str | None) -> None:
    erp.end("journal_notes", "2025-05-28")
    erp.load(planned_note=words)
    left = "Cde PlanifiÃ©e" if words else None
    notes = f"select id, notiz from {SCHEMA}.a_logbuch order by 1"
    assert erp.query(notes) == [(1, "cde planifiée"), (2, "M. Petit"), (3, left), (4, None)]
    before = erp.query(f"select xmin::text from {SCHEMA}.a_logbuch order by id")
    erp.load(planned_note=words)
    assert erp.query(f"select xmin::text from {SCHEMA}.a_logbuch order by id") == before


def is_calendar_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@settings(max_examples=300)
@given(
    st.one_of(
        st.dates().map(str),
        st.builds(
            "{:04d}-{:02d}-{:02d}".format,
            st.integers(0, 9999),
            st.integers(0, 13),
            st.integers(27, 32),
        ),
        st.text(max_size=12),
    )
)
def test_a_day_is_one_of_the_calendar(engine: sa.Engine, text: str) -> None:
    text = text.replace("\x00", "")
    with engine.connect() as connection:
        found = connection.execute(
            sa.text("select cast(:text as text) ~ :day"), {"text": text, "day": CALENDAR_DAY}
        ).scalar_one()
    assert found == (is_calendar_day(text) and len(text) == 10)


@pytest.fixture(scope="module")
def engine(postgres: dict[str, str]) -> Iterator[sa.Engine]:
    engine = sa.create_engine(
        sa.URL.create(
            "postgresql+psycopg2",
            username=postgres["POSTGRES_USER"],
            password=postgres["POSTGRES_PASSWORD"],
            host=postgres["POSTGRES_HOST"],
            port=int(postgres["POSTGRES_PORT"]),
            database=postgres["POSTGRES_DB"],
        )
    )
    yield engine
    engine.dispose()


def test_the_tables_are_those_of_the_erp() -> None:
    assert set(COLUMNS) < set(TABLES)
