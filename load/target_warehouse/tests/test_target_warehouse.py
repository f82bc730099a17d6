"""The loader against a real PostgreSQL: only differences are written, full tables are replaced at once."""

from __future__ import annotations

import io
import json
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from target_warehouse.errors import LoadError, MissingPseudonymKeyError
from target_warehouse.full_tables import DeletionRefusedError
from target_warehouse.sinks import pseudonym

from .loading import ORDERS, SCHEMA, Loader, full_table, record

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class


def test_a_row_that_is_already_there_is_not_written_again(loader: Loader) -> None:
    loader.load(ORDERS, record(1, "a"), record(2, None), record(3, "c"))
    before = loader.rows()
    loader.load(ORDERS, record(1, "a"), record(2, None), record(3, "changed"))
    after = loader.rows()
    assert before[:2] == after[:2]
    assert before[2][0] != after[2][0]
    assert after[2][1:] == (3, None, "changed")


def test_a_full_table_follows_inserts_updates_and_deletions(loader: Loader) -> None:
    loader.load(*full_table(1, record(1, "a"), record(2, "b"), record(3, "c")))
    before = loader.rows()
    loader.load(*full_table(2, record(1, "a"), record(3, "changed"), record(4, "new")), max_delete_share=0.5)
    after = loader.rows()
    assert [row[1:] for row in after] == [(1, None, "a"), (3, None, "changed"), (4, None, "new")]
    assert before[0] == after[0]


def test_a_full_table_that_spans_batches_is_replaced_once(loader: Loader) -> None:
    rows = [record(number, str(number)) for number in range(25)]
    loader.load(*full_table(1, *rows), batch_size_rows=10)
    loader.load(*full_table(2, *rows[5:]), batch_size_rows=10)
    assert [row[1] for row in loader.rows()] == list(range(5, 25))


def test_a_full_table_that_ends_early_changes_nothing(loader: Loader) -> None:
    loader.load(*full_table(1, record(1, "a"), record(2, "b")))
    before = loader.rows()
    loader.load(*full_table(2, record(1, "changed"))[:-1])
    assert loader.rows() == before


def test_a_full_table_that_never_began_changes_nothing(loader: Loader) -> None:
    loader.load(*full_table(1, record(1, "a")))
    before = loader.rows()
    loader.load(*full_table(2)[:2])
    assert loader.rows() == before


def test_a_full_table_that_is_empty_empties_the_table_when_that_is_confirmed(loader: Loader) -> None:
    loader.load(*full_table(1, record(1, "a")))
    with pytest.raises(DeletionRefusedError, match=r"has 1 rows and the source none.*ERP_CONFIRM_DELETES"):
        loader.load(*full_table(2), max_delete_share=1)
    assert len(loader.rows()) == 1
    loader.load(*full_table(2), confirm_deletes="orders")
    assert loader.rows() == []
    loader.load(*full_table(3))
    assert loader.rows() == []


@pytest.mark.parametrize(("kept", "is_refused"), [(8, False), (7, True)])
def test_a_load_that_would_delete_too_much_is_refused(loader: Loader, kept: int, *, is_refused: bool) -> None:
    rows = [record(number, "old") for number in range(10)]
    loader.load(*full_table(1, *rows))
    fewer = full_table(2, *(record(number, "new") for number in range(kept)))
    if is_refused:
        with pytest.raises(DeletionRefusedError, match=r"would lose 3 of its 10 rows \(30%"):
            loader.load(*fewer)
        assert [row[3] for row in loader.rows()] == ["old"] * 10
    for confirmed in ("all", "people, orders"):
        loader.load(*fewer, confirm_deletes=confirmed)
        assert [row[3] for row in loader.rows()] == ["new"] * kept


def test_all_tables_follow_the_source_or_none(loader: Loader) -> None:
    def both(version: int, orders: int, people: int) -> list[dict[str, Any]]:
        first = full_table(version, *(record(number, f"v{version}") for number in range(orders)))
        second = full_table(version, *(record(number, f"v{version}") for number in range(people)))
        return [*first, *({**message, "stream": "db-people"} for message in second)]

    loader.load(*both(1, 10, 10))
    with pytest.raises(DeletionRefusedError, match="people would lose"):
        loader.load(*both(2, 10, 5))
    assert {row[3] for row in loader.rows()} == {"v1"}
    loader.load(*both(3, 10, 10))
    # One transaction wrote both.
    assert {row[0] for row in loader.rows()} == {row[0] for row in loader.rows("people")}


