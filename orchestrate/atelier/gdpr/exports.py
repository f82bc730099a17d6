"""What is held about one customer, as files: the right of access (GDPR, Article 15)."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from psycopg2 import sql
from target_warehouse import withholding

from atelier.errors import AtelierError
from atelier.gdpr import logs, operations, orders, sentences, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from psycopg2.extensions import cursor as Cursor  # noqa: N812 # it is a class

#: Where exports go unless EXPORT_FOLDER names another place; no part of the repository.
FOLDER: Final = Path(".local/gdpr")

#: Pseudonyms of employees: they are about somebody else.
OF_OTHERS: Final = frozenset({"techniker", "benutzer", "technician_key", "user_key"})

#: A spreadsheet takes a text that begins so for a formula.
_FORMULA: Final = re.compile(r"^[=+\-@\t\r]")

#: Whether a row is of one of the orders: in their spelling, or in another one as MySQL compares keys.
_IS_OF: Final = "({column} = any(%s) or " + withholding.order_key("{column}") + " = any(%s))"

Table = tuple[list[str], list[tuple[Any, ...]]]


def export(
    variables: Mapping[str, str],
    root: Path,
    number: str,
    request: operations.Request,
    say: Callable[[str], None],
) -> tuple[operations.Outcome, Path]:
    """Write all that the warehouse holds about a customer into a new folder that only the user can read.

    Returns:
        What was written, and where.

    Raises:
        AtelierError: The warehouse cannot be used, or the folder cannot be written.
    """
    outcome = operations.Outcome()
    key = operations.customer_key(number, variables)
    folder = (root / (variables.get("EXPORT_FOLDER") or FOLDER)).resolve() / f"export-{outcome.operation_id}"
    with operations.working(variables, say) as connection:
        cursor = operations.cursor_of(connection)
        tables = everything_about(cursor, key)
        cursor.execute(
            "select cast(suppressed_at as date) from gdpr.suppressed_customers where customer_key = %s",
            (key,),
        )
        erased_on = cursor.fetchone()
        for name, (_, rows) in tables.items():
            outcome.counts.exported(name, len(rows))
        try:
            _write(folder, tables, sentences.read_me(outcome, request, erased_on[0] if erased_on else None))
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise AtelierError(
                f"the export cannot be written to {folder} ({error.strerror}): make room or give the right "
                "to it, or name another place with EXPORT_FOLDER"
            ) from None
        operations.prove(cursor, "export", request, outcome)
    return outcome, folder


def everything_about(cursor: Cursor, key: str) -> dict[str, Table]:
    """Return the rows about a customer, by table: columns and rows."""
    relations = _relations(cursor)
    ids = _order_ids(cursor, key, relations)
    keys = _order_keys(cursor, ids, relations)
    found: dict[str, Table] = {}
    for (schema, table), columns in relations.items():
        of_order = (
            "id"
            if (schema, table) == (orders.RAW, withholding.ORDERS)
            else next((name for name in ("order_id", "id_a_kopf") if name in columns), None)
        )
        if of_order:
            where: sql.Composable = sql.SQL(_IS_OF.format(column="{column}")).format(
                column=sql.Identifier(of_order)
            )
            found[f"{schema}.{table}"] = _rows(cursor, schema, table, columns, where, (ids, keys))
    for (schema, table), columns in relations.items():
        texts = [name for name in ("event_name", "details", "line_text") if name in columns]
        if texts and f"{schema}.{table}" not in found:
            places = _places(cursor, schema, table, texts, _references(cursor, ids, relations))
            where = sql.SQL("ctid = any(cast(%s as tid[]))")
            found[f"{schema}.{table}"] = _rows(cursor, schema, table, columns, where, (places,))
    return {name: table for name, table in found.items() if table[1]}


def _relations(cursor: Cursor) -> dict[tuple[str, str], list[str]]:
    """Return the tables that may hold something of a customer, with their columns."""
    cursor.execute(
        "select n.nspname, c.relname, array_agg(cast(a.attname as text) order by a.attnum) "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "join pg_attribute a on a.attrelid = c.oid "
        "where n.nspname = any(%s) and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped "
        "group by 1, 2 order by 1, 2",
        ([orders.RAW, "raw_ftplogs", *orders.BEHIND_RAW],),
    )
    return {(schema, table): columns for schema, table, columns in cursor.fetchall()}


def _order_ids(cursor: Cursor, key: str, relations: Iterable[tuple[str, str]]) -> list[str]:
    if (orders.RAW, withholding.ORDERS) not in relations:
        return []
    cursor.execute("select id from raw_erp.a_kopf where kundennr = %s order by 1", (key,))
    return [order_id for (order_id,) in cursor.fetchall()]


def _order_keys(cursor: Cursor, ids: Sequence[str], relations: Iterable[tuple[str, str]]) -> list[str]:
    """Return the orders as MySQL compares their keys, without those that another order shares."""
    if (orders.RAW, withholding.ORDERS) not in relations:
        return []
    cursor.execute(
        f"select {withholding.order_key('id')} from raw_erp.a_kopf "  # noqa: S608 # names of our own
        "group by 1 having count(*) = 1 and bool_or(id = any(%s))",
        (list(ids),),
    )
    return [order_key for (order_key,) in cursor.fetchall()]


def _references(
    cursor: Cursor, ids: Sequence[str], relations: Iterable[tuple[str, str]]
) -> Mapping[int, set[str]]:
    """Return the orders as machines name them."""
    if (orders.RAW, withholding.ORDERS) not in relations:
        return {}
    cursor.execute(
        "select aunummer, coalesce(aualpha, '') from raw_erp.a_kopf "
        "where id = any(%s) and aunummer is not null",
        (ids,),
    )
    return words.by_number(cursor.fetchall())


def _places(
    cursor: Cursor, schema: str, table: str, texts: Sequence[str], references: Mapping[int, set[str]]
) -> list[str]:
    return [
        row[0] for row, _ in logs.rows_that_name(cursor, sql.Identifier(schema, table), texts, references)
    ]


def _rows(
    cursor: Cursor,
    schema: str,
    table: str,
    columns: Sequence[str],
    where: sql.Composable,
    parameters: tuple[Any, ...],
) -> Table:
    shown = [name for name in columns if name not in OF_OTHERS]
    names = sql.SQL(", ").join(map(sql.Identifier, shown))
    cursor.execute(
        sql.SQL("select {names} from {table} where {where} order by {names}").format(
            names=names, table=sql.Identifier(schema, table), where=where
        ),
        parameters,
    )
    return shown, cursor.fetchall()


def _write(folder: Path, tables: Mapping[str, Table], read_me: str) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)
    for name, (columns, rows) in tables.items():
        file = folder / re.sub(r"[^\w.]", "_", name)
        with _opened(file.with_name(f"{file.name}.csv"), encoding="utf-8-sig") as out:
            writer = csv.writer(out, delimiter=";")
            writer.writerow(columns)
            writer.writerows([_cell(value) for value in row] for row in rows)
        with _opened(file.with_name(f"{file.name}.json")) as out:
            json.dump(
                [dict(zip(columns, row, strict=True)) for row in rows],
                out,
                ensure_ascii=False,
                indent=2,
                default=str,
            )
    with _opened(folder / "LISEZMOI.txt") as out:
        out.write(read_me)


def _opened(path: Path, encoding: str = "utf-8") -> Any:  # noqa: ANN401 # a text file
    return os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding=encoding, newline=""
    )


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value
