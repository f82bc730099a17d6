"""Marts full of made-up rows that fit together, made at once: for tests and benchmarks of their readers.

The tables are those of the dbt project's contracts, with its types, keys and indexes; no pipeline has to run.
"""

from __future__ import annotations

import csv
import io
import re
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from atelier import roles, warehouse
from psycopg2 import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from atelier.connections import Warehouse
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 # it is a class

    from atelier_demo.factory.plant_days import Plant

_MODELS = "transform/models/marts"
_CHUNK = 20_000


@dataclass(frozen=True)
class Mart:
    """A table as the dbt project describes it."""

    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]
    indexes: tuple[tuple[tuple[str, ...], bool], ...]


def contracts(root: Path) -> list[Mart]:
    """Return all marts, as their contracts say."""
    found = []
    for page in sorted((root / _MODELS).rglob("_*__models.yml")):
        for model in yaml.safe_load(page.read_text(encoding="utf-8"))["models"]:
            columns = tuple((column["name"], column["data_type"]) for column in model["columns"])
            key = [
                column["name"]
                for column in model["columns"]
                if {"type": "primary_key"} in column.get("constraints", ())
            ]
            for constraint in model.get("constraints", ()):
                if constraint["type"] == "primary_key":
                    key = constraint["columns"]
            text = next((root / _MODELS).rglob(f"{model['name']}.sql")).read_text(encoding="utf-8")
            found.append(Mart(model["name"], columns, tuple(key), _indexes(text)))
    return found


def _indexes(text: str) -> tuple[tuple[tuple[str, ...], bool], ...]:
    match = re.search(r"indexes=(\[.*?\}\s*,?\s*\])", text, re.DOTALL)
    # As it happens, a list of Jinja is one of YAML too.
    listed = yaml.safe_load(match[1]) if match else []
    return tuple((tuple(index["columns"]), bool(index.get("unique"))) for index in listed)


def make_marts(place: Warehouse, root: Path, plant: Plant) -> None:
    """Make the schema `marts` anew, with the rows of a plant.

    Args:
        place: The warehouse; its roles are made as by a run.
        root: The project's folder.
        plant: What the machines did and what is to be made.

    Raises:
        AtelierError: The warehouse cannot be reached or refuses.
    """
    with closing(warehouse.connect(place, "atelier-demo")) as connection, connection.cursor() as cursor:
        names = roles.settle(connection, place)
        cursor.execute("begin")
        if names:
            cursor.execute(sql.SQL("set local role {}").format(sql.Identifier(names.transformer)))
        marts = {mart.name: mart for mart in contracts(root)}
        for mart in marts.values():
            _create(cursor, mart)
        for name, rows in plant.tables():
            _fill(cursor, marts[name], rows)
        for mart in marts.values():
            _index(cursor, mart)
            if names:
                for reader in (names.reader, names.dpo):
                    cursor.execute(
                        sql.SQL("grant select on marts.{} to {}").format(
                            sql.Identifier(mart.name), sql.Identifier(reader)
                        )
                    )
        cursor.execute("commit")
        cursor.execute("analyze")


def _create(cursor: Cursor, mart: Mart) -> None:
    cursor.execute(sql.SQL("drop table if exists marts.{} cascade").format(sql.Identifier(mart.name)))
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(data_type)) for name, data_type in mart.columns
    ]
    cursor.execute(
        sql.SQL("create table marts.{} ({})").format(sql.Identifier(mart.name), sql.SQL(", ").join(columns))
    )


def _index(cursor: Cursor, mart: Mart) -> None:
    table = sql.Identifier(mart.name)
    if mart.key:
        cursor.execute(sql.SQL("alter table marts.{} add primary key ({})").format(table, _list(mart.key)))
    for columns, unique in mart.indexes:
        words = "create unique index on marts.{} ({})" if unique else "create index on marts.{} ({})"
        cursor.execute(sql.SQL(words).format(table, _list(columns)))


def _list(names: Sequence[str]) -> sql.Composable:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)


def _fill(cursor: Cursor, mart: Mart, rows: Iterable[dict[str, Any]]) -> None:
    """Copy rows into a table; columns that a row does not have are null."""
    names = [name for name, _ in mart.columns]
    statement = sql.SQL("copy marts.{} from stdin with (format csv)").format(sql.Identifier(mart.name))
    for chunk in _chunks(rows):
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerows([_cell(row.get(name)) for name in names] for row in chunk)
        buffer.seek(0)
        cursor.copy_expert(statement, buffer)


def _cell(value: Any) -> str | None:  # noqa: ANN401 # a value of any type of column
    if value is None:
        return None
    return value if isinstance(value, str) else str(value)


def _chunks(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    chunk: list[dict[str, Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
