"""A warehouse of the release before, and today's pipeline on it: as if it had always been today's."""

from __future__ import annotations

import json
import lzma
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from atelier import roles
from atelier.backup import programs
from atelier.connections import Warehouse
from atelier.ops import models
from atelier_demo.factory.logs import make_logs
from pipeline.conftest import SEED, UNTIL, finish_the_day, make_plants_erp
from pipeline.personal import gdpr_well, texts_of
from pipeline.plant import ROOT, Plant, kill_when
from served import start
from target_warehouse.sinks import pseudonym

if TYPE_CHECKING:
    from atelier_demo.servers.site import Site

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

RELEASE = Path(__file__).parent / "0.1.0"
FACTS: dict[str, Any] = json.loads((RELEASE / "facts.json").read_text(encoding="utf-8"))

SENTENCE = "this run computes them all anew"

#: Somebody who has views of their own on the marts.
ANALYST = "upgrade_analyst"
#: Columns that have got another type since: a view that reads one would be named, and its mart not built.
RETYPED = ("accessory_quantity",)


def restore(plant: Plant, folder: Path) -> None:
    """Put the release's warehouse into the plant's empty database, as its administrator would."""
    dump = folder / "warehouse.dump"
    dump.write_bytes(lzma.decompress((RELEASE / "warehouse.dump.xz").read_bytes()))
    target = Warehouse.of(plant.variables)
    program = programs.find("pg_restore", 18, {}, "the dump was made by that version")
    words = [
        "--no-owner",
        "--single-transaction",
        "--exit-on-error",
        f"--dbname={target.database}",
        str(dump),
    ]
    subprocess.run([str(program.path), *words], env=programs.environment(target, plant.variables), check=True)


