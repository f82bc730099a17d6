"""Runs the loader on messages, against a real PostgreSQL."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import psycopg2
from target_warehouse.target import TargetWarehouse

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class

SCHEMA = "loader_test"
ORDERS: dict[str, Any] = {
    "type": "SCHEMA",
    "stream": "db-orders",
    "key_properties": ["id"],
    "schema": {
        "properties": {
            "id": {"type": "integer"},
            "customer": {"type": ["null", "integer"]},
            "note": {"type": ["null", "string"]},
        }
    },
}


def connected(postgres: dict[str, str]) -> Connection:
    """Return a connection to the warehouse that commits each statement."""
    connection = psycopg2.connect(
        host=postgres["POSTGRES_HOST"],
        port=int(postgres["POSTGRES_PORT"]),
        user=postgres["POSTGRES_USER"],
        password=postgres["POSTGRES_PASSWORD"],
        dbname=postgres["POSTGRES_DB"],
    )
    connection.autocommit = True
    return connection


class Loader:
    """Runs the target on messages, as a pipe would."""

    def __init__(self, postgres: dict[str, str], connection: Connection) -> None:
        self.postgres = postgres
        self.connection = connection

    def target(self, **settings: Any) -> TargetWarehouse:
        """Return a target that writes into the schema of these tests."""
        return TargetWarehouse(
            config={
                "host": self.postgres["POSTGRES_HOST"],
                "port": int(self.postgres["POSTGRES_PORT"]),
                "user": self.postgres["POSTGRES_USER"],
                "password": self.postgres["POSTGRES_PASSWORD"],
                "database": self.postgres["POSTGRES_DB"],
                "default_target_schema": SCHEMA,
                "validate_records": False,
                "use_copy": True,
                "add_record_metadata": False,
                "activate_version": False,
                **settings,
            }
        )

    def load(self, *messages: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
        """Load messages; return the states that the target confirmed."""
        target = self.target(**settings)
        out = io.StringIO()
        with redirect_stdout(out):
            target.listen(io.StringIO("".join(json.dumps(message) + "\n" for message in messages)))
        return [json.loads(line) for line in out.getvalue().splitlines()]

    def rows(self, table: str = "orders") -> list[tuple[Any, ...]]:
        """Return the table's rows with the transaction that wrote each, in the order of the key."""
        with self.connection.cursor() as cursor:
            cursor.execute(f"select xmin::text, t.* from {SCHEMA}.{table} t order by 2")
            return cursor.fetchall()


def record(number: int, note: str | None, customer: int | None = None, **more: Any) -> dict[str, Any]:
    row = {"id": number, "customer": customer, "note": note}
    return {"type": "RECORD", "stream": "db-orders", "record": row, **more}


def full_table(version: int, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    activate = {"type": "ACTIVATE_VERSION", "stream": "db-orders", "version": version}
    return [ORDERS, activate, *({**row, "version": version} for row in rows), activate]
