"""Gives a digest to the log lines that have none: those of a warehouse from before, or of another loader.

The loader makes the digests of what it loads. It is done before a text can be overwritten, in batches, each a
transaction of its own: a run that is killed goes on where it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from psycopg2 import sql
from psycopg2.extras import execute_values
from target_warehouse.line_digests import COLUMN, LINES, LineDigests

from atelier.connections import require
from atelier.gdpr import words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 # it is a class

_SCHEMA: Final = "raw_ftplogs"

#: Lines of one transaction.
BATCH_LINES: Final = 5000

#: What a line once said cannot be known where its text was overwritten: its digest is empty, and it is
#: compared by what is left (macro copy_key). The wait of a file whose lines were changed may have lost a text
#: without a sign of it.
_IS_OVERWRITTEN: Final = {
    "log_events": (
        "position(%(erased)s in line.event_name || line.details) > 0 "
        "or line.event_name = %(wait)s and coalesce(done.edition, 0) > 0"
    ),
    "rejected_lines": "position(%(erased)s in line.line_text) > 0",
}


def fill(connection: Connection, variables: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Give each line without a digest one; one query per table where all have it.

    Args:
        connection: In autocommit, in a warehouse that has the schema `gdpr`.
        variables: Those of the contract.
        say: Takes a sentence where there was something to do.

    Raises:
        AtelierError: There is something to do and no key.
    """
    with connection.cursor() as cursor:
        for table in LINES:
            cursor.execute("select to_regclass(%s) is not null", (f"{_SCHEMA}.{table}",))
            if cursor.fetchone() == (True,):
                _prepare(cursor, table)
                count = _fill_table(cursor, table, variables)
                if count:
                    say(f"{count} lines of {_SCHEMA}.{table} got the digest by which copies are recognised")


def _prepare(cursor: Cursor, table: str) -> None:
    """Add the column, and the index that finds the lines without a digest; it is empty but for an upgrade."""
    index = f"{table}_without_digest"
    cursor.execute("select to_regclass(%s) is not null", (f"{_SCHEMA}.{index}",))
    if cursor.fetchone() == (True,):
        return
    cursor.execute(
        sql.SQL(
            "alter table {table} add column if not exists {column} text; "
            "create index if not exists {index} on {table} (file_version_id) where {column} is null"
        ).format(
            table=sql.Identifier(_SCHEMA, table), column=sql.Identifier(COLUMN), index=sql.Identifier(index)
        )
    )


def _fill_table(cursor: Cursor, table: str, variables: Mapping[str, str]) -> int:
    count = 0
    while True:
        cursor.execute(
            sql.SQL(
                "select line.file_version_id, line.byte_offset, {overwritten}, {columns} "
                "from {table} as line "
                "left join gdpr.log_file_editions as done on line.file_version_id = done.file_version_id "
                "where line.{digest} is null limit %(limit)s"
            ).format(
                overwritten=sql.SQL(_IS_OVERWRITTEN[table]),
                columns=sql.SQL(", ").join(sql.Identifier("line", column) for column in LINES[table]),
                table=sql.Identifier(_SCHEMA, table),
                digest=sql.Identifier(COLUMN),
            ),
            {"erased": words.ERASED, "wait": words.WAIT, "limit": BATCH_LINES},
        )
        lines = cursor.fetchall()
        if not lines:
            return count
        require(variables, ("PSEUDONYM_KEY",), "the key of the digests of log lines")
        digests = LineDigests(variables["PSEUDONYM_KEY"])
        execute_values(
            cursor,
            sql.SQL(
                "update {table} as line set {digest} = made.digest "
                "from (values %s) as made (file, place, digest) "
                "where line.file_version_id = made.file and line.byte_offset = made.place"
            )
            .format(table=sql.Identifier(_SCHEMA, table), digest=sql.Identifier(COLUMN))
            .as_string(cursor),
            [
                (file, place, "" if is_overwritten else digests.of(values))
                for file, place, is_overwritten, *values in lines
            ],
            page_size=BATCH_LINES,
        )
        count += len(lines)
