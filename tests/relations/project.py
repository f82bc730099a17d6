"""A dbt project of a few lines that builds with Atelier's macros, in a database of its own."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import yaml
from dbt.cli.main import dbtRunner
from target_warehouse import sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg2
    from atelier_demo.servers.site import Site

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = "marts"

#: Seconds that dbt waits for a lock in these tests.
LOCK_SECONDS = 1


@dataclass
class Built:
    """What dbt says of a build: a status per node, and why those that failed did."""

    statuses: dict[str, str]
    messages: dict[str, str]


class Project:
    """Its models are files that a test writes; building takes a second."""

    def __init__(self, site: Site, folder: Path, database: str, variables: dict[str, str]) -> None:
        self.site = site
        self.folder = folder
        self.database = database
        self.variables = variables
        self.resources: dict[str, Any] = {}
        macros = ROOT / "transform" / "macros"
        self._write(
            "dbt_project.yml",
            yaml.safe_dump(
                {
                    "name": "small",
                    "profile": "small",
                    "macro-paths": [str(macros / "relations"), str(macros / "incremental")],
                    "flags": {"send_anonymous_usage_stats": False},
                    "on-run-end": ["{{ drop_backups() }}"],
                    "models": {"+persist_docs": {"relation": True, "columns": True}},
                }
            ),
        )
        self._write(
            "profiles.yml",
            yaml.safe_dump(
                {
                    "small": {
                        "target": "test",
                        "outputs": {
                            "test": {
                                "type": "postgres",
                                "host": variables["POSTGRES_HOST"],
                                "port": int(variables["POSTGRES_PORT"]),
                                "user": variables["POSTGRES_USER"],
                                "password": variables["POSTGRES_PASSWORD"],
                                "dbname": database,
                                "schema": SCHEMA,
                                "threads": 1,
                            }
                        },
                    }
                }
            ),
        )

    def _write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def model(self, name: str, sql: str, **config: Any) -> None:
        """Write a model; its description and columns may be given as well."""
        described = {key: config.pop(key) for key in ("description", "columns") if key in config}
        self._write(f"models/{name}.sql", sql)
        self.resources[name] = {"name": name, "config": config, **described}
        self._write("models/models.yml", yaml.safe_dump({"models": list(self.resources.values())}))

    def seed(self, name: str, text: str, column_types: dict[str, str]) -> None:
        """Write a seed, the types of its columns, and no others than this one."""
        self._write(f"seeds/{name}.csv", text)
        config = {"column_types": column_types}
        self._write("seeds/seeds.yml", yaml.safe_dump({"seeds": [{"name": name, "config": config}]}))

    def build(self, *words: str, succeeds: bool = True) -> Built:
        """Build all of it, in this process."""
        folders = ["--project-dir", str(self.folder), "--profiles-dir", str(self.folder)]
        with (
            mock.patch.dict(sessions.SETTINGS, {"lock_timeout": f"{LOCK_SECONDS}s"}),
            mock.patch.dict(os.environ),
        ):
            done = dbtRunner().invoke(["--quiet", "build", *folders, *words])
        assert done.exception is None, done.exception
        results: Any = done.result
        built = Built(
            {result.node.name: str(result.status) for result in results},
            {result.node.name: str(result.message) for result in results},
        )
        assert done.success == succeeds, built
        return built

    @contextmanager
    def session(self, user: str | None = None) -> Iterator[psycopg2.extensions.connection]:
        """Log in to the database, as its owner or as an administrator who acts as another role."""
        with closing(self.site.admin_postgres(self.database)) as connection:
            with connection.cursor() as cursor:
                cursor.execute(f"set role {user or self.variables['POSTGRES_USER']}")
            connection.commit()
            yield connection

    def execute(self, *statements: str, user: str | None = None) -> None:
        """Run statements, and keep what they did."""
        with self.session(user) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()

    def query(self, query: str, user: str | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self.session(user) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def identity(self, name: str) -> int:
        """Return the number by which PostgreSQL knows a table or view."""
        ((found,),) = self.query(f"select '{SCHEMA}.{name}'::regclass::oid::bigint")
        return int(found)

    def relations(self) -> set[str]:
        """Return the names of what is in the project's schema."""
        return {
            name
            for (name,) in self.query(
                f"select relname from pg_class where relnamespace = '{SCHEMA}'::regnamespace "
                "and relkind in ('r', 'v', 'm')"
            )
        }
