"""A canary: a name, a phone number, an e-mail address in every text of the sources. Where do they turn up?

They may be in the columns that the register says hold text as it is (docs/gdpr), and nowhere else: not in the
rest of a dump of the warehouse, not in the output of a run, not in any log.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from atelier.gdpr.register import PLAIN, PSEUDONYM, not_extracted, parse_project
from atelier_demo.factory.erp_schema import TABLES
from atelier_demo.servers.postgres import installations
from target_warehouse.sinks import pseudonym

from pipeline.conftest import erp_connection
from pipeline.plant import BOOKS, ROOT, Plant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymysql.cursors import Cursor

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

#: Its first five characters fit into the shortest text of the ERP.
CANARY = "Zq7Xk Canari 0698127364 zq7xk@canari.example"
TRACE = r"zq7xk|canari|0698127364"

#: A status that no row of the seed knows is reported by its name, in an alert and in the last lines of a run.
#: It is a word of the office, about no person, so it has a word of its own, which the logs may hold.
STATUS = "Qv4Statut"
REPORTED = {("marts", "fct_alerts", "details")}

#: What makes an order one to plan, so that it comes through to the marts, with as much canary as that allows.
TO_PLAN: dict[tuple[str, str], object] = {
    ("a_kopf", "aufstatus"): "Planifiée",
    ("p_zubeh", "zcode"): "VR Zq7Xk Canari",
    ("a_logbuch", "notiz"): f"cde planifiée {CANARY}",
    ("a_vorgang", "nummer"): "VR Zq7Xk",
    # No mart holds it: the key of its row is reported in the warehouse.
    ("p_zubeh", "stueck"): 3_760_123_456_789,
}

LINES = f"""\
20251121 06:00:00|@MachineStart: {CANARY}
20251121 06:00:10|@MessageOperateur: {CANARY}
20251121 06:00:20|@Zq7XkCanari: {CANARY}
20251121 06:00:30|@JobProfiel: R:Zq7Xk L:3359.0 C:{CANARY}
20251121 06:01:00|@StukUitgevoerd: 230001/Zq7Xk {CANARY}
20251121 06:01:10|@MachineWait: 5 sec {CANARY}
20251121 06:02:00|@StukUitgevoerd: {CANARY}
{CANARY}
20250231 06:02:00|@StukUitgevoerd: {CANARY}
"""

USER_SCHEMAS = "table_schema not like 'pg\\_%' and table_schema <> 'information_schema'"

Place = tuple[str, str, str]


def plant_orders(plant: Plant) -> None:
    """Add two orders with the canary in every text, an address included; the second is to be planned."""
    with closing(erp_connection(plant)) as connection, connection.cursor() as cursor:
        # What the user may not read would prove nothing by being absent.
        cursor.execute(f"grant select on a_adresse to {plant.variables['MYSQL_USER']}@'%'")
        not_known: dict[tuple[str, str], object] = {("a_kopf", "aufstatus"): STATUS}
        for number, changes in enumerate((not_known, TO_PLAN), start=1):
            for table in TABLES:
                row = canary_row(cursor, table, number)
                row.update({column: value for (place, column), value in changes.items() if place == table})
                cursor.execute(
                    f"insert into {table} ({', '.join(f'`{column}`' for column in row)}) "
                    f"values ({', '.join(['%s'] * len(row))})",
                    tuple(row.values()),
                )
        connection.commit()


def canary_row(cursor: Cursor, table: str, number: int) -> dict[str, Any]:
    cursor.execute(
        "select column_name, data_type, character_maximum_length, is_nullable, extra "
        "from information_schema.columns where table_schema = database() and table_name = %s",
        (table,),
    )
    row: dict[str, Any] = {}
    for column, kind, length, is_nullable, extra in cursor.fetchall():
        if kind in ("varchar", "char", "text"):
            is_id = column in ("id", "id_a_kopf")
            row[column] = f"{CANARY[: length - 1]}{number}" if is_id else CANARY[:length]
        elif column == "aunummer":
            row[column] = 990000 + number
        elif is_nullable == "NO" and "auto_increment" not in extra:
            row[column] = 1 if column != "nloesch" else 0
    return row


@pytest.fixture(scope="module")
def plant(new_plant: Callable[..., Plant]) -> Plant:
    plant = new_plant("canary")
    plant_orders(plant)
    machine = min(folder for folder in plant.logs.iterdir() if folder.name.startswith("DEM12"))
    (machine / "20251121.LOG").write_text(LINES)
    return plant


@pytest.fixture(scope="module")
def output(plant: Plant) -> str:
    """A run that says all that it can say."""
    return plant.run_well("elt", MELTANO_CLI_LOG_LEVEL="debug", DBT_LOG_LEVEL="debug")


@pytest.fixture(scope="module")
def dump(plant: Plant, output: str) -> str:  # noqa: ARG001 # the run comes first
    """All of the warehouse's database as SQL: data, definitions, Meltano's own schema."""
    with closing(plant.connect()) as connection:
        version = connection.server_version // 10_000
    return subprocess.run(
        [
            *(str(installations()[version] / "pg_dump"), "--host", plant.variables["POSTGRES_HOST"]),
            *("--port", plant.variables["POSTGRES_PORT"], "--username", plant.variables["POSTGRES_USER"]),
            plant.variables["POSTGRES_DB"],
        ],
        env={**os.environ, "PGPASSWORD": plant.variables["POSTGRES_PASSWORD"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.fixture(scope="module")
def register() -> dict[Place, str]:
    """What the register says of each column: a pseudonym, or text as it is."""
    with (ROOT / "docs" / "gdpr" / "register.csv").open(encoding="utf-8", newline="") as file:
        return {(row["schéma"], row["table"], row["colonne"]): row["contenu"] for row in csv.DictReader(file)}


def places_in(dump: str, pattern: str) -> set[Place]:
    """Return the columns of the dump's tables in which a pattern occurs; it must occur nowhere else."""
    found: set[Place] = set()
    table: tuple[str, str] | None = None
    columns: list[str] = []
    for line in dump.splitlines():
        if start := re.fullmatch(r"COPY (\w+)\.(\w+) \((.*)\) FROM stdin;", line):
            table, columns = (start[1], start[2]), [name.strip('"') for name in start[3].split(", ")]
        elif line == "\\.":
            table = None
        elif re.search(pattern, line, re.IGNORECASE):
            assert table is not None, line
            for column, value in zip(columns, line.split("\t"), strict=True):
                if re.search(pattern, value, re.IGNORECASE):
                    found.add((*table, column))
    return found


