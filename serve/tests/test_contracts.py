"""What the lists read is what the marts have, and all of it has words in two languages."""

from __future__ import annotations

import importlib
import pkgutil
import re
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest
from atelier_api import labels, resources
from atelier_api.labels.columns import COLUMNS
from atelier_api.labels.kpis import FORMULAS
from atelier_api.listing import Listing
from atelier_api.paging import PageQuery
from atelier_api.resources.explain.kpis import KPIS
from atelier_api.resources.explain.schemas import KpiName
from atelier_demo.factory.marts import contracts

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]

TYPES = {
    str: {"text"},
    int: {"bigint", "integer"},
    float: {"numeric"},
    bool: {"boolean"},
    date: {"date"},
    datetime: {"timestamp with time zone"},
}


def listings() -> Iterator[tuple[str, Listing]]:
    for module in pkgutil.walk_packages(resources.__path__, "atelier_api.resources."):
        if module.name.endswith(".repository"):
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, Listing):
                    yield f"{module.name.split('.')[2]}.{name}", value


LISTINGS = dict(listings())


def queries() -> Iterator[type[PageQuery]]:
    for module in pkgutil.walk_packages(resources.__path__, "atelier_api.resources."):
        if module.name.endswith(".schemas"):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, type) and issubclass(value, PageQuery) and value is not PageQuery:
                    yield value


@pytest.mark.parametrize("name", LISTINGS)
def test_a_plain_column_of_a_list_has_the_type_of_its_mart(name: str) -> None:
    listing = LISTINGS[name]
    marts = {f"marts.{mart.name}": dict(mart.columns) for mart in contracts(ROOT)}
    tables = re.findall(r"marts\.\w+", listing.source)
    assert all(table in marts for table in tables)
    if not listing.source.startswith("marts."):
        return
    for column in listing.columns.values():
        if column.label_of or not re.fullmatch(r"[\w.]+", column.expression) or column.expression == "1":
            continue
        field = column.expression.rpartition(".")[2]
        types = {marts[table][field].partition("(")[0] for table in tables if field in marts[table]}
        assert types, f"{name}: no mart of {tables} has {field}"
        assert types <= TYPES[column.type], f"{name}.{column.name} is {types}"


@pytest.mark.parametrize("name", LISTINGS)
def test_every_column_has_a_heading_in_both_languages(name: str) -> None:
    for column in LISTINGS[name].columns:
        assert set(COLUMNS[column]) == {"fr", "en"}


def test_no_heading_is_without_a_column() -> None:
    used = {column for listing in LISTINGS.values() for column in listing.columns}
    assert set(COLUMNS) - used - set(KPIS) == set()


@pytest.mark.parametrize("query", {query.__name__: query for query in queries()}.values())
def test_whatever_may_be_sorted_by_is_a_column(query: type[PageQuery]) -> None:
    pattern = query.model_fields["fields"].metadata[-1].pattern
    columns = set(re.findall(r"\w+", pattern))
    sorts = get_args(query.model_fields["sort"].annotation)
    assert {sort.removeprefix("-") for sort in sorts} <= columns
    assert query.model_fields["sort"].default in sorts


def test_every_figure_can_be_explained_in_both_languages() -> None:
    assert set(KPIS) == set(get_args(KpiName)) == set(FORMULAS)
    assert all(set(words) == {"fr", "en"} for words in FORMULAS.values())


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "fr"),
        ("", "fr"),
        ("en", "en"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr"),
        ("de,en;q=0.1", "en"),
        ("en;q=0, fr;q=0.1", "fr"),
        ("en;q=x", "fr"),
        ("de", "fr"),
        (",;,=,q=", "fr"),
        ("en;q=0.3,fr;q=0.7", "fr"),
    ],
)
def test_the_language_is_the_one_that_is_liked_best(header: str | None, language: str) -> None:
    assert labels.negotiated(header) == language
