"""Operations on personal data where there is little to work on; on a whole warehouse in tests/pipeline."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from atelier.connections import Warehouse, project_root
from atelier.errors import AtelierError
from atelier.gdpr import exports, line_digests, logs, operations, register, store
from atelier.gdpr.operations import Request
from atelier.gdpr.words import ERASED
from atelier.leftovers import HELD
from atelier.seeds import definitions
from atelier.warehouse import connect, exclusive_run
from psycopg2 import sql
from target_warehouse.line_digests import LineDigests
from target_warehouse.sinks import pseudonym

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

DATA = ("raw_erp", "raw_ftplogs", "staging", "intermediate", "snapshots", "marts", "seeds")
REQUEST = Request("DPO", "2026-17")
KEY = "a long random text"


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.fixture
def variables(postgres: dict[str, str]) -> Iterator[dict[str, str]]:
    """A warehouse without anything."""

    def empty() -> None:
        with closing(connect(Warehouse.of(postgres))) as connection, connection.cursor() as cursor:
            for schema in (*DATA, store.SCHEMA):
                cursor.execute(f"drop schema if exists {schema} cascade")

    empty()
    yield {**postgres, "PSEUDONYM_KEY": KEY}
    empty()


def rows(variables: dict[str, str], query: str) -> list[tuple[object, ...]]:
    with closing(connect(Warehouse.of(variables))) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_a_customer_can_be_erased_before_anything_is_loaded(variables: dict[str, str]) -> None:
    for _ in range(2):
        outcome = operations.erase(variables, project_root(), "4711", REQUEST, quiet)
        assert outcome.counts == {}
    assert not operations.has_marts(Warehouse.of(variables))
    assert rows(variables, "select customer_key from gdpr.suppressed_customers") == [
        (pseudonym("4711", KEY),)
    ]
    assert (
        rows(variables, "select kind, requested_by, reference, row_counts from gdpr.operations")
        == [("erase", "DPO", "2026-17", {})] * 2
    )


def test_nothing_is_held_in_an_empty_warehouse(variables: dict[str, str], tmp_path: Path) -> None:
    outcome, folder = exports.export(
        {**variables, "EXPORT_FOLDER": str(tmp_path)}, project_root(), "4711", REQUEST, quiet
    )
    assert outcome.counts == {}
    assert [path.name for path in folder.iterdir()] == ["LISEZMOI.txt"]
    assert "rien n'est détenu" in (folder / "LISEZMOI.txt").read_text()


def test_retention_has_nothing_to_do_in_an_empty_warehouse(variables: dict[str, str]) -> None:
    assert operations.retain(variables, project_root(), quiet).counts == {}
    recorded = "select retention_key, before_date from gdpr.cutoffs order by 1"
    before = rows(variables, recorded)
    assert {key for key, _ in before} == set(operations.periods(project_root()))
    # A period that is longer now brings nothing back.
    rows(variables, "update gdpr.cutoffs set before_date = before_date + 900 returning 1")
    operations.retain(variables, project_root(), quiet)
    assert rows(variables, "select max(before_date) > current_date from gdpr.cutoffs") == [(True,)]


def test_an_operation_waits_for_a_run_and_a_step_of_the_run_does_not(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "WAIT_SECONDS", 0)
    target = Warehouse.of(variables)
    with closing(connect(target)) as run, exclusive_run(run, 0, quiet):
        store.prepare(run, target)
        with pytest.raises(AtelierError, match="another run is using the warehouse"):
            operations.enforce(variables, quiet)
        monkeypatch.setenv(HELD, "1")
        assert operations.enforce(variables, quiet).counts == {}


def test_the_schema_is_made_once(variables: dict[str, str]) -> None:
    target = Warehouse.of(variables)
    with closing(connect(target)) as connection:
        store.prepare(connection, target)
        before = rows(variables, "select oid from pg_class where relnamespace = 'gdpr'::regnamespace")
        store.prepare(connection, target)
    assert rows(variables, "select oid from pg_class where relnamespace = 'gdpr'::regnamespace") == before
    with closing(connect(target)) as connection, connection.cursor() as cursor:
        cursor.execute("drop table gdpr.cutoffs")
        store.prepare(connection, target)
        cursor.execute("select * from gdpr.cutoffs")


@pytest.mark.parametrize(
    ("reference", "is_refused"),
    [("dossier 4711", True), ("4711", True), ("n°4711/2", True), ("2026-14711", False), ("A4711", False)],
)
def test_a_proof_never_holds_the_number(reference: str, *, is_refused: bool) -> None:
    given = {"REQUESTED_BY": "DPO", "REFERENCE": reference}
    if is_refused:
        with pytest.raises(AtelierError, match="holds the customer's number"):
            Request.of(given, "4711")
    else:
        assert Request.of(given, "4711").reference == reference


LINES = """
create schema raw_ftplogs;
create table raw_ftplogs.log_events (
    file_version_id text, byte_offset bigint, logged_at timestamp, event_name text, details text,
    primary key (file_version_id, byte_offset)
);
create table raw_ftplogs.rejected_lines (
    file_version_id text, byte_offset bigint, line_text text, reason text,
    primary key (file_version_id, byte_offset)
);
insert into raw_ftplogs.log_events
select f, 10 * n, '2025-05-28 07:00:00', 'Alarme', 'a' || n
from unnest(array['a', 'b']) as f cross join generate_series(1, 5) as n;
insert into raw_ftplogs.log_events values
('a', 100, '2025-05-28 07:00:00', 'StukUitgevoerd', '[effacé] pos 2'),
('a', 110, '2025-05-28 07:00:00', '[effacé]', '[effacé]'),
('a', 120, '2025-05-28 07:00:00', 'MachineWait', '45 sec'),
('b', 120, '2025-05-28 07:00:00', 'MachineWait', '45 sec');
insert into raw_ftplogs.rejected_lines values ('a', 0, 'x', 'no_time'), ('a', 5, '[effacé]', 'no_time');
insert into gdpr.log_file_editions (file_version_id, suppression_number, edition)
values ('a', 0, 1), ('b', 0, 0);
"""
DIGESTS = "select file_version_id, byte_offset, line_digest from raw_ftplogs.{} order by 1, 2"


def test_lines_from_before_get_a_digest_where_their_text_is_left(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Warehouse.of(variables)
    with closing(connect(target)) as connection, connection.cursor() as cursor:
        store.prepare(connection, target)
        cursor.execute(LINES)
    monkeypatch.setattr(line_digests, "BATCH_LINES", 3)
    with pytest.raises(AtelierError, match=r"the key of the digests of log lines.*PSEUDONYM_KEY"):
        operations.enforce({**variables, "PSEUDONYM_KEY": ""}, quiet)
    # Killed in the middle, it goes on where it was.
    monkeypatch.setattr(line_digests, "execute_values", raise_at(line_digests.execute_values, 3))
    with pytest.raises(KeyboardInterrupt):
        operations.enforce(variables, quiet)
    half = {row for row in rows(variables, DIGESTS.format("log_events")) if row[2] is not None}
    assert len(half) == 6
    monkeypatch.undo()
    said: list[str] = []
    operations.enforce(variables, said.append)
    assert said == [
        "8 lines of raw_ftplogs.log_events got the digest by which copies are recognised",
        "2 lines of raw_ftplogs.rejected_lines got the digest by which copies are recognised",
    ]
    after = rows(variables, DIGESTS.format("log_events"))
    assert half < set(after)
    digests = LineDigests(KEY)
    seven = datetime(2025, 5, 28, 7)  # noqa: DTZ001 # a wall clock
    wait = digests.of((seven, "MachineWait", "45 sec"))
    texts = [digests.of((seven, "Alarme", f"a{n}")) for n in range(1, 6)]
    assert [row[2] for row in after] == [*texts, "", "", "", *texts, wait]
    assert [row[2] for row in rows(variables, DIGESTS.format("rejected_lines"))] == [
        digests.of(("no_time", "x")),
        "",
    ]
    said.clear()
    operations.enforce(variables, said.append)
    assert said == []


def raise_at(function: Callable[..., Any], call: int) -> Callable[..., Any]:
    """Return a function that does the same until it is interrupted, at the given call."""
    calls = iter(range(1, call + 1))

    def interrupted(*arguments: Any, **options: Any) -> Any:
        if next(calls) == call:
            raise KeyboardInterrupt
        return function(*arguments, **options)

    return interrupted


def test_an_order_is_found_whatever_zeros_stand_before_it(variables: dict[str, str]) -> None:
    with closing(connect(Warehouse.of(variables))) as connection, connection.cursor() as cursor:
        cursor.execute(
            "create temp table lines as select * from (values ('OF 000230001/A'), ('230001/A'), "
            "('1230001/A'), ('0')) as texts (details)"
        )
        found = logs.rows_that_name(cursor, sql.Identifier("lines"), ["details"], {230001: {"a"}})
        assert [(row[2], new) for row, new in found] == [
            ("OF 000230001/A", [f"OF {ERASED}"]),
            ("230001/A", [ERASED]),
        ]


def test_a_seed_of_periods_that_is_spoilt_is_one_sentence(tmp_path: Path) -> None:
    folder = project_root() / "transform" / "seeds"
    seed = (folder / f"{register.RETENTION_SEED}.csv").read_bytes()
    path = tmp_path / "transform" / "seeds" / f"{register.RETENTION_SEED}.csv"
    with pytest.raises(AtelierError, match="No such file"):
        register.retentions(tmp_path)
    path.parent.mkdir(parents=True)
    (tmp_path / definitions.DESCRIPTION).parent.mkdir()
    shutil.copy(project_root() / definitions.DESCRIPTION, tmp_path / definitions.DESCRIPTION)
    with pytest.raises(AtelierError, match="le fichier manque"):
        register.retentions(tmp_path)
    for content in (b"\xef\xbb\xbf" + seed, seed.decode().encode("cp1252")):
        path.write_bytes(content)
        assert register.retentions(tmp_path) == register.retentions(project_root())
    for content, says in (
        (seed.replace(b"retention_key", b"key", 1), "la colonne « key » est inconnue"),
        (seed.replace(b"anonymise", b"forget", 1), "ligne 2, colonne action : « forget »"),
    ):
        path.write_bytes(content)
        with pytest.raises(AtelierError, match=says):
            register.retentions(tmp_path)
