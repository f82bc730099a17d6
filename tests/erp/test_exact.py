"""Every value of the six tables arrives as the ERP has it: MariaDB is asked directly, row by row."""

from __future__ import annotations

import io
from contextlib import closing, redirect_stdout
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
import yaml
from atelier.erp_source import ERP_COLUMNS
from atelier_demo.factory.erp_schema import recreate_tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tap_mysql.tap import TapMySQL
from target_warehouse.sinks import pseudonym
from target_warehouse.target import TargetWarehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_demo.servers.site import Site

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "erp_exact"
SCHEMA = "erp_exact"
PSEUDONYM_KEY = "a key of these tests"

#: Characters of four bytes, what ends a value in some format, NULL as a text, pads, mojibake.
ODD_WORDS = (
    "",
    "NULL",
    "\\N",
    "\\",
    "a\tb",
    "a\nb",
    "a\r\nb",
    '"',
    "'",
    "é€😀",
    " x ",
    "PlanifiÃ©e",
    "𝄞",
    ";,|",
)


def words(longest: int) -> st.SearchStrategy[str | None]:
    # PostgreSQL's texts hold no NUL; what becomes of one is a test of its own.
    characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    odd = [word for word in ODD_WORDS if len(word) <= longest]
    return st.none() | st.sampled_from(odd) | st.text(characters, max_size=longest)


def latin_words(longest: int) -> st.SearchStrategy[bytes | None]:
    """What a column declared latin1 holds: the bytes of UTF-8, written by a program that does not say so."""
    return words(longest).map(lambda word: None if word is None else word.encode()[:longest])


def whole(bits: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


FIRST, LAST = datetime(1000, 1, 1), datetime(9999, 12, 31)  # noqa: DTZ001 # wall clocks
ODD_MOMENTS = ("0000-00-00 00:00:00", "2022-11-00 00:00:00", "2025-03-30 02:30:00", "2025-05-28 23:50:00")
MOMENTS = (
    st.none() | st.sampled_from(ODD_MOMENTS) | st.datetimes(FIRST, LAST).map("{:%Y-%m-%d %H:%M:%S}".format)
)
PRICES = st.none() | st.decimals("-9999999999999.99", "9999999999999.99", places=2).map(str)
QUANTITIES = st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False).map(
    lambda value: value + 0.0
)
KEY = st.integers(0, 999_999)

#: By table: the columns beside the key's, with values to write. The key is made by `key_of`.
VALUES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "a_kopf": {
        "auftragstyp": st.integers(-32768, 32767),
        "aunummer": st.integers(-(2**31), 2**31 - 1),
        "aualpha": words(5).filter(lambda word: word is not None),
        "kundennr": words(10),
        "kommission": latin_words(50),
        "auftragsart": words(10),
        "fsystemgrp": whole(16),
        "aufstatus": latin_words(15),
        "techniker": words(30),
        "a_vormwst": PRICES,
    },
    "a_logbuch": {
        "code": words(10),
        "datum": MOMENTS,
        "zeit": MOMENTS,
        "benutzer": words(30),
        "notiz": words(200),
    },
    "p_zubeh": {"zcode": words(20), "text": latin_words(50), "stueck": QUANTITIES},
    "a_vorgang": {
        "datum": MOMENTS,
        "zeit": MOMENTS,
        "benutzer": words(30),
        "notizcode": words(10),
        "codeintern": words(20),
        "nloesch": st.integers(-32768, 32767),
    },
    "p_artikel": {"position": whole(32), "artikelid": words(20), "dim1": whole(32), "dim2": whole(32)},
    "a_kopffreie": {"feld2": words(50), "feld3": words(50), "feld5": words(50)},
}
ROWS = st.fixed_dictionaries(
    {table: st.lists(st.fixed_dictionaries(columns), max_size=4) for table, columns in VALUES.items()}
)
KEYS = {
    "a_kopf": ("id",),
    "a_logbuch": ("id",),
    "p_zubeh": ("id_a_kopf", "position", "kennung", "znr"),
    "a_vorgang": ("id_a_kopf", "nummer"),
    "p_artikel": ("id",),
    "a_kopffreie": ("id_a_kopf", "nummer"),
}


