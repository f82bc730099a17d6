"""The machines' logs: what is too old of them, and the orders of erased customers, in raw and behind it.

A line that is changed gives its file a new edition, which is part of what a session is computed from: the
marts follow with the next build. Cost follows what is new: files that were read, orders that were erased,
days that passed since the last time.
"""

# ruff: noqa: S608 # names of our own, or quoted
from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from psycopg2 import sql
from psycopg2.extras import execute_values

from atelier.gdpr import words
from atelier.gdpr.counts import Counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from psycopg2.extensions import cursor as Cursor  # noqa: N812 # it is a class

Orders: TypeAlias = "Mapping[int, set[str]]"
"""Extensions of orders by their numbers."""

_EVENTS: Final = "raw_ftplogs.log_events"
_REJECTED: Final = "raw_ftplogs.rejected_lines"

#: Where a machine, or somebody at it, may name an order.
TEXTS: Final = {_EVENTS: ("event_name", "details"), _REJECTED: ("line_text",)}

#: The files that something new is to be applied to, and what. All lines of a file are as old as its last
#: event at the least: one with a date to come, of a wrong clock, would never go otherwise.
_PENDING: Final = """
create temporary table pending_files on commit drop as
with
known as (
    select
        coalesce((select max(suppression_number) from gdpr.suppressed_orders), 0) as suppression_number,
        (select before_date from gdpr.cutoffs where retention_key = 'machine_messages') as messages_before,
        (select before_date from gdpr.cutoffs where retention_key = 'pieces') as pieces_before
),
files as (
    select
        file_version_id,
        read_at,
        cast(least(first_event_at, last_event_at, modified_at) as date) as first_on,
        cast(coalesce(greatest(first_event_at, last_event_at), modified_at, read_at) as date) as last_on
    from raw_ftplogs.log_files
)
select
    files.file_version_id,
    files.read_at,
    files.last_on,
    known.*,
    coalesce(done.edition, 0) as edition,
    files.read_at is distinct from done.read_at or done.suppression_number < known.suppression_number
        as has_new_orders
from files
cross join known
left join gdpr.log_file_editions as done on files.file_version_id = done.file_version_id
where
    done.file_version_id is null
    or files.read_at is distinct from done.read_at
    or done.suppression_number < known.suppression_number
    or {messages}
    or {pieces}
"""
_HAS_LINES_TO_GO: Final = """(
        known.{before} > coalesce(done.{before}, '-infinity')
        and (files.first_on is null or files.first_on < known.{before})
        and coalesce(done.{before}, '-infinity') <= files.last_on
    )"""

#: What is left of a wait is how long it lasts, as the transformation reads it (macro wait_seconds).
_WAIT_LEFT: Final = r"""coalesce(
    substring(line.details from '(?i)[0-9]+(?:[.,][0-9]+)?\s*sec'),
    substring(line.details from '[0-9]+(?:[.,][0-9]+)?'),
    %(erased)s
)"""

_MESSAGES: Final = f"""
with changed as (
    update {_EVENTS} as line
    set
        event_name = case
            when line.event_name in (%(wait)s, %(stop)s, %(start)s) then line.event_name else %(erased)s
        end,
        details = case
            when line.details = '' then ''
            when line.event_name = %(wait)s then {_WAIT_LEFT}
            else %(erased)s
        end
    from pending_files as file
    where
        line.file_version_id = file.file_version_id
        and (line.logged_at < file.messages_before or file.last_on < file.messages_before)
        and line.event_name not in (%(piece)s, %(job)s)
        and (
            line.event_name not in (%(wait)s, %(stop)s, %(start)s, %(erased)s)
            or line.details not in (
                '', case when line.event_name = %(wait)s then {_WAIT_LEFT} else %(erased)s end
            )
        )
    returning line.file_version_id
)
select file_version_id, count(*) from changed group by file_version_id
"""
_PIECES: Final = f"""
with changed as (
    update {_EVENTS} as line
    set details = %(erased)s
    from pending_files as file
    where
        line.file_version_id = file.file_version_id
        and (line.logged_at < file.pieces_before or file.last_on < file.pieces_before)
        and line.event_name = %(piece)s
        and line.details not in ('', %(erased)s)
    returning line.file_version_id
)
select file_version_id, count(*) from changed group by file_version_id
"""
_LINES: Final = f"""
with changed as (
    update {_REJECTED} as line
    set line_text = %(erased)s
    from pending_files as file
    where
        line.file_version_id = file.file_version_id
        and file.last_on < file.messages_before
        and line.line_text <> %(erased)s
    returning line.file_version_id
)
select file_version_id, count(*) from changed group by file_version_id
"""
_WORDS: Final = {
    "erased": words.ERASED,
    "piece": words.PIECE,
    "job": words.JOB,
    "wait": words.WAIT,
    "stop": words.STOP,
    "start": words.START,
}


