"""Columns that change in the source: what is safe is followed with the views above, all else is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from target_warehouse.errors import LoadError
from target_warehouse.full_tables import DeletionRefusedError
from target_warehouse.schema_changes import SchemaRefusedError
from target_warehouse.sinks import pseudonym

from .loading import ORDERS, SCHEMA, Loader, full_table, record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class

WHOLE = {
    "smallint": {"minimum": -(2**15), "maximum": 2**15 - 1},
    "integer": {"minimum": -(2**31), "maximum": 2**31 - 1},
    "bigint": {"minimum": -(2**63), "maximum": 2**63 - 1},
    # As PyPI's tap tells a BIGINT UNSIGNED.
    "numeric": {"minimum": 0, "maximum": 2**64 - 1},
}
LARGEST = {"smallint": 2**15 - 1, "integer": 40_000, "bigint": 2**40, "numeric": 2**64 - 1}


def orders(**columns: dict[str, Any]) -> dict[str, Any]:
    """Return the SCHEMA of orders with other columns."""
    message = json.loads(json.dumps(ORDERS))
    message["schema"]["properties"].update(columns)
    return dict(message)


def whole(name: str) -> dict[str, Any]:
    return {"type": ["null", "integer"], **WHOLE[name]}


def loaded(
    loader: Loader, version: int, schema: dict[str, Any], *rows: dict[str, Any], **settings: Any
) -> None:
    _, first, *others = full_table(version, *rows)
    loader.load(schema, first, *others, **settings)


def type_of(connection: Connection, column: str, relation: str = "orders") -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "select data_type from information_schema.columns "
            "where table_schema = %s and table_name = %s and column_name = %s",
            (SCHEMA, relation, column),
        )
        (found,) = cursor.fetchone() or ("",)
        return str(found)


@pytest.mark.parametrize("full", [False, True], ids=["rows", "full table"])
def test_a_whole_number_gets_wider_and_never_narrower(
    loader: Loader, warehouse: Connection, *, full: bool
) -> None:
    steps = ["smallint", "integer", "bigint", "numeric", "integer"]
    held = ["smallint", "integer", "bigint", "numeric", "numeric"]
    if full:
        steps, held = ["smallint", "numeric", "integer"], ["smallint", "numeric", "numeric"]
    for version, (name, expected) in enumerate(zip(steps, held, strict=True)):
        schema, row = orders(customer=whole(name)), record(1, "a", customer=LARGEST[name])
        if full:
            loaded(loader, version, schema, row)
        else:
            loader.load(schema, row)
        assert type_of(warehouse, "customer") == expected
        assert loader.rows()[0][2] == LARGEST[name]


def test_a_key_gets_wider(loader: Loader, warehouse: Connection) -> None:
    loaded(loader, 1, orders(id=whole("integer")), record(1, "a"), record(2, "b"))
    before = loader.rows()
    number = {"type": ["null", "number"], "maximum": 2**64 - 1}
    loaded(loader, 2, orders(id=number), record(1, "a"), record(2, "b"), record(2**64 - 1, "c"))
    assert [row[1] for row in loader.rows()] == [1, 2, 2**64 - 1]
    assert type_of(warehouse, "id") == "numeric"
    assert len(before) == 2


def test_a_date_gets_a_time_and_a_stream_gets_a_column(loader: Loader, warehouse: Connection) -> None:
    day = {"type": ["null", "string"], "format": "date"}
    moment = {"type": ["null", "string"], "format": "date-time"}

    def at(value: str, **more: Any) -> dict[str, Any]:
        row = record(1, "a")
        row["record"] |= {"at": value, **more}
        return row

    loaded(loader, 1, orders(at=day), at("2025-05-28"))
    loaded(loader, 2, orders(at=moment, more=whole("integer")), at("2025-05-28T23:50:00", more=7))
    assert type_of(warehouse, "at") == "timestamp without time zone"
    assert [str(value) for value in loader.rows()[0][4:]] == ["2025-05-28 23:50:00", "7"]
    loaded(loader, 3, orders(at=day, more=whole("integer")), at("2025-05-29", more=7))
    assert type_of(warehouse, "at") == "timestamp without time zone"


def test_a_stream_without_rows_gives_its_columns_too(loader: Loader, warehouse: Connection) -> None:
    loader.load(ORDERS, record(1, "a"))
    loader.load(orders(more=whole("integer")))
    assert type_of(warehouse, "more") == "integer"
    assert loader.rows()[0][1:] == (1, None, "a", None)


@pytest.mark.parametrize(
    ("column", "old", "new"),
    [
        ({"type": ["null", "string"]}, "integer", "text"),
        ({"type": ["null", "boolean"]}, "integer", "boolean"),
        ({"type": ["null", "string"], "format": "date-time"}, "integer", "timestamp"),
        ({"type": ["null", "object"]}, "integer", "jsonb"),
    ],
    ids=["text", "boolean", "moment", "object"],
)
def test_another_type_is_refused_before_anything_is_written(
    loader: Loader, warehouse: Connection, column: dict[str, Any], old: str, new: str
) -> None:
    loaded(loader, 1, orders(customer=whole("integer")), record(1, "a", customer=1))
    before = loader.rows()
    people = {**orders(customer=whole("bigint")), "stream": "db-people"}
    loader.load(people)
    row = record(1, "changed")
    sent = [{**message, "stream": "db-people"} for message in full_table(2, row)[1:]]
    sentence = (
        f"the column customer of {SCHEMA}.orders is {old} in the warehouse, .* sends {new}.* old type again"
    )
    with pytest.raises(SchemaRefusedError, match=sentence):
        loader.load(
            {**orders(more=whole("integer")), "stream": "db-people"}, *sent, orders(customer=column), row
        )
    assert loader.rows() == before
    assert loader.rows("people") == []
    assert type_of(warehouse, "more", "people") == ""


def test_another_key_is_refused(loader: Loader) -> None:
    loader.load(*full_table(1, record(1, "a")))
    with pytest.raises(
        SchemaRefusedError, match=r"have the key id in the warehouse, .* gives them the key customer"
    ):
        loader.load({**ORDERS, "key_properties": ["customer"]}, record(1, "a", customer=1))
    missing = {**orders(other={"type": "integer"}), "key_properties": ["other"]}
    with pytest.raises(SchemaRefusedError, match=r"has no column other in the warehouse"):
        loader.load(missing)


def test_a_full_table_takes_another_key(loader: Loader, warehouse: Connection) -> None:
    rows = [record(number, "a", customer=number) for number in range(4)]
    loader.load(*full_table(1, *rows))
    with warehouse.cursor() as cursor:
        # As a version that took every table's own key has left it.
        cursor.execute(f'alter table {SCHEMA}.orders rename id to "ID"')
        cursor.execute(f"update {SCHEMA}.orders set customer = 2 where customer = 1")
    others = {"customer": {"type": "integer"}, "note": {"type": ["null", "string"]}}
    schema = {**ORDERS, "key_properties": ["customer"], "schema": {"properties": others}}
    sent = [{**row, "record": {"customer": row["record"]["customer"], "note": "b"}} for row in rows]
    loaded(loader, 2, schema, *sent)
    assert sorted(row[2:] for row in loader.rows()) == [(number, "b") for number in range(4)]
    with warehouse.cursor() as cursor, pytest.raises(psycopg2.errors.UniqueViolation):
        cursor.execute(f"insert into {SCHEMA}.orders (customer) values (1)")


@pytest.fixture
def analyst(warehouse: Connection, postgres: dict[str, str]) -> Iterator[str]:
    """Somebody with views of their own, whom the loader may act as."""
    name = "Loader's analyst"
    with warehouse.cursor() as cursor:
        cursor.execute(f'drop role if exists "{name}"')
        cursor.execute(f'create role "{name}"')
        cursor.execute(f'grant "{name}" to {postgres["POSTGRES_USER"]}')
    yield name
    with warehouse.cursor() as cursor:
        cursor.execute(f'drop owned by "{name}" cascade')
        cursor.execute(f'drop role "{name}"')


def all_about(connection: Connection, *relations: str) -> list[tuple[Any, ...]]:
    """Return what makes a view what it is, but for its identity."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.relname, pg_get_viewdef(c.oid), pg_get_userbyid(relowner), reloptions, "
            "coalesce(relacl, acldefault('r', relowner))::text, obj_description(c.oid, 'pg_class'), "
            "array_agg((attname, attacl, col_description(c.oid, attnum))::text order by attnum), "
            "(select array_agg(pg_get_indexdef(indexrelid)) from pg_index where indrelid = c.oid), "
            "(select array_agg(pg_get_triggerdef(t.oid)) from pg_trigger t where tgrelid = c.oid) "
            "from pg_class c join pg_attribute a on attrelid = c.oid and attnum > 0 "
            "where relnamespace = %s::regnamespace and relname = any(%s) group by c.oid order by c.relname",
            (SCHEMA, list(relations)),
        )
        return cursor.fetchall()


