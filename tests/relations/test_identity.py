"""What people read stays what it is: no lock that a reader could hold, no loss of a view of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from relations.conftest import ANALYST

if TYPE_CHECKING:
    from relations.project import Project

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

GRANTS: dict[str, Any] = {"grants": {"select": [ANALYST]}}
VIEW: dict[str, Any] = {"materialized": "view", **GRANTS}
TABLE: dict[str, Any] = {
    "materialized": "incremental",
    "incremental_strategy": "sync",
    "unique_key": "id",
    "on_schema_change": "fail",
    **GRANTS,
}
#: Replaced whole in a full refresh, as the models of sessions are.
APPENDED: dict[str, Any] = {**TABLE, "incremental_strategy": "append", "unique_key": None}
TABLES = {"synced": TABLE, "appended": APPENDED}
RELATIONS = {"shown": VIEW, **TABLES}
OWN_VIEW = f"{ANALYST}.own"


def own_views(project: Project, *names: str, columns: str = "*") -> None:
    """Let the analyst build a view on each, a view on that one, and a materialized view."""
    for name in names:
        project.execute(
            f"create view {ANALYST}.on_{name} as select {columns} from marts.{name}",
            f"create view {ANALYST}.chained_{name} as select * from {ANALYST}.on_{name}",
            f"create materialized view {ANALYST}.kept_{name} as select {columns} from marts.{name}",
            user=ANALYST,
        )


def drop_own_views(project: Project, name: str) -> None:
    """Drop what the analyst has built on it."""
    project.execute(
        f"drop view {ANALYST}.on_{name} cascade",
        f"drop materialized view {ANALYST}.kept_{name}",
        user=ANALYST,
    )


def test_readers_do_not_block_a_run_that_changes_nothing(project: Project) -> None:
    project.model("facts", "select 1 as id, 'a' as name", description="Facts.", **TABLE)
    project.model("shown", "select id from {{ ref('facts') }}", description="Shown.", **VIEW)
    project.build()
    ids = project.identity("facts"), project.identity("shown")
    own_views(project, "facts", "shown")
    with project.session(ANALYST) as reader, project.session() as cleaner:
        reader.cursor().execute("select * from marts.facts, marts.shown")
        # What a comment waits for, too: a VACUUM that must not be interrupted holds such a lock.
        cleaner.cursor().execute("lock table marts.facts in share update exclusive mode")
        assert set(project.build().statuses.values()) == {"success"}
        built = project.build("--full-refresh")
    assert built.messages["shown"] == "UNCHANGED"
    assert ids == (project.identity("facts"), project.identity("shown"))
    assert project.query(f"select * from {ANALYST}.chained_facts", ANALYST) == [(1, "a")]


def test_a_reader_sees_the_old_rows_or_the_new_ones(project: Project) -> None:
    def write(name: str, rows: int) -> None:
        sql = f"select n as id, '{name}' as name from generate_series(1, {rows}) as n"
        for model, config in TABLES.items():
            project.model(model, sql, **config)
        # What nobody else may read is swapped.
        project.model("kept_inside", sql, **{**TABLE, "grants": {}})

    write("old", 3)
    project.build()
    project.execute(*(f"create index {name}_by_name on marts.{name} (name)" for name in TABLES))
    ids = {name: project.identity(name) for name in TABLES}
    with project.session(ANALYST) as reader, reader.cursor() as cursor:
        cursor.execute("begin isolation level repeatable read; select 1")
        write("new", 4)
        project.build("--full-refresh")
        for name in TABLES:
            cursor.execute(f"select count(*), min(name) from marts.{name}")
            assert cursor.fetchone() == (3, "old")
    for name in TABLES:
        assert project.query(f"select count(*), min(name) from marts.{name}") == [(4, "new")]
        assert project.identity(name) == ids[name]
        assert project.query(f"select to_regclass('marts.{name}_by_name') is not null") == [(True,)]
    assert project.query("select count(*), min(name) from marts.kept_inside") == [(4, "new")]
    assert project.relations() == {*TABLES, "kept_inside"}


def test_new_columns_come_wherever_the_model_has_them(project: Project) -> None:
    for name, config in RELATIONS.items():
        project.model(name, "select 1 as id, 'a'::text as name", **config)
        project.model(f"on_{name}", f"select * from {{{{ ref('{name}') }}}}", **VIEW)
    project.build()
    names = [*RELATIONS, *(f"on_{name}" for name in RELATIONS)]
    own_views(project, *names)
    ids = {name: project.identity(name) for name in names}
    sql = "select true as is_new, 1 as id, 2::bigint as amount, 'a'::text as name"
    for name, config in RELATIONS.items():
        project.model(name, sql, **config)
    project.build("--full-refresh")
    built = project.build("--full-refresh")
    for name in names:
        rows = project.query(f"select id, name, is_new, amount from marts.{name}", ANALYST)
        assert rows == [(1, "a", True, 2)]
        assert project.query(f"select * from {ANALYST}.chained_{name}", ANALYST) == [(1, "a")]
        assert project.identity(name) == ids[name]
    assert {built.messages[f"on_{name}"] for name in RELATIONS} == {"UNCHANGED"}


def test_a_view_of_a_users_own_is_named_not_dropped(project: Project) -> None:
    changes = {
        "view_gone": (VIEW, "select 1 as id"),
        "view_type": (VIEW, "select 1 as id, 2.5::numeric as name"),
        "sync_type": (TABLE, "select 1 as id, 2.5::numeric as name"),
        "append_gone": (APPENDED, "select 1 as id"),
    }
    for name, (config, _) in changes.items():
        project.model(name, "select 1 as id, 'a'::text as name", **config)
    project.build()
    own_views(project, *changes)
    for name, (config, sql) in changes.items():
        project.model(name, sql, **config)
    project.model("another", "select 1 as id", **VIEW)
    built = project.build("--full-refresh", succeeds=False)
    assert built.statuses["another"] == "success"
    for name in changes:
        refusal = built.messages[name]
        assert f"marts.{name} gets other columns, and the materialized view {ANALYST}.kept_{name}" in refusal
        assert f"the view {ANALYST}.on_{name} (owner {ANALYST}) of your own is built on it" in refusal
        assert project.query(f"select * from {ANALYST}.chained_{name}", ANALYST) == [(1, "a")]
        assert project.query(f"select * from marts.{name}") == [(1, "a")]
        drop_own_views(project, name)
    project.build("--full-refresh")
    for name, (_, sql) in changes.items():
        assert len(project.query(f"select * from marts.{name}", ANALYST)[0]) == sql.count(" as ")
    assert project.relations() == {*changes, "another"}


def test_a_view_of_other_columns_does_not_matter(project: Project) -> None:
    for name, config in TABLES.items():
        project.model(name, "select 1 as id, 'a'::text as name, 1 as amount, 2 as gone", **config)
    project.build()
    own_views(project, *TABLES, columns="id, name")
    ids = {name: project.identity(name) for name in TABLES}
    for name, config in TABLES.items():
        project.model(name, "select 1 as id, 'a'::text as name, 1.5::numeric(9, 2) as amount", **config)
    project.build("--full-refresh")
    for name in TABLES:
        assert project.identity(name) == ids[name]
        assert project.query(f"select * from {ANALYST}.chained_{name}", ANALYST) == [(1, "a")]
        assert project.query(f"select amount::text from marts.{name}") == [("1.50",)]


def test_views_of_ours_follow_a_table_that_is_swapped(project: Project) -> None:
    project.model("facts", "select 1 as id, 'a'::text as name", **TABLE)
    project.model("shown", "select id, name from {{ ref('facts') }}", **VIEW)
    project.model("above", "select id from {{ ref('shown') }}", **VIEW)
    project.build()
    own_views(project, "above")
    above = project.identity("above")
    project.model("facts", "select 1 as id, 3 as name", **TABLE)
    # A reader of what is replaced keeps the old one for a while; all else goes on.
    with project.session(ANALYST) as reader:
        reader.cursor().execute(f"select * from {ANALYST}.chained_above")
        built = project.build("--full-refresh", succeeds=False)
    assert built.statuses["facts"] == "error"
    project.build("--full-refresh")
    assert project.query("select * from marts.shown", ANALYST) == [(1, 3)]
    assert project.identity("above") == above
    assert project.relations() == {"facts", "shown", "above"}
    project.execute("insert into marts.facts values (2, 4)")
    assert project.query(f"select count(*) from {ANALYST}.chained_above", ANALYST) == [(2,)]


def test_a_table_becomes_a_view_and_a_table_again(project: Project) -> None:
    for config in (TABLE, VIEW, TABLE):
        project.model("facts", "select 1 as id", **config)
        project.build()
        assert project.query("select * from marts.facts", ANALYST) == [(1,)]
        assert project.relations() == {"facts"}
    own_views(project, "facts")
    project.model("facts", "select 1 as id", **VIEW)
    assert f"{ANALYST}.on_facts" in project.build(succeeds=False).messages["facts"]


def test_the_contract_of_a_table_that_is_kept_is_followed(project: Project) -> None:
    def columns(key: str, required: str) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "data_type": "integer",
                "description": f"What {name} is in today's words.",
                "constraints": [{"type": "primary_key"}]
                if name == key
                else [{"type": "not_null"}] * (name == required),
            }
            for name in ("id", "amount", "rank")
        ]

    contract = {**TABLE, "contract": {"enforced": True}}
    indexes = [{"columns": ["amount"]}, {"columns": ["rank", "id"], "unique": True}]
    sql = "select 1 as id, 2 as amount, 3 as rank"
    project.model("facts", sql, columns=columns("id", "amount"), indexes=indexes, **contract)
    project.build()
    identity = project.identity("facts")
    own_views(project, "facts")
    own_name = "'\"?[0-9a-f]{32}\"?'"
    shape = (
        f"select regexp_replace(indexdef, {own_name}, 'x') from pg_indexes where tablename = 'facts' "
        "union all "
        "select attname || attnotnull from pg_attribute "
        "where attrelid = 'marts.facts'::regclass and attnum > 0 order by 1"
    )
    before = project.query(shape)
    project.build("--full-refresh")
    assert project.query(shape) == before
    project.model("facts", sql, columns=columns("rank", "id"), indexes=indexes[1:], **contract)
    project.build("--full-refresh")
    assert project.identity("facts") == identity
    assert [row for (row,) in project.query(shape)] == [
        "CREATE UNIQUE INDEX facts_pkey ON marts.facts USING btree (rank)",
        "CREATE UNIQUE INDEX x ON marts.facts USING btree (rank, id)",
        "amountfalse",
        "idtrue",
        "ranktrue",
    ]
    assert project.query("select col_description('marts.facts'::regclass, 2)") == [
        ("What amount is in today's words.",)
    ]


def test_a_seed_stays_the_table_that_it_is(project: Project) -> None:
    project.seed("limits", "name,amount\na,1\n", {"name": "text", "amount": "integer"})
    project.model("shown", "select amount from {{ ref('limits') }}", **VIEW)
    project.build()
    identity = project.identity("limits")
    project.execute(f"grant select on marts.limits to {ANALYST}")
    own_views(project, "limits", columns="name")
    with project.session(ANALYST) as reader:
        reader.cursor().execute("select * from marts.limits")
        project.build("--full-refresh")
        project.seed("limits", "name,amount\n", {"name": "text", "amount": "integer"})
        project.build()
    assert project.query("select count(*) from marts.limits") == [(0,)]
    project.seed(
        "limits", "name,is_new,amount\na,true,1\n", {"name": "text", "amount": "integer", "is_new": "boolean"}
    )
    project.build()
    assert project.query("select name, amount, is_new from marts.limits") == [("a", 1, True)]
    assert project.identity("limits") == identity
    # A view of ours is built on the column that gets another type: the table is swapped.
    project.seed("limits", "name,amount\na,1.5\n", {"name": "text", "amount": "numeric(9,2)"})
    assert f"{ANALYST}.on_limits" in project.build("--full-refresh", succeeds=False).messages["limits"]
    drop_own_views(project, "limits")
    project.build("--full-refresh")
    assert project.query("select amount::text from marts.shown") == [("1.50",)]
    assert project.relations() == {"limits", "shown"}


def test_what_a_killed_run_has_left_goes_unless_it_is_read(project: Project) -> None:
    project.model("facts", "select 1 as id", **TABLE)
    project.execute(
        "create table marts.facts__dbt_backup1 (id int)",
        "create view marts.shown__dbt_backup1 as select * from marts.facts__dbt_backup1",
        "create table marts.facts__dbt_backup2 (id int)",
        f"grant select on marts.facts__dbt_backup2 to {ANALYST}",
    )
    project.execute(f"create view {OWN_VIEW} as select * from marts.facts__dbt_backup2", user=ANALYST)
    project.build()
    assert project.relations() == {"facts", "facts__dbt_backup2"}