def places_in_views(plant: Plant, pattern: str) -> set[Place]:
    views = plant.query(
        "select table_schema, table_name, column_name from information_schema.columns "
        f"join information_schema.views using (table_schema, table_name) where {USER_SCHEMAS}"
    )
    return {
        (schema, view, column)
        for schema, view, column in views
        if plant.query(f"select 1 from {schema}.{view} where \"{column}\"::text ~* '{pattern}' limit 1")
    }


def text_columns(plant: Plant) -> set[Place]:
    rows = plant.query(
        f"select table_schema, table_name, column_name from information_schema.columns where {USER_SCHEMAS} "
        "and data_type in ('text', 'character varying')"
    )
    return {(schema, table, column) for schema, table, column in rows}


def log_files(plant: Plant) -> Iterator[Path]:
    """Return what a run writes: dbt's logs and compiled SQL, Meltano's folder, the servers' logs."""
    for folder in map(Path, plant.folders.values()):
        yield from (path for path in folder.rglob("*") if path.is_file())
    # The server of the API has none: nobody has started it here.
    yield from (server.log_file for server in plant.site.status() if server.log_file.exists())
    yield plant.site.ftp_transfer_log


def assert_logs_tell_nothing(plant: Plant, *outputs: str) -> None:
    texts = {str(path): path.read_text(encoding="utf-8", errors="replace") for path in log_files(plant)}
    texts.update({f"output {number}": output for number, output in enumerate(outputs)})
    assert any("dbt.log" in name for name in texts)
    for name, text in texts.items():
        for secret in (TRACE, re.escape(plant.variables["PSEUDONYM_KEY"])):
            assert not re.search(secret, text, re.IGNORECASE), f"{secret} is in {name}"