def oids(connection: Connection, *relations: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select oid from pg_class where relnamespace = %s::regnamespace and relname = any(%s) "
            "order by relname",
            (SCHEMA, list(relations)),
        )
        return [row[0] for row in cursor.fetchall()]


def test_views_stay_what_they_are_when_a_column_gets_wider(
    loader: Loader, warehouse: Connection, analyst: str
) -> None:
    loaded(loader, 1, orders(customer=whole("smallint")), record(1, "at 10:30 %s", customer=7))
    with warehouse.cursor() as cursor:
        cursor.execute(f'grant usage, create on schema {SCHEMA} to "{analyst}"')
        cursor.execute(f'grant select on {SCHEMA}.orders to "{analyst}"')
        cursor.execute(f"set search_path to {SCHEMA}")
        cursor.execute(
            "create view staged with (security_barrier) as select cast(customer as bigint) as customer, "
            "note || ' :x %' as note from orders"
        )
        cursor.execute("comment on view staged is 'it''s staged'")
        cursor.execute("comment on column staged.customer is 'who: %'")
        cursor.execute('create view marked as select customer + 1 as "Next :one", note from staged')
        cursor.execute(f'set role "{analyst}"')
        cursor.execute("create view own as select customer, note from orders where customer = 7")
        cursor.execute("grant select on own to public")
        cursor.execute("grant select (customer) on own to pg_monitor with grant option")
        cursor.execute("comment on view own is 'mine'")
        cursor.execute("create view above_own as select own.customer, m.note from own, own m")
        cursor.execute("reset role")
        cursor.execute("create materialized view kept as select customer from above_own")
        cursor.execute("create unique index on kept (customer)")
        cursor.execute("create view above_kept as select count(*) as n from kept, staged")
        cursor.execute(
            "create function ignore() returns trigger language plpgsql as 'begin return null; end'"
        )
        cursor.execute(
            "create trigger ignoring instead of insert on own for each row execute function ignore()"
        )
        cursor.execute(f"alter default privileges in schema {SCHEMA} grant select on tables to pg_monitor")
        cursor.execute("reset search_path")
    views = ("above_kept", "above_own", "kept", "marked", "own", "staged")
    before, identities = all_about(warehouse, *views), oids(warehouse, "marked", "staged")
    loaded(loader, 2, orders(customer=whole("integer")), record(1, "a", customer=40_000))
    assert all_about(warehouse, *views) == before
    # Their columns keep their types: for their readers nothing has happened.
    assert oids(warehouse, "marked", "staged") == identities
    assert type_of(warehouse, "customer", "above_own") == "integer"
    with warehouse.cursor() as cursor:
        cursor.execute(f"select * from {SCHEMA}.marked")
        assert cursor.fetchall() == [(40_001, "a :x %")]
        cursor.execute(f"select * from {SCHEMA}.kept")
        # As it was before the load: whoever made it refreshes it.
        assert cursor.fetchall() == [(7,)]