def test_every_load_of_a_full_table_is_written_down(loader: Loader, warehouse: Connection) -> None:
    loader.load(*full_table(1, *(record(number, "a") for number in range(10))))
    loader.load(*full_table(2, *(record(number, "b" if number < 4 else "a") for number in range(1, 11))))
    with warehouse.cursor() as cursor:
        cursor.execute(
            "select table_name, version, rows_inserted, rows_updated, rows_deleted, row_count "
            f"from {SCHEMA}.full_table_loads order by loaded_at"
        )
        assert cursor.fetchall() == [("orders", 1, 10, 0, 0, 10), ("orders", 2, 1, 3, 1, 10)]


def test_children_are_loaded_before_their_parent(loader: Loader, warehouse: Connection) -> None:
    parent = {**ORDERS, "stream": "files"}
    child = {**ORDERS, "stream": "lines"}
    messages = [parent, child]
    for number in range(30):
        messages.append({**record(number, "x"), "stream": "lines"})
        messages.append({**record(number, "x"), "stream": "files"})
    loader.load(*messages, batch_size_rows=7)
    with warehouse.cursor() as cursor:
        cursor.execute(
            f"select count(*) from {SCHEMA}.files f join {SCHEMA}.lines l using (id) "
            "where f.xmin::text::bigint < l.xmin::text::bigint"
        )
        assert cursor.fetchone() == (0,)


def test_a_state_is_confirmed_only_after_the_rows_before_it(loader: Loader) -> None:
    state = {"type": "STATE", "value": {"bookmarks": {"orders": 3}}}
    confirmed = loader.load(
        ORDERS, record(1, "a"), state, record(2, "b"), record(3, "c"), record(4, "d"), batch_size_rows=2
    )
    assert confirmed[0] == state["value"]
    assert len(loader.rows()) == 4


def test_personal_values_are_replaced_before_they_are_loaded(loader: Loader) -> None:
    settings = {"pseudonym_columns": ["orders.customer"], "pseudonym_key": "secret"}
    loader.load(*full_table(1, record(1, "a", customer=4711), record(2, "b")), **settings)
    assert [row[2] for row in loader.rows()] == [pseudonym(4711, "secret"), None]
    assert pseudonym(4711, "secret") == pseudonym(" 4711 ", "secret") != pseudonym(4711, "other")


def test_a_missing_key_is_a_sentence(loader: Loader) -> None:
    with pytest.raises(MissingPseudonymKeyError, match="set PSEUDONYM_KEY"):
        loader.load(ORDERS, record(1, "a", customer=4711), pseudonym_columns=["orders.customer"])


EVENTS: dict[str, Any] = {
    "type": "SCHEMA",
    "stream": "log_events",
    "key_properties": ["byte_offset"],
    "schema": {
        "properties": {
            "byte_offset": {"type": "integer"},
            "logged_at": {"type": ["null", "string"], "format": "date-time"},
            "event_name": {"type": ["null", "string"]},
            "details": {"type": ["null", "string"]},
        }
    },
}


def event(offset: int, details: str, time: str = "2025-05-28T07:00:00") -> dict[str, Any]:
    row = {"byte_offset": offset, "logged_at": time, "event_name": "Alarme", "details": details}
    return {"type": "RECORD", "stream": "log_events", "record": row}


def test_a_log_line_gets_a_digest_that_outlives_its_text(loader: Loader) -> None:
    # A warehouse from before the digests: the column is added, the rows that come again get theirs.
    loader.load(EVENTS, event(0, "é"), event(10, "é"), event(20, "b"), event(30, "é", "2025-05-28T07:00:01"))
    settings = {"line_digests": True, "pseudonym_key": "secret"}
    lines = (event(0, "é"), event(10, "é"), event(20, "b"), event(30, "é", "2025-05-28T07:00:01"))
    loader.load(EVENTS, *lines, **settings)
    digests = [row[-1] for row in loader.rows("log_events")]
    assert [len(digest) for digest in digests] == [40] * 4
    assert len(set(digests)) == 3
    assert digests[0] == digests[1]
    assert len({digest[:8] for digest in digests}) == 1
    before = loader.rows("log_events")
    loader.load(EVENTS, *lines, **settings)
    assert loader.rows("log_events") == before
    loader.load(EVENTS, event(0, "é"), line_digests=True, pseudonym_key="other")
    (other, *rest) = [row[-1] for row in loader.rows("log_events")]
    assert other[:8] != digests[0][:8]
    assert other[8:] != digests[0][8:]
    assert rest == digests[1:]
    with pytest.raises(MissingPseudonymKeyError, match=r"lines of log_events .* set PSEUDONYM_KEY"):
        loader.load(EVENTS, event(0, "é"), line_digests=True)


