"""Who may do what in the warehouse, found out by logging in as a member of each role."""

from __future__ import annotations

import copy
import secrets
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg2
import pytest
from atelier import warehouse
from atelier.connections import Warehouse
from atelier.rights import FREE_TEXT, GROUPS
from atelier.roles import STEPS, Roles

from pipeline.plant import DATA_SCHEMAS, ROOT, Plant
from pipeline.rights import granted_rights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atelier_demo.servers.site import Site
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 # it is a class

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

SCHEMAS = (*DATA_SCHEMAS, "meltano", "gdpr", "ops", "serve")
#: Nothing of it changes a row; a right that is missing is noticed all the same.
ACTIONS = {
    "insert": "insert into {table} select (null::{table}).* where false",
    "update": "update {table} set {column} = null where false",
    "delete": "delete from {table} where false",
    # The tables of the server refer to each other.
    "truncate": "truncate {table} cascade",
}
ALL = {"select", "create", *ACTIONS}
EXPECTED: dict[str, dict[str, set[str]]] = {
    # It reads what to withhold, and adds the orders of an erased customer that it meets; it reads no proof.
    "loader": {"raw_ftplogs": ALL, "raw_erp": ALL, "gdpr": {"some select", "some insert"}},
    "transformer": {
        "raw_ftplogs": {"select"},
        "raw_erp": {"select"},
        # Staging is made of views.
        "staging": {"select", "create"},
        "intermediate": ALL,
        "snapshots": ALL,
        "marts": ALL,
        "seeds": ALL,
        "gdpr": {"some select"},
        "ops": {"some select", "some insert"},
    },
    "reader": {"marts": {"select"}},
    "dpo": {
        "raw_ftplogs": {"select"},
        "raw_erp": {"select"},
        "snapshots": {"select"},
        "marts": {"select"},
        "gdpr": {"select"},
    },
    # The server reads the marts as the reader: it puts that role on, and has no right of its own.
    "server": {"serve": ALL},
}
#: Object, owner, what others were granted, as PostgreSQL has it; `*` behind a right: on some columns.
GRANTED = """
raw_ftplogs | loader | transformer: usage; dpo: usage
raw_ftplogs.* | loader | transformer: select; dpo: select*
raw_erp | loader | transformer: usage; dpo: usage
raw_erp.* | loader | transformer: select; dpo: select*
staging | transformer | -
staging.* | transformer | -
intermediate | transformer | -
intermediate.* | transformer | -
marts | transformer | reader: usage; dpo: usage
marts.* | transformer | reader: select; dpo: select
seeds | transformer | -
seeds.* | transformer | -
snapshots | transformer | dpo: usage
snapshots.* | transformer | dpo: select
meltano | pipeline | transformer: usage
meltano.* | pipeline | -
meltano.runs | pipeline | transformer: select*
gdpr | pipeline | loader: usage; transformer: usage; dpo: usage
gdpr.* | pipeline | loader: select; dpo: select
gdpr.history_beginning | pipeline | transformer: select; dpo: select
gdpr.log_file_editions | pipeline | transformer: select; dpo: select
gdpr.operations | pipeline | dpo: select
gdpr.suppressed_orders | pipeline | loader: insert select; dpo: select
gdpr.suppressed_orders_suppression_number_seq | pipeline | -
ops | pipeline | transformer: usage
ops.* | pipeline | -
ops.model_builds | pipeline | transformer: insert select
ops.order_list_changes | pipeline | transformer: insert select
ops.run_steps | pipeline | transformer: select
ops.runs | pipeline | transformer: select
serve | server | -
serve.* | server | -
"""
PASSWORD = secrets.token_urlsafe()

#: A name that has to be quoted wherever it stands.
DATABASE = "Roles-of 1"
PLAIN_USER = "plain_user"


