"""An empty schema for every test of the loader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .loading import SCHEMA, Loader, connected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class


@pytest.fixture
def warehouse(postgres: dict[str, str]) -> Iterator[Connection]:
    connection = connected(postgres)
    with connection.cursor() as cursor:
        cursor.execute(f"drop schema if exists {SCHEMA} cascade")
    yield connection
    connection.close()


@pytest.fixture
def loader(postgres: dict[str, str], warehouse: Connection) -> Loader:
    return Loader(postgres, warehouse)