@pytest.fixture(scope="module")
def plant(site: Site, servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """The warehouse as the release left it at noon; since then the machines have gone on working."""
    plant = Plant(site, {**servers, "PSEUDONYM_KEY": FACTS["pseudonym_key"]}, "upgrade")
    make_logs(plant.logs, seed=SEED, days=FACTS["days"], until=UNTIL)
    make_plants_erp(plant)
    restore(plant, tmp_path_factory.mktemp("release"))
    build_on_the_marts(site, plant)
    finish_the_day(plant)
    return plant


def build_on_the_marts(site: Site, plant: Plant) -> None:
    """Let somebody who is no role of ours build a view on each mart, and a view on each of those."""
    with (
        closing(site.admin_postgres(plant.variables["POSTGRES_DB"])) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"drop schema if exists {ANALYST} cascade")
        cursor.execute(f"drop role if exists {ANALYST}")
        cursor.execute(f"create role {ANALYST}")
        cursor.execute(f"create schema {ANALYST} authorization {ANALYST}")
        cursor.execute(f"grant usage on schema marts to {ANALYST}")
        cursor.execute(f"grant select on all tables in schema marts to {ANALYST}")
        cursor.execute(
            "select c.relname, string_agg(quote_ident(a.attname), ', ' order by a.attnum) "
            "from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 "
            "where c.relnamespace = 'marts'::regnamespace and c.relkind in ('r', 'v') "
            "and a.attname <> all(%s) group by c.relname",
            (list(RETYPED),),
        )
        marts = cursor.fetchall()
        cursor.execute(f"set role {ANALYST}")
        for name, columns in marts:
            cursor.execute(f"create view {ANALYST}.{name} as select {columns} from marts.{name}")
            cursor.execute(f"create view {ANALYST}.on_{name} as select * from {ANALYST}.{name}")
        connection.commit()


@pytest.fixture(scope="module")
def history(plant: Plant) -> set[str]:
    """What the release remembered of the orders."""
    return set(plant.contents("snapshots")["snapshots.order_history"])


@pytest.fixture(scope="module")
def upgraded(plant: Plant, history: set[str]) -> str:
    """What the first run of today's pipeline says."""
    assert history
    downloads = plant.downloads()
    output = plant.run_well("elt")
    assert SENTENCE in output
    # It has read on in the files that have grown, and nothing from the beginning.
    assert plant.downloads() - downloads == len(list(plant.logs.iterdir()))
    return output


def test_the_history_is_kept(plant: Plant, history: set[str], upgraded: str) -> None:  # noqa: ARG001
    assert history == set(plant.contents("snapshots")["snapshots.order_history"])
    order = FACTS["order_with_a_past"]
    states = plant.query(f"select count(*) from marts.fct_order_status_history where order_id = '{order}'")
    assert states == [(3,)]


def test_the_next_run_computes_nothing_anew(plant: Plant, upgraded: str) -> None:
    assert SENTENCE in upgraded
    assert plant.query("select count(*) from ops.model_builds") == [(1,)]
    with closing(plant.connect()) as connection:
        assert models.variables(connection, ROOT, ["dbt:build"], print) == {models.FINGERPRINT: ""}


def test_its_log_lines_have_got_their_digests(plant: Plant, upgraded: str) -> None:
    assert upgraded
    for table in ("log_events", "rejected_lines"):
        ((missing, keys),) = plant.query(
            f"select count(*) filter (where line_digest is null), count(distinct substr(line_digest, 1, 8)) "
            f"filter (where line_digest <> '') from raw_ftplogs.{table}"
        )
        assert (missing, keys) == (0, 1)


def test_users_log_in_with_the_password_that_they_had(
    plant: Plant,
    upgraded: str,
    tmp_path: Path,
) -> None:
    assert upgraded
    process, served = start(plant.variables, tmp_path)
    try:
        form = {"grant_type": "password", "username": FACTS["user"], "password": FACTS["password"]}
        token = httpx.post(f"{served.url}/v1/auth/token", data=form)
        assert token.status_code == 200
        bearer = {"Authorization": f"Bearer {token.json()['access_token']}"}
        assert httpx.get(f"{served.url}/v1/machines", headers=bearer).json()["data"]
    finally:
        process.terminate()
        process.wait(20)


def test_everything_belongs_to_its_role(plant: Plant, upgraded: str) -> None:  # noqa: ARG001
    names = roles.Roles.of(Warehouse.of(plant.variables))
    with closing(plant.connect()) as connection, connection.cursor() as cursor:
        assert [list(step(cursor, names)) for step in roles.STEPS] == [[]] * len(roles.STEPS)
        cursor.execute(
            "select bool_and(has_table_privilege(%s, c.oid, 'select')), "
            "bool_and(has_table_privilege(%s, c.oid, 'select')) from pg_class c "
            "where c.relnamespace = 'marts'::regnamespace and c.relkind in ('r', 'v')",
            (names.reader, names.dpo),
        )
        assert cursor.fetchone() == (True, True)


def test_views_of_others_are_kept(site: Site, plant: Plant, upgraded: str) -> None:  # noqa: ARG001
    reader = roles.Roles.of(Warehouse.of(plant.variables)).reader
    with (
        closing(site.admin_postgres(plant.variables["POSTGRES_DB"])) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"grant {reader} to {ANALYST}")
        cursor.execute(f"set role {ANALYST}")
        cursor.execute(f"select viewname from pg_views where schemaname = '{ANALYST}'")
        names = {name for (name,) in cursor.fetchall()}
        assert {f"on_{name}" for name in names if not name.startswith("on_")} < names
        assert {"fct_sessions", "fct_source_freshness"} < names
        for name in names:
            mart = name.removeprefix("on_")
            cursor.execute(
                f"select (select count(*) from {ANALYST}.{name}) = (select count(*) from marts.{mart})"
            )
            assert cursor.fetchone() == (True,), name


def test_who_was_erased_stays_so(plant: Plant, upgraded: str) -> None:  # noqa: ARG001
    key = pseudonym(FACTS["erased_customer"], FACTS["pseudonym_key"])
    assert plant.query("select customer_key from gdpr.suppressed_customers") == [(key,)]
    assert not [table for table, text in texts_of(plant) if key in text]


def everything(plant: Plant) -> dict[str, list[str]]:
    """What the marts hold, but for what only an old warehouse knows of an order; which views there are."""
    found = plant.lasting("marts")
    for table in ("marts.fct_order_status_history", "marts.fct_order_lead_times"):
        found[table] = [row for row in found[table] if FACTS["order_with_a_past"] not in row]
    views = plant.query(
        "select schemaname || '.' || viewname from pg_views "
        "where schemaname in ('marts', 'staging') order by 1"
    )
    return {**found, "views": [name for (name,) in views]}


@pytest.mark.slow  # three whole runs more
def test_the_marts_are_those_of_a_fresh_install_also_after_a_kill(
    plant: Plant,
    upgraded: str,  # noqa: ARG001
    tmp_path: Path,
) -> None:
    found = everything(plant)
    plant.drop_warehouse()
    request = {"REQUESTED_BY": "DPO", "REFERENCE": "RGPD-1"}
    gdpr_well(plant, "erase", CUSTOMER=FACTS["erased_customer"], **request)
    assert SENTENCE not in plant.run_well("elt")
    fresh = everything(plant)
    assert set(found) == set(fresh)
    for table, rows in fresh.items():
        assert found[table] == rows, table

    plant.drop_warehouse()
    restore(plant, tmp_path)
    kill_when(plant.start("elt"), "OK created sql incremental model marts", 0.2, whole_group=False)
    assert plant.query("select count(*) from ops.model_builds") == [(0,)]
    assert SENTENCE in plant.run_well("elt")
    assert everything(plant) == fresh