def administer(site: Site, *statements: str, database: str = "postgres") -> None:
    with closing(site.admin_postgres(database)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for statement in statements:
            cursor.execute(statement)


def remove(site: Site, database: str) -> None:
    """Remove a database with its roles and the log-ins of this test."""
    roles = [f"{database}_{group}" for group in GROUPS]
    administer(
        site,
        f'drop database if exists "{database}" with (force)',
        *(f'drop role if exists "{name}", "{name}_log_in"' for name in roles),
    )


def at(plant: Plant, database: str, user: str | None = None, password: str | None = None) -> Plant:
    """Return the same sources with another warehouse."""
    other = copy.copy(plant)
    other.variables = {**plant.variables, "POSTGRES_DB": database}
    if user and password:
        other.variables.update({"POSTGRES_USER": user, "POSTGRES_PASSWORD": password})
    return other


def keep_users(plant: Plant) -> None:
    """Let the server of the API make its tables."""
    subprocess.run(
        [str(ROOT / ".venv" / "bin" / "atelier-api"), "users", "list"],
        cwd=ROOT,
        env=plant.environment(MELTANO_ENVIRONMENT="test"),
        capture_output=True,
        check=True,
    )


@pytest.fixture(scope="module")
def sources(new_plant: Callable[..., Plant]) -> Plant:
    return new_plant("roles", evening=True)


@pytest.fixture(scope="module")
def plant(site: Site, sources: Plant) -> Iterator[Plant]:
    """A warehouse whose user may create roles, after its first run."""
    remove(site, DATABASE)
    plant = at(sources, DATABASE)
    administer(site, f'create database "{DATABASE}" owner {plant.variables["POSTGRES_USER"]}')
    plant.load()
    keep_users(plant)
    # As `atelier roles` says, by the pipeline's own user.
    for group in GROUPS:
        name = f"{DATABASE}_{group}"
        plant.execute(f"""create role "{name}_log_in" login password '{PASSWORD}'""")
        plant.execute(f'grant "{name}" to "{name}_log_in"')
    yield plant
    remove(site, DATABASE)


def log_in(plant: Plant, group: str) -> psycopg2.extensions.connection:
    member = f"{plant.variables['POSTGRES_DB']}_{group}_log_in"
    place = at(plant, plant.variables["POSTGRES_DB"], member, PASSWORD)
    return warehouse.log_in(Warehouse.of(place.variables))


def may(cursor: Cursor, statement: str) -> bool:
    """Try a statement and take it back."""
    cursor.execute("begin")
    try:
        cursor.execute(statement)
    except psycopg2.errors.InsufficientPrivilege:
        return False
    finally:
        cursor.execute("rollback")
    return True


def rights(plant: Plant, group: str) -> tuple[dict[str, set[str]], set[str]]:
    """Return what a log-in may do in each schema with everything there, and the columns it may not read.

    What it may do with some tables of a schema and not with others is marked by `some `.
    """
    everything: dict[str, dict[str, list[str]]] = {schema: {} for schema in SCHEMAS}
    views = {row[0] for row in plant.query("select schemaname || '.' || viewname from pg_views")}
    for schema, table, column in plant.query(
        "select n.nspname, c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid "
        "join pg_namespace n on n.oid = c.relnamespace "
        "where c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped"
    ):
        if schema in everything:
            everything[schema].setdefault(f"{schema}.{table}", []).append(column)
    found: dict[str, set[str]] = {}
    unreadable: set[str] = set()
    with closing(log_in(plant, group)) as connection, connection.cursor() as cursor:
        for schema, tables in everything.items():
            assert tables, f"{schema} is empty"
            tried: dict[str, list[bool]] = {"create": [may(cursor, f"create table {schema}.mine ()")]}
            for table, columns in tables.items():
                readable = [may(cursor, f'select "{column}" from {table} limit 1') for column in columns]
                hidden = {f"{table}.{name}" for name, can in zip(columns, readable, strict=True) if not can}
                tried.setdefault("select", []).append(any(readable))
                if any(readable):
                    unreadable |= hidden
                for action, statement in ACTIONS.items() if table not in views else ():
                    attempt = statement.format(table=table, column=f'"{columns[0]}"')
                    tried.setdefault(action, []).append(may(cursor, attempt))
            done = {("" if all(can) else "some ") + action for action, can in tried.items() if any(can)}
            if done:
                found[schema] = done
    return found, unreadable


def assert_rights_are_as_they_should_be(plant: Plant) -> None:
    for group, expected in EXPECTED.items():
        found, unreadable = rights(plant, group)
        if group == "transformer":
            # Of Meltano's record of runs, what the freshness of the ERP is told by.
            assert found.pop("meltano") == {"some select"}
            assert {name.rpartition(".")[0] for name in unreadable} == {"meltano.runs"}
            unreadable = set()
        assert found == expected, group
        assert unreadable == (free_text(plant) if group == "dpo" else set()), group


def free_text(plant: Plant) -> set[str]:
    """Return the columns of free text that are loaded; an old warehouse may have more."""
    return set(FREE_TEXT) & {
        row[0]
        for row in plant.query(
            "select concat_ws('.', table_schema, table_name, column_name) from information_schema.columns"
        )
    }


def test_a_member_of_each_role_may_do_what_it_is_for_and_nothing_else(plant: Plant) -> None:
    assert_rights_are_as_they_should_be(plant)


def test_nothing_else_was_granted_to_anybody(plant: Plant) -> None:
    names = {f"{DATABASE}_{group}": group for group in GROUPS}
    names[plant.variables["POSTGRES_USER"]] = "pipeline"
    assert granted_rights(plant, SCHEMAS, names) == GRANTED.strip()
    members = plant.query(
        "select distinct r.rolname, m.rolname from pg_auth_members a "
        "join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member "
        f"where r.rolname in {tuple(names)} and m.rolname not like '%_log_in'"
    )
    # Creating a role makes its creator a member; of the officer's, one who may not use it.
    assert {(names[role], names[member]) for role, member in members} == {
        (group, "pipeline") for group in GROUPS
    }
    to_come = plant.query(
        "select pg_get_userbyid(d.defaclrole), n.nspname, pg_get_userbyid(a.grantee), a.privilege_type "
        "from pg_default_acl d join pg_namespace n on n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a "
        "where a.grantee <> d.defaclrole"
    )
    assert {(names[owner], schema, names[role], word) for owner, schema, role, word in to_come} == {
        ("loader", schema, "transformer", "SELECT") for schema in ("raw_erp", "raw_ftplogs")
    }
    assert (
        plant.query(
            f"select oid::regrole::text from pg_roles where rolname like '{DATABASE}%' and (rolsuper "
            "or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls "
            "or rolcanlogin and rolname not like '%_log_in')"
        )
        == []
    )
    # Everyone else: no function that works with its owner's rights, nothing to make anything in.
    assert plant.query("select proname from pg_proc where prosecdef and pronamespace >= 16384") == []
    assert plant.query("select has_schema_privilege('public', 'public', 'create')") == [(False,)]


def test_free_text_in_raw_is_for_the_transformer_alone(plant: Plant) -> None:
    assert len(free_text(plant)) >= 5
    for column in free_text(plant):
        table, _, name = column.rpartition(".")
        for group in ("transformer", "reader", "dpo"):
            with closing(log_in(plant, group)) as connection, connection.cursor() as cursor:
                assert may(cursor, f"select {name} from {table}") == (group == "transformer")


def test_what_is_withheld_is_read_by_the_loader_and_the_proofs_by_the_officer(plant: Plant) -> None:
    readers = {
        "suppressed_customers": {"loader", "dpo"},
        "suppressed_orders": {"loader", "dpo"},
        "cutoffs": {"loader", "dpo"},
        "operations": {"dpo"},
        "log_file_editions": {"transformer", "dpo"},
        "history_beginning": {"transformer", "dpo"},
    }
    for group in GROUPS:
        with closing(log_in(plant, group)) as connection, connection.cursor() as cursor:
            for table, groups in readers.items():
                assert may(cursor, f"select 1 from gdpr.{table}") == (group in groups), (group, table)
            assert not may(cursor, "delete from gdpr.suppressed_customers where false")
            assert may(
                cursor,
                "insert into gdpr.suppressed_orders (order_id, order_number, extension) values ('x', 1, '')",
            ) == (group == "loader")


def test_everything_belongs_to_the_role_that_makes_it(plant: Plant) -> None:
    owners = plant.query(
        "select distinct n.nspname, pg_get_userbyid(c.relowner), pg_get_userbyid(n.nspowner) "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        f"where n.nspname in {SCHEMAS} order by 1"
    )
    user = plant.variables["POSTGRES_USER"]
    owned = dict.fromkeys(("raw_erp", "raw_ftplogs"), f"{DATABASE}_loader")
    models = ("intermediate", "marts", "seeds", "snapshots", "staging")
    owned |= dict.fromkeys(models, f"{DATABASE}_transformer")
    owned |= {"meltano": user, "gdpr": user, "ops": user, "serve": f"{DATABASE}_server"}
    assert owners == sorted((schema, owner, owner) for schema, owner in owned.items())


def test_where_all_is_as_it_should_be_nothing_is_done(plant: Plant) -> None:
    roles = Roles.of(Warehouse.of(plant.variables))
    with closing(plant.connect()) as connection, connection.cursor() as cursor:
        assert [list(step(cursor, roles)) for step in STEPS] == [[]] * len(STEPS)


@pytest.mark.slow  # a whole run, built anew
def test_the_rights_survive_a_full_refresh(plant: Plant) -> None:
    plant.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test")
    assert_rights_are_as_they_should_be(plant)


@pytest.mark.slow  # a minute or so of whole runs
def test_the_rights_survive_tables_and_schemas_that_are_made_again(plant: Plant) -> None:
    plant.execute("drop schema marts cascade")
    plant.execute("drop table raw_erp.a_logbuch cascade")
    plant.run_well("erp-to-marts")
    assert_rights_are_as_they_should_be(plant)


def atelier(plant: Plant, *arguments: str) -> str:
    done = subprocess.run(
        [str(ROOT / ".venv" / "bin" / "atelier"), *arguments],
        cwd=ROOT,
        env=plant.environment(MELTANO_ENVIRONMENT="test"),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_roles_and_their_members_are_shown(plant: Plant) -> None:
    shown = atelier(plant, "roles")
    for group, purpose in GROUPS.items():
        assert f"{DATABASE}_{group}: {purpose}\n" in shown
    assert f"    log-ins: {DATABASE}_dpo_log_in\n" in shown
    assert f'grant "{DATABASE}_reader" to grafana;' in shown


@pytest.mark.slow  # a minute or so of whole runs
def test_a_user_who_may_not_create_roles_works_alone_until_an_administrator_does(
    site: Site, sources: Plant
) -> None:
    database = "plain"
    remove(site, database)
    administer(
        site,
        f"drop role if exists {PLAIN_USER}",
        f"create role {PLAIN_USER} login password '{PASSWORD}'",
        f"create database {database} owner {PLAIN_USER}",
    )
    plant = at(sources, database, PLAIN_USER, PASSWORD)
    try:
        alone = plant.run_well("elt")
        assert "user plain_user may not create roles" in alone
        owners = plant.query(f"select distinct tableowner from pg_tables where schemaname in {SCHEMAS}")
        assert owners == [(PLAIN_USER,)]
        written, contents = plant.rows_written(), plant.contents(*DATA_SCHEMAS)

        statements = atelier(plant, "roles", "--sql")
        administer(site, *filter(str.strip, statements.split(";")), database=database)
        # A right that is given by hand goes with the next build.
        plant.execute(f"grant select on marts.fct_jobs to {database}_loader")
        output = plant.run_well("elt")
        assert "may not create roles" not in output
        assert plant.rows_written() == written
        assert plant.contents(*DATA_SCHEMAS) == contents
        keep_users(plant)
        for group in GROUPS:
            name = f"{database}_{group}_log_in"
            administer(site, f"create role {name} login password '{PASSWORD}' in role {database}_{group}")
        assert_rights_are_as_they_should_be(plant)

        administer(site, f"revoke {database}_loader from {PLAIN_USER}")
        status, output = plant.run("erp")
        assert status == 1
        last = output.strip().splitlines()[-1]
        assert last.startswith("atelier: failed: the roles of the warehouse, database plain")
        assert "let an administrator do it, with what `.venv/bin/atelier roles --sql` prints" in last
    finally:
        remove(site, database)
        administer(site, f"drop role {PLAIN_USER}")