def key_of(table: str, number: int) -> dict[str, Any]:
    """Return the key of a row, and its order: all children belong to the first."""
    parent = {} if table == "a_kopf" else {"id_a_kopf": "order-é😀-0"}
    own: dict[str, dict[str, Any]] = {
        "a_kopf": {"id": f"order-é😀-{number}"},
        "a_logbuch": {"id": number + 1},
        "p_zubeh": {"position": number, "kennung": "Z", "znr": -number},
        "a_vorgang": {"nummer": f"VR {number}"},
        "p_artikel": {"id": f"A\\{number}"},
        "a_kopffreie": {"nummer": number},
    }
    return {**parent, **own[table]}


class Erp:
    """An ERP's database and the schema of the warehouse that it is loaded into."""

    def __init__(self, site: Site, variables: dict[str, str]) -> None:
        self.connection = site.admin_mysql(None)
        with self.connection.cursor() as cursor:
            cursor.execute(f"drop database if exists {DATABASE}")
            cursor.execute(f"create database {DATABASE} character set utf8mb4")
            cursor.execute(f"use {DATABASE}")
            cursor.execute(f"grant select on {DATABASE}.* to {variables['MYSQL_USER']}@'%'")
        recreate_tables(self.connection)
        with self.connection.cursor() as cursor:
            # The factory's journal numbers its entries; here any two rows may have any numbers.
            cursor.execute("set foreign_key_checks = 0")
            cursor.execute("alter table a_kopf drop index a_kopf_nummer")
        self.warehouse = psycopg2.connect(
            host=variables["POSTGRES_HOST"],
            port=int(variables["POSTGRES_PORT"]),
            user=variables["POSTGRES_USER"],
            password=variables["POSTGRES_PASSWORD"],
            dbname=variables["POSTGRES_DB"],
        )
        self.warehouse.autocommit = True
        with self.warehouse.cursor() as cursor:
            cursor.execute(f"drop schema if exists {SCHEMA} cascade")
        self.tap_config = {
            "host": variables["MYSQL_HOST"],
            "port": int(variables["MYSQL_PORT"]),
            "user": variables["MYSQL_USER"],
            "password": variables["MYSQL_PASSWORD"],
            "database": DATABASE,
        }
        self.target_config = {
            **pipeline_settings(),
            "host": variables["POSTGRES_HOST"],
            "port": int(variables["POSTGRES_PORT"]),
            "user": variables["POSTGRES_USER"],
            "password": variables["POSTGRES_PASSWORD"],
            "database": variables["POSTGRES_DB"],
            "default_target_schema": SCHEMA,
            "pseudonym_key": PSEUDONYM_KEY,
            "confirm_deletes": "all",
        }

    def write(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        """Let the ERP hold these rows and no others."""
        with self.connection.cursor() as cursor:
            for table in VALUES:
                cursor.execute(f"delete from {table}")
                for number, values in enumerate(rows[table]):
                    row = {**key_of(table, number), **values}
                    # A program of the house writes bytes, whatever the column is declared as.
                    marks = ", ".join(
                        "cast(%s as binary)" if isinstance(value, bytes) else "%s" for value in row.values()
                    )
                    cursor.execute(
                        f"insert into {table} ({', '.join(row)}) values ({marks})", tuple(row.values())
                    )
        self.connection.commit()

    def load(self) -> None:
        """Run the tap and the loader as the pipeline sets them up."""
        catalog = TapMySQL(config=self.tap_config).catalog_dict
        for stream in catalog["streams"]:
            for entry in stream["metadata"]:
                column = entry["breadcrumb"][-1] if entry["breadcrumb"] else None
                wanted = ERP_COLUMNS.get(stream["stream"], ())
                entry["metadata"]["selected"] = column in wanted if column else bool(wanted)
        out = io.StringIO()
        with redirect_stdout(out):
            TapMySQL(config=self.tap_config, catalog=catalog).sync_all()
        with redirect_stdout(io.StringIO()):
            TargetWarehouse(config=self.target_config).listen(io.StringIO(out.getvalue()))

    def source_rows(self, table: str) -> list[tuple[Any, ...]]:
        """Return what MariaDB itself says, as the warehouse should have it."""
        shown = [
            # What MySQL shows of a float; of a moment, every digit, also of one that is in no calendar.
            f"concat({column})" if column in ("stueck", "datum", "zeit", "a_vormwst") else column
            for column in ERP_COLUMNS[table]
        ]
        with self.connection.cursor() as cursor:
            cursor.execute(f"select {', '.join(shown)} from {table} order by {', '.join(KEYS[table])}")
            rows = cursor.fetchall()
        self.connection.rollback()
        return [tuple(map(expected, [table] * len(row), ERP_COLUMNS[table], row)) for row in rows]

    def loaded_rows(self, table: str) -> list[tuple[Any, ...]]:
        """Return what the warehouse holds."""
        columns = ", ".join(f'"{column}"' for column in ERP_COLUMNS[table])
        with self.warehouse.cursor() as cursor:
            cursor.execute(f"select {columns} from {SCHEMA}.{table}")
            return cursor.fetchall()


def pipeline_settings() -> dict[str, Any]:
    """Return what the pipeline's own loader is set to."""
    content = yaml.safe_load((ROOT / "load" / "loaders.meltano.yml").read_text())
    return {
        entry["name"]: entry["value"]
        for entry in content["plugins"]["loaders"][0]["settings"]
        if not str(entry["value"]).startswith("$")
    }


def expected(table: str, column: str, value: object) -> object:
    """Return what the warehouse should hold for a value of the ERP."""
    if value is None:
        return None
    if f"{table}.{column}" in pipeline_settings()["pseudonym_columns"]:
        return pseudonym(value, PSEUDONYM_KEY)
    if column in ("stueck", "a_vormwst"):
        return Decimal(str(value))
    if column in ("datum", "zeit"):
        day, clock = str(value).split(" ")
        try:
            return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock))
        except ValueError:
            return None
    return value


