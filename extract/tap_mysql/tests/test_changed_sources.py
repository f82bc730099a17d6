"""Sources of other plants: names in any case, tables without a key or with one more, changed types, locks."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tap_mysql.check import check_source
from tap_mysql.errors import SourceError

from .source import metadata, root

if TYPE_CHECKING:
    from .source import Source

pytestmark = pytest.mark.integration

FIELDS = "create table {} (Id_A_Kopf varchar(9) {}, Nummer int {}, Feld2 text{})"


@pytest.fixture
def cased(source: Source) -> Source:
    """A server that keeps the case of names, as those on Linux do, and a table of such a name."""
    if source.execute("select @@lower_case_table_names") != [(0,)]:
        pytest.skip("the server has no names of tables in mixed case")
    source.execute(FIELDS.format("A_KopfFreie", "not null", "not null", ", primary key (Id_A_Kopf, Nummer)"))
    source.execute("insert into A_KopfFreie values ('CMD1', 1, 'two'), ('CMD2', 2, 'three')")
    return source


def records_of(source: Source, catalog: dict[str, Any], table: str) -> list[dict[str, Any]]:
    run = source.run(catalog=catalog)
    assert run.error is None
    return run.records(table)


def test_names_are_told_in_lower_case(cased: Source) -> None:
    catalog = cased.catalog()
    (entry,) = catalog["streams"]
    assert entry["stream"] == "a_kopffreie"
    assert entry["tap_stream_id"].endswith("-a_kopffreie")
    assert entry["key_properties"] == ["id_a_kopf", "nummer"]
    run = cased.run(catalog=catalog, config={"table_reads": True})
    assert run.records("a_kopffreie")[0] == {"id_a_kopf": "CMD1", "nummer": 1, "feld2": "two"}
    assert [row["table_name"] for row in run.records("table_reads")] == []
    assert cased.run(config={"table_reads": True}).records("table_reads")[0]["table_name"] == "a_kopffreie"


@pytest.mark.parametrize(
    "change",
    [
        "rename table A_KopfFreie to a_kopffreie",
        "rename table A_KopfFreie to A_KOPFFREIE",
        "alter table A_KopfFreie change Feld2 FELD2 text, change Id_A_Kopf ID_A_KOPF varchar(9) not null",
    ],
)
def test_a_selection_holds_when_only_the_case_changes(cased: Source, change: str) -> None:
    catalog = cased.catalog()
    before = records_of(cased, catalog, "a_kopffreie")
    cased.execute(change)
    assert records_of(cased, catalog, "a_kopffreie") == before


def test_a_catalog_may_have_its_names_in_any_case(cased: Source) -> None:
    catalog = cased.catalog()
    (entry,) = catalog["streams"]
    entry["tap_stream_id"] = entry["tap_stream_id"].replace("a_kopffreie", "A_KopfFreie")
    entry["stream"] = "A_KopfFreie"
    metadata(catalog, "A_KopfFreie", ["properties", "feld2"])["selected"] = False
    for each in entry["metadata"]:
        each["breadcrumb"] = [part.upper() if part != "properties" else part for part in each["breadcrumb"]]
    assert records_of(cased, catalog, "a_kopffreie")[0] == {"id_a_kopf": "CMD1", "nummer": 1}


def test_a_bookmark_holds_when_only_the_case_changes(cased: Source) -> None:
    catalog = cased.catalog()
    catalog["streams"][0].update(replication_method="INCREMENTAL", replication_key="Nummer")
    first = cased.run(catalog=catalog)
    cased.execute("rename table A_KopfFreie to a_kopffreie")
    second = cased.run(catalog=catalog, state=first.state)
    assert [row["nummer"] for row in second.records("a_kopffreie")] == [2]


def test_tables_whose_names_differ_by_case_alone_are_refused(cased: Source) -> None:
    cased.execute("create table a_kopffreie (id int primary key)")
    cased.execute("create table other (id int primary key)")
    run = cased.run()
    assert "exists several times, as A_KopfFreie, a_kopffreie" in str(run.error)
    assert not run.messages
    catalog = cased.catalog()
    root(catalog, "a_kopffreie")["selected"] = False
    # Their columns do not mix, and who selects neither is not troubled.
    assert cased.run(catalog=catalog).error is None


@pytest.mark.parametrize("what", ["table", "view"])
def test_a_table_without_a_key_is_refused_unless_one_is_configured(source: Source, what: str) -> None:
    source.execute(FIELDS.format("kept", "not null", "not null", ""))
    source.execute("insert into kept values ('CMD1', 1, 'two'), ('CMD1', 2, 'two'), ('cmd2', 1, 'two')")
    source.execute(
        "create view fields as select * from kept" if what == "view" else "rename table kept to fields"
    )
    catalog = source.catalog()
    if what == "view":
        root(catalog, "kept")["selected"] = False
    refused = source.run(catalog=catalog)
    assert "the table fields of the database" in str(refused.error)
    assert "has no key" in str(refused.error)
    assert not refused.messages
    root(catalog, "fields")["table-key-properties"] = ["ID_A_Kopf", "nummer"]
    assert len(records_of(source, catalog, "fields")) == 3
    for row, found in (
        # As MySQL compares: without case, without trailing blanks.
        ("'cmd1 ', 2", "1 values stand in several rows, 0 rows have NULL"),
        ("'CMD3', null", "0 values stand in several rows, 1 rows have NULL"),
    ):
        base = "kept" if what == "view" else "fields"
        source.execute(f"alter table {base} modify Nummer int")
        source.execute(f"insert into {base} values ({row}, 'x')")
        run = source.run(catalog=catalog)
        assert "is to have the key id_a_kopf, nummer, which does not tell its rows apart" in str(run.error)
        assert found in str(run.error)
        assert "CMD3" not in str(run.error)
        assert not run.messages
        source.execute(f"delete from {base} where Feld2 = 'x'")
    metadata(catalog, "fields", ["properties", "nummer"])["selected"] = False
    assert "and nummer is no selected column of it" in str(source.run(catalog=catalog).error)


def test_a_configured_key_takes_the_place_of_the_tables_own(source: Source) -> None:
    source.execute(FIELDS.format("fields", "not null", "not null", ", ID int auto_increment primary key"))
    source.execute("insert into fields values ('CMD1', 1, 'two', 7), ('CMD1', 2, 'two', 8)")
    catalog = source.catalog()
    root(catalog, "fields")["table-key-properties"] = ["id_a_kopf", "nummer"]
    for name in ("id_a_kopf", "nummer"):
        metadata(catalog, "fields", ["properties", name])["selected"] = True
    metadata(catalog, "fields", ["properties", "id"])["selected"] = False
    metadata(catalog, "fields", ["properties", "feld2"])["selected"] = False
    run = source.run(catalog=catalog)
    (schema,) = [message for message in run.messages if message["type"] == "SCHEMA"]
    assert schema["key_properties"] == ["id_a_kopf", "nummer"]
    # A column that was part of a key alone is not read.
    assert run.records("fields") == [{"id_a_kopf": "CMD1", "nummer": 1}, {"id_a_kopf": "CMD1", "nummer": 2}]
    source.execute("insert into fields values ('CMD1', 2, 'three', 9)")
    assert "does not tell its rows apart" in str(source.run(catalog=catalog).error)


@pytest.mark.parametrize(
    ("text", "declared", "told"),
    [
        ("cde planifiée", "blob", "cde planifiée"),
        ("cde planifiée", "binary(40)", "cde planifiée"),
        ("cde planifiée".encode("cp1252"), "mediumblob", "cde planifiée"),
        ("a\r\n\tb", "varbinary(20)", "a\r\n\tb"),
        ("", "blob", ""),
        (b"\x89PNG\x00\x1a", "blob", None),
        (b"plain\x81", "blob", None),
    ],
)
def test_binary_is_told_as_text_where_that_is_set_or_refused(
    source: Source, text: str | bytes, declared: str, told: str | None
) -> None:
    source.execute(f"create table journal (id int primary key, Notiz {declared})")
    source.execute("insert into journal values (1, %s)", (text,))
    run = source.run(config={"binary_as_text": True})
    if told is None:
        assert "the column notiz of the table journal is of the type blob and holds bytes that are no" in str(
            run.error
        )
        assert not run.types("ACTIVATE_VERSION")
    else:
        assert run.records("journal") == [{"id": 1, "notiz": told}]
        assert run.schema("journal")["notiz"] == {"type": ["string", "null"]}


@pytest.mark.parametrize("offset", ["+00:00", "+05:30"])
def test_a_timestamp_is_told_as_the_server_shows_it_where_that_is_set(source: Source, offset: str) -> None:
    before = source.execute("select @@global.time_zone")[0][0]
    source.execute("set global time_zone = %s", (offset,))
    try:
        source.execute("set session time_zone = %s", (offset,))
        source.execute("create table t (id int primary key, at datetime)")
        source.execute("insert into t values (1, '2025-05-28 23:50:00'), (2, '0000-00-00 00:00:00')")
        was = source.run(config={"timezone": "server"}).records("t")
        source.execute("alter table t modify at timestamp null")
        run = source.run(config={"timezone": "server"})
        assert run.records("t") == was == [{"id": 1, "at": "2025-05-28T23:50:00"}, {"id": 2, "at": None}]
    finally:
        source.execute("set global time_zone = %s", (before,))


def test_a_bookmark_with_an_offset_is_no_moment_of_a_server(source: Source) -> None:
    source.execute("create table t (id int primary key, at timestamp)")
    source.execute("insert into t values (1, '2025-05-28 23:50:00')")
    catalog = source.catalog()
    catalog["streams"][0].update(replication_method="INCREMENTAL", replication_key="at")
    state = source.run(catalog=catalog).state
    run = source.run(catalog=catalog, state=state, config={"timezone": "server"})
    assert "Remove the bookmark" in str(run.error)


def test_a_locked_table_is_named_after_a_bounded_time(source: Source) -> None:
    source.execute("create table a_kopf (id int primary key)")
    source.execute("create table other (id int primary key)")
    config = {"lock_timeout": 1}
    with closing(source.server.connect(source.database)) as holder, holder.cursor() as cursor:
        cursor.execute("lock tables a_kopf write")
        run = source.run(config=config)
        assert "the table a_kopf is locked on the MySQL server 127.0.0.1:" in str(run.error)
        assert "SHOW FULL PROCESSLIST" in str(run.error)
        assert not run.types("ACTIVATE_VERSION", "STATE")
        with pytest.raises(SourceError, match="the table a_kopf is locked"):
            check_source({**source.config, **config}, needed={"a_kopf": ["id"]})
        # A table that is not needed may be locked.
        assert not check_source({**source.config, **config}).unreadable
        cursor.execute("unlock tables")
        # A backup holds this lock, and readers do not wait for it.
        cursor.execute("flush tables with read lock")
        assert source.run(config=config).error is None