def enforce(cursor: Cursor) -> Counts:
    """Apply to the raw lines what is recorded, where it was not applied yet.

    Returns:
        How many rows lost a text, by table.
    """
    counts = Counts()
    cursor.execute("select to_regclass('raw_ftplogs.log_files') is not null")
    if cursor.fetchone() != (True,):
        return counts
    cursor.execute("drop table if exists pg_temp.pending_files")
    cursor.execute(
        _PENDING.format(
            messages=_HAS_LINES_TO_GO.format(before="messages_before"),
            pieces=_HAS_LINES_TO_GO.format(before="pieces_before"),
        )
    )
    if not cursor.rowcount:
        return counts
    cursor.execute("analyze pending_files")
    changed: Counter[str] = Counter()
    for table, statement in ((_EVENTS, _MESSAGES), (_EVENTS, _PIECES), (_REJECTED, _LINES)):
        cursor.execute(statement, _WORDS)
        found = Counter(dict(cursor.fetchall()))
        counts.anonymised(table, found.total())
        changed += found
    orders = suppressed(cursor)
    for table, columns in TEXTS.items():
        found = _take_out(cursor, sql.Identifier(*table.split(".")), columns, orders, of_pending_files=True)
        counts.anonymised(table, found.total())
        changed += found
    _record(cursor, list(changed))
    return counts


def _record(cursor: Cursor, changed: list[str]) -> None:
    cursor.execute(
        "insert into gdpr.log_file_editions as done "
        "select file_version_id, read_at, suppression_number, messages_before, pieces_before, "
        "edition + cast(file_version_id = any(%s) as integer) from pending_files "
        "on conflict (file_version_id) do update set read_at = excluded.read_at, "
        "suppression_number = excluded.suppression_number, messages_before = excluded.messages_before, "
        "pieces_before = excluded.pieces_before, edition = excluded.edition",
        (changed,),
    )


def suppressed(cursor: Cursor) -> Orders:
    """Return the orders of erased customers."""
    cursor.execute("select order_number, extension from gdpr.suppressed_orders")
    return words.by_number(cursor.fetchall())


def take_out_of(cursor: Cursor, table: sql.Identifier, columns: Sequence[str]) -> int:
    """Take erased customers' orders out of a table's texts, behind raw; return how many rows changed."""
    return _take_out(cursor, table, columns, suppressed(cursor)).total()


def rows_that_name(
    cursor: Cursor,
    table: sql.Identifier,
    columns: Sequence[str],
    orders: Orders,
    *,
    of_pending_files: bool = False,
) -> Iterator[tuple[tuple[Any, ...], list[str | None]]]:
    """Find the rows whose texts name an order.

    Returns:
        For each its place in the table, the version of its file where it is of a pending one, and its texts;
        and the same texts without the orders.
    """
    texts = sql.SQL(", ").join(sql.Identifier("line", column) for column in columns)
    pending = (
        "join pending_files as file on file.file_version_id = line.file_version_id and file.has_new_orders"
    )
    cursor.execute(
        sql.SQL(
            "select line.ctid, {file}, {texts} from {table} as line {joined} where exists ("
            "select 1 from regexp_matches(concat_ws(' ', {texts}), '[0-9]+', 'g') as found (number) "
            "where ltrim(found.number[1], '0') = any(%s))"
        ).format(
            file=sql.SQL("line.file_version_id" if of_pending_files else "''"),
            texts=texts,
            table=table,
            joined=sql.SQL(pending if of_pending_files else ""),
        ),
        ([str(number) for number in orders],),
    )
    for place, file, *values in cursor.fetchall():
        is_bare = "event_name" not in columns or values[0] not in words.WITHOUT_BARE_NUMBERS
        new = [value and words.without_orders(value, orders, bare=is_bare) for value in values]
        if new != values:
            yield (place, file, *values), new


def _take_out(
    cursor: Cursor,
    table: sql.Identifier,
    columns: Sequence[str],
    orders: Orders,
    *,
    of_pending_files: bool = False,
) -> Counter[str]:
    """Rewrite the texts that name an order; return how many rows changed, by file."""
    files: Counter[str] = Counter()
    rewritten: list[tuple[Any, ...]] = []
    for (place, file, *_), new in rows_that_name(
        cursor, table, columns, orders, of_pending_files=of_pending_files
    ):
        rewritten.append((place, *new))
        files[file] += 1
    # A row keeps its place while nobody writes: the warehouse is held, and each row is written once.
    assignments = sql.SQL(", ").join(
        sql.SQL("{column} = new.{column}").format(column=sql.Identifier(column)) for column in columns
    )
    names = sql.SQL(", ").join(sql.Identifier(column) for column in columns)
    execute_values(
        cursor,
        sql.SQL(
            "update {table} as line set {assignments} from (values %s) as new (place, {names}) "
            "where line.ctid = cast(new.place as tid)"
        )
        .format(table=table, assignments=assignments, names=names)
        .as_string(cursor),
        rewritten,
        page_size=1000,
    )
    return files
