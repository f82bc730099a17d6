"""An empty schema for every test of the loader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg2
import pytest

from .loading import SCHEMA, Loader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class


@pytest.fixture
def warehouse(postgres: dict[str, str]) -> Iterator[Connection]:
    connection = psycopg2.connect(
        host=postgres["POSTGRES_HOST"],
        port=int(postgres["POSTGRES_PORT"]),
        user=postgres["POSTGRES_USER"],
        password=postgres["POSTGRES_PASSWORD"],
        dbname=postgres["POSTGRES_DB"],
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"drop schema if exists {SCHEMA} cascade")
    yield connection
    connection.close()


@pytest.fixture
def loader(postgres: dict[str, str], warehouse: Connection) -> Loader:
    return Loader(postgres, warehouse)