#: What may stand in no message: a note, a customer's number.
NOTE, CUSTOMER = "appeler M. Lefèvre au 0655501234", 47110815
PERSONAL = [record(1, NOTE, customer=CUSTOMER), record(2, NOTE + NOTE, customer=CUSTOMER + 1)]
HIDDEN = {"pseudonym_columns": ["orders.customer"], "pseudonym_key": "a very secret key"}


def assert_nothing_told(text: str) -> None:
    for value in ("0655501234", "Lef", str(CUSTOMER), pseudonym(CUSTOMER, "a very secret key"), "secret key"):
        assert value not in text, text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("alter column note type varchar(10)", r"orders could not be loaded: .*22001.*column note"),
        ("add constraint brief check (length(note) < 9)", r"orders could not be loaded: .*constraint brief"),
        ("add constraint single unique (customer)", r"orders could not be loaded: .*constraint single"),
    ],
    ids=["too narrow", "check", "unique"],
)
@pytest.mark.parametrize("full", [False, True], ids=["rows", "full table"])
def test_a_failure_tells_no_value(
    loader: Loader,
    warehouse: Connection,
    caplog: pytest.LogCaptureFixture,
    change: str,
    told: str,
    *,
    full: bool,
) -> None:
    loader.load(ORDERS, record(9, None, customer=CUSTOMER), **HIDDEN)
    with warehouse.cursor() as cursor:
        cursor.execute(f"alter table {SCHEMA}.orders {change}")
    # The rows of this test share a customer with the row that is there.
    messages = [{**row, "record": {**row["record"], "customer": CUSTOMER}} for row in PERSONAL]
    with caplog.at_level("DEBUG"), pytest.raises(LoadError, match=told) as failure:
        # The full table is without the row that is there.
        loader.load(
            *(full_table(1, *messages) if full else [ORDERS, *messages]), **HIDDEN, confirm_deletes="all"
        )
    assert_nothing_told(caplog.text + "".join(traceback.format_exception(failure.value)))


def test_a_table_that_cannot_take_a_stream_is_named(loader: Loader, warehouse: Connection) -> None:
    loader.load(ORDERS, record(1, None))
    with warehouse.cursor() as cursor:
        cursor.execute(f"alter table {SCHEMA}.orders alter column note type integer using 0")
    with pytest.raises(
        LoadError,
        match=r"the column note of loader_test.orders is integer in the warehouse, .* sends text now",
    ):
        loader.load(ORDERS, record(2, NOTE))


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(PERSONAL[0])[:-5],
        json.dumps({"record": PERSONAL[0]["record"]}),
        json.dumps({**PERSONAL[0], "type": NOTE}),
        json.dumps({**PERSONAL[0], "record": {**PERSONAL[0]["record"], "on": NOTE}}),
        json.dumps({**PERSONAL[0], "record": NOTE}),
    ],
    ids=["torn", "without a type", "of no known type", "a note for a date", "a text for a record"],
)
def test_a_message_that_cannot_be_read_is_not_shown(
    loader: Loader, caplog: pytest.LogCaptureFixture, line: str
) -> None:
    dated = json.loads(json.dumps(ORDERS))
    dated["schema"]["properties"]["on"] = {"type": "string", "format": "date-time"}
    target = loader.target(**HIDDEN)
    with caplog.at_level("DEBUG"), pytest.raises(LoadError) as failure:
        target.listen(io.StringIO(f"{json.dumps(dated)}\n{line}\n"))
    assert_nothing_told(caplog.text + "".join(traceback.format_exception(failure.value)))


def test_a_load_that_succeeds_tells_no_value(loader: Loader, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        loader.load(*full_table(1, *PERSONAL), **HIDDEN)
        loader.load(ORDERS, *PERSONAL, record(3, "new"), **HIDDEN)
    assert len(loader.rows()) == 3
    assert_nothing_told(caplog.text)


def test_text_arrives_as_it_is(loader: Loader) -> None:
    texts = ["tab\there", "line\nend", "back\\slash", "NULL", "", "é 𝄞 ', \"", "\\N"]
    loader.load(ORDERS, *(record(number, text) for number, text in enumerate(texts)))
    assert [row[3] for row in loader.rows()] == texts


@pytest.mark.parametrize("share", ["two", 1.5, "-0.1", "nan"])
def test_a_share_that_is_none_is_refused(loader: Loader, share: object) -> None:
    with pytest.raises(ValueError, match="ERP_MAX_DELETE_SHARE"):
        loader.load(ORDERS, record(1, "a"), max_delete_share=share)
