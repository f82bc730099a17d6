"""Setting up the roles; what they may is tested on a whole warehouse in tests/pipeline."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from atelier.connections import Warehouse
from atelier.errors import AtelierError
from atelier.roles import Roles, settle, variables
from atelier.warehouse import connect, exclusive_run, prepare

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class

pytestmark = pytest.mark.integration


def owner_of_marts(connection: Connection) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_get_userbyid(nspowner) from pg_namespace where nspname = 'marts'")
        row = cursor.fetchone()
    return str(row[0]) if row else None


def test_it_is_left_to_the_run_that_holds_the_warehouse(postgres: dict[str, str]) -> None:
    warehouse = Warehouse.of(postgres)
    roles = Roles.of(warehouse)
    with closing(connect(warehouse)) as run, closing(connect(warehouse)) as other:
        with exclusive_run(run, 0, lambda _: None):
            prepare(run, warehouse)
            settle(run, warehouse)
            with run.cursor() as cursor:
                cursor.execute("drop schema marts cascade")
            assert settle(other, warehouse) == roles
            assert owner_of_marts(other) is None
            assert settle(run, warehouse) == roles
            assert owner_of_marts(other) == "atelier_transformer"


def test_a_name_that_postgresql_would_cut_off_is_refused() -> None:
    Roles.of(Warehouse("h", 1, "u", "p", "d" * 51))
    with pytest.raises(AtelierError, match="at most 51 bytes"):
        Roles.of(Warehouse("h", 1, "u", "p", "d" * 52))


def test_no_roles_are_empty_variables() -> None:
    assert set(variables(None).values()) == {""}
    assert variables(Roles("a", "b", "c", "d", "e"))["ATELIER_TRANSFORMER_ROLE"] == "b"