def test_a_view_that_cannot_be_made_again_is_named_and_nothing_changes(
    loader: Loader, warehouse: Connection, postgres: dict[str, str], analyst: str
) -> None:
    loaded(loader, 1, orders(customer=whole("smallint")), record(1, "a", customer=7))
    with warehouse.cursor() as cursor:
        cursor.execute(f'grant usage, create on schema {SCHEMA} to "{analyst}"')
        cursor.execute(f'grant select on {SCHEMA}.orders to "{analyst}"')
        cursor.execute(f'set role "{analyst}"')
        cursor.execute(f"create view {SCHEMA}.own as select customer from {SCHEMA}.orders")
        cursor.execute("reset role")
        cursor.execute(f'revoke "{analyst}" from {postgres["POSTGRES_USER"]}')
        cursor.execute("select rolsuper from pg_roles where rolname = current_user")
        is_superuser = cursor.fetchone() == (True,)
        cursor.execute(f'revoke create on schema {SCHEMA} from "{analyst}"')
    before, identities = loader.rows(), oids(warehouse, "own", "orders")
    try:
        sentence = r"the view .*\.own \(owner \"Loader's analyst\"\) reads it .* create it again"
        with pytest.raises(LoadError, match=sentence):
            loaded(loader, 2, orders(customer=whole("integer")), record(1, "b", customer=40_000))
        assert (loader.rows(), oids(warehouse, "own", "orders")) == (before, identities)
        assert is_superuser in (True, False)
    finally:
        with warehouse.cursor() as cursor:
            cursor.execute(f'grant "{analyst}" to {postgres["POSTGRES_USER"]}')