@pytest.fixture(scope="module")
def erp(site: Site, servers: dict[str, str]) -> Iterator[Erp]:
    erp = Erp(site, servers)
    with closing(erp.connection), closing(erp.warehouse):
        yield erp
        with erp.connection.cursor() as cursor:
            cursor.execute(f"drop database {DATABASE}")


def assert_loaded(erp: Erp) -> None:
    for table in VALUES:
        loaded = sorted(erp.loaded_rows(table), key=repr)
        assert loaded == sorted(erp.source_rows(table), key=repr), table


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(rows=ROWS)
def test_every_value_arrives_as_the_erp_has_it(erp: Erp, rows: dict[str, list[dict[str, Any]]]) -> None:
    erp.write(rows)
    erp.load()
    assert_loaded(erp)


def test_the_values_that_loads_are_known_to_spoil(erp: Erp) -> None:
    rows: dict[str, list[dict[str, Any]]] = {table: [] for table in VALUES}
    rows["a_kopf"] = [{"aualpha": "", "kommission": "Planifiée".encode(), "a_vormwst": "9999999999999.99"}]
    rows["a_logbuch"] = [
        {"datum": moment, "zeit": "1899-12-30 23:50:00", "notiz": word}
        for moment in (
            "2025-05-28 23:50:00",
            "2025-03-30 02:30:00",
            "0000-00-00 00:00:00",
            "2022-11-00 00:00:00",
        )
        for word in ODD_WORDS
    ]
    rows["p_zubeh"] = [{"stueck": value} for value in (0.1, 1.5, 1e20, -0.5, 3.4e38)]
    rows["a_vorgang"] = [{"nloesch": value} for value in (0, 1, -1, 32767)]
    erp.write(rows)
    erp.load()
    assert_loaded(erp)
    with erp.warehouse.cursor() as cursor:
        cursor.execute(f"select count(*) from {SCHEMA}.a_logbuch where datum::date = '2025-05-28'")
        assert cursor.fetchone() == (len(ODD_WORDS),)
        cursor.execute(f"select kommission from {SCHEMA}.a_kopf")
        assert cursor.fetchone() == ("PlanifiÃ©e",)


def test_a_nul_in_a_text_arrives_as_the_replacement_character(erp: Erp) -> None:
    rows: dict[str, list[dict[str, Any]]] = {table: [] for table in VALUES}
    rows["a_kopf"] = [{"aualpha": "", "auftragsart": "a\0b"}]
    erp.write(rows)
    erp.load()
    with erp.warehouse.cursor() as cursor:
        cursor.execute(f"select auftragsart from {SCHEMA}.a_kopf")
        assert cursor.fetchone() == ("a\ufffdb",)
