"""A database of the tests' MariaDB, and runs of the tap on it."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pymysql
from tap_mysql.tables import quoted_name
from tap_mysql.tap import TapMySQL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pymysql.connections import Connection

#: Quotes, a backslash, a slash, a percent sign and letters beyond ASCII, as passwords may have them.
PASSWORD = "s3cret'\"\\/ @:%#?$ é€🔑"  # noqa: S105 - made up
READER = "tap mysql's reader"


@dataclass(frozen=True)
class Server:
    """A server on 127.0.0.1 and its administrator; `data_folder` only of one that is ours."""

    port: int
    user: str
    password: str = field(repr=False)
    data_folder: Path | None = None

    def connect(self, database: str | None = None) -> Connection[Any]:
        """Log in as administrator; zero dates may be written."""
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user=self.user,
            password=self.password,
            database=database,
            charset="utf8mb4",
            sql_mode="",
        )


#: Views of the database `numbers`: only MariaDB has such tables by itself.
SEQUENCES = ((1, 2), (1, 100), (1, 200), (1, 15_000), (1, 100_000), (1001, 6000))


def make_numbers(server: Server) -> None:
    """Make the database `numbers` with a view `from_A_to_B` for each of the sequences in use."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("drop database if exists numbers")
        cursor.execute("create database numbers")
        cursor.execute("create table numbers.digits (digit int primary key)")
        cursor.executemany("insert into numbers.digits values (%s)", [(digit,) for digit in range(10)])
        cursor.execute("create table numbers.numbers (seq int primary key)")
        cursor.execute(
            "insert into numbers.numbers select 1 + a.digit + 10 * b.digit + 100 * c.digit + 1000 * d.digit"
            " + 10000 * e.digit from numbers.digits a, numbers.digits b, numbers.digits c, numbers.digits d,"
            " numbers.digits e"
        )
        for first, last in SEQUENCES:
            cursor.execute(
                f"create view numbers.from_{first}_to_{last} as"
                f" select seq from numbers.numbers where seq between {first} and {last}"
            )
        connection.commit()


@dataclass
class Run:
    """What a run of the tap wrote."""

    lines: list[str] = field(default_factory=list)
    error: Exception | None = None

    @cached_property
    def messages(self) -> list[dict[str, Any]]:
        """The messages; numbers with a fraction are texts, to the last digit."""
        return [json.loads(line, parse_float=str) for line in self.lines]

    def types(self, *names: str) -> list[tuple[str, str | None]]:
        return [(m["type"], m.get("stream")) for m in self.messages if not names or m["type"] in names]

    def records(self, stream: str) -> list[dict[str, Any]]:
        return [m["record"] for m in self.messages if m["type"] == "RECORD" and m["stream"] == stream]

    def schema(self, stream: str) -> dict[str, Any]:
        found: dict[str, Any] = next(
            m["schema"]["properties"]
            for m in self.messages
            if m["type"] == "SCHEMA" and m["stream"] == stream
        )
        return found

    @property
    def state(self) -> dict[str, Any] | None:
        states = [m["value"] for m in self.messages if m["type"] == "STATE"]
        return states[-1] if states else None


class Source:
    """An empty database with a reader of its own."""

    def __init__(self, server: Server, database: str) -> None:
        self.server = server
        self.database = database
        self.config: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": server.port,
            "user": READER,
            "password": PASSWORD,
            "database": database,
        }
        self.admin: Connection[Any] = server.connect()
        self.quoted = quoted_name(database)
        self.execute(f"drop database if exists {self.quoted}")
        self.execute(f"create database {self.quoted} character set utf8mb4")
        self.execute(f"use {self.quoted}")
        self.execute("create user if not exists %s@'%%' identified by %s", (READER, PASSWORD))
        pattern = self.quoted.replace("_", r"\_").replace("%", "%%")
        # In a GRANT, _ and % stand for any characters.
        self.execute(f"grant select, show view on {pattern}.* to %s@'%%'", (READER,))

    def execute(self, sql: str, arguments: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        with self.admin.cursor() as cursor:
            cursor.execute(sql, arguments)
            rows = list(cursor.fetchall())
        self.admin.commit()
        return rows

    def tap(self, **options: Any) -> TapMySQL:
        return TapMySQL(config={**self.config, **options.pop("config", {})}, **options)

    def run(self, **options: Any) -> Run:
        """Run the tap; an error is in the result."""
        output = io.StringIO()
        run = Run()
        try:
            with redirect_stdout(output):
                self.tap(**options).sync_all()
        except Exception as error:  # noqa: BLE001 - tests look at it
            run.error = error
        run.lines = output.getvalue().splitlines()
        return run

    def catalog(self, **options: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(json.dumps(self.tap(**options).catalog_dict))
        return found

    def close(self) -> None:
        self.execute(f"drop database if exists {self.quoted}")
        self.admin.close()


def root(catalog: dict[str, Any], table: str) -> dict[str, Any]:
    """Return the metadata of a table in a catalog, to be changed."""
    return metadata(catalog, table, [])


def metadata(catalog: dict[str, Any], table: str, breadcrumb: list[str]) -> dict[str, Any]:
    entry = next(entry for entry in catalog["streams"] if entry["stream"] == table)
    found: dict[str, Any] = next(m for m in entry["metadata"] if m["breadcrumb"] == breadcrumb)["metadata"]
    return found


@contextmanager
def source_on(server: Server, database: str) -> Iterator[Source]:
    source = Source(server, database)
    try:
        yield source
    finally:
        source.close()