def test_names_are_stored_in_lower_case_and_hide_what_is_personal(
    loader: Loader, warehouse: Connection
) -> None:
    def named(name: str, schema: dict[str, Any], *rows: dict[str, Any]) -> list[dict[str, Any]]:
        changed = [{**message, "stream": f"db-{name}"} for message in (schema, *full_table(2, *rows)[1:])]
        return json.loads(json.dumps(changed).replace('"customer"', '"Customer"').replace('"id"', '"Id"'))

    loaded(loader, 1, ORDERS, record(1, "a", customer=1))
    hidden = {"pseudonym_columns": ["orders.customer"], "pseudonym_key": "secret"}
    loader.load(*named("people", ORDERS), **hidden)
    with warehouse.cursor() as cursor:
        cursor.execute(f"drop table {SCHEMA}.orders")
    loader.load(*named("Orders", ORDERS, record(1, "a", customer=4711)), **hidden)
    assert [row[1:] for row in loader.rows()] == [(1, pseudonym(4711, "secret"), "a")]
    loader.load(
        *named("ORDERS", ORDERS, record(1, "b", customer=4711)),
        pseudonym_key="secret",
        pseudonym_columns=["Orders.CUSTOMER"],
    )
    assert [row[1:] for row in loader.rows()] == [(1, pseudonym(4711, "secret"), "b")]


def test_columns_that_differ_by_case_alone_are_refused(loader: Loader) -> None:
    with pytest.raises(LoadError, match="has the columns note and Note, which differ by case only"):
        loader.load(orders(Note={"type": "string"}))


@pytest.mark.parametrize("size", [1, 100], ids=["in different batches", "in one batch"])
def test_rows_of_one_key_never_overwrite_each_other(loader: Loader, size: int) -> None:
    loader.load(*full_table(1, record(1, "a")))
    before = loader.rows()
    with pytest.raises(LoadError, match=r"orders could not be loaded: several rows have the same key \(id\)"):
        loader.load(*full_table(2, record(1, "b"), record(1, "c")), batch_size_rows=size)
    assert loader.rows() == before


def test_a_full_table_without_a_key_is_refused(loader: Loader) -> None:
    keyless = {**ORDERS, "key_properties": []}
    with pytest.raises(LoadError, match="orders could not be loaded: it has no key"):
        loader.load(keyless, *full_table(1, record(1, "a"))[1:])
    assert loader.rows() == []


def test_a_table_that_was_loaded_without_a_key_gets_one(loader: Loader, warehouse: Connection) -> None:
    loader.load(*full_table(1, record(1, "a"), record(2, "b"), record(3, "c")))
    with warehouse.cursor() as cursor:
        cursor.execute(f"alter table {SCHEMA}.orders drop constraint orders_pkey, alter id drop not null")
        cursor.execute(f"insert into {SCHEMA}.orders select * from {SCHEMA}.orders where id = 2")
    kept = loader.rows()[0]
    loader.load(*full_table(2, record(1, "a"), record(2, "b"), record(3, "d")))
    assert loader.rows()[0] == kept
    assert [row[1:] for row in loader.rows()] == [(1, None, "a"), (2, None, "b"), (3, None, "d")]
    with warehouse.cursor() as cursor, pytest.raises(psycopg2.errors.UniqueViolation):
        cursor.execute(f"insert into {SCHEMA}.orders values (1)")


def test_keys_that_only_change_their_case_are_not_taken_for_deletions(loader: Loader) -> None:
    schema = orders(id={"type": "string"})

    def rows(*keys: str) -> list[dict[str, Any]]:
        return [{**record(0, "a"), "record": {"id": key, "customer": None, "note": key}} for key in keys]

    loaded(loader, 1, schema, *rows("AB1", "AB2 ", "ab3"))
    loaded(loader, 2, schema, *rows("ab1", "AB2", "AB3"))
    assert [row[1] for row in loader.rows()] == sorted(["ab1", "AB2", "AB3"]) or len(loader.rows()) == 3
    with pytest.raises(DeletionRefusedError, match="would lose 2 of its 3 rows"):
        loaded(loader, 3, schema, *rows("ab1"))