def test_the_canary_is_where_the_register_says_and_nowhere_else(
    plant: Plant, dump: str, register: dict[Place, str]
) -> None:
    pattern = f"{TRACE}|{STATUS}"
    found = (places_in(dump, pattern) | places_in_views(plant, pattern)) - REPORTED
    plain = {place for place, content in register.items() if content == PLAIN}
    assert found == plain & text_columns(plant)


def test_pseudonyms_stand_for_customers_technicians_and_users(
    plant: Plant, dump: str, register: dict[Place, str]
) -> None:
    key = plant.variables["PSEUDONYM_KEY"]
    # The customer's number has ten characters, the technician and the user thirty.
    pseudonyms = "|".join(pseudonym(CANARY[:length], key) for length in (10, 30))
    found = places_in(dump, pseudonyms) | places_in_views(plant, pseudonyms)
    # The digest of a whole line stands for no single value in it.
    made = {
        place for place, content in register.items() if content == PSEUDONYM and place[2] != "line_digest"
    }
    assert found == made


def test_the_key_is_nowhere_in_the_warehouse(plant: Plant, dump: str) -> None:
    assert plant.variables["PSEUDONYM_KEY"] not in dump


def test_no_log_tells_anything_however_much_it_is_to_tell(plant: Plant, output: str) -> None:
    assert_logs_tell_nothing(plant, output)


@pytest.mark.parametrize(
    ("table", "constraint"),
    [("a_logbuch", "check (notiz not ilike '%canari%')"), ("a_kopf", "check (length(kommission) < 41)")],
)
@pytest.mark.usefixtures("output")
def test_a_load_that_fails_tells_nothing(plant: Plant, table: str, constraint: str) -> None:
    plant.execute(f"truncate raw_erp.{table}")
    plant.execute(f"alter table raw_erp.{table} add constraint canary_test {constraint}")
    try:
        status, failed = plant.run("erp")
    finally:
        plant.execute(f"alter table raw_erp.{table} drop constraint canary_test")
    assert status != 0
    assert f"{table} could not be loaded" in failed.splitlines()[-1], failed[-3000:]
    assert_logs_tell_nothing(plant, failed)


@pytest.mark.usefixtures("output")
def test_the_raw_tables_have_the_columns_that_are_tagged_and_no_other(plant: Plant) -> None:
    manifest = parse_project(ROOT)
    described = {
        (source["name"], column["name"]): column["config"]["meta"].get("personal_data")
        for source in manifest["sources"].values()
        # Beside the ERP's tables, where nobody types, the loader keeps its own book.
        if source["schema"] == "raw_erp" and source["name"] not in BOOKS
        for column in source["columns"].values()
    }
    loaded = plant.query(
        "select table_name, column_name from information_schema.columns where table_schema = 'raw_erp'"
    )
    assert {(table, column) for table, column in loaded if table not in BOOKS} == set(described)
    # Whatever people type may name somebody: a text is never without a tag that says what it holds.
    untold = {
        (table, column)
        for schema, table, column in text_columns(plant)
        if schema == "raw_erp" and table not in BOOKS and described[table, column] == "none"
    }
    assert not untold
    with closing(erp_connection(plant)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select table_name, column_name from information_schema.columns where table_schema = database()"
        )
        in_the_erp = set(cursor.fetchall())
    left_there = {(table, name) for table, names in not_extracted(manifest).items() for name in names}
    assert in_the_erp == set(described) | left_there
