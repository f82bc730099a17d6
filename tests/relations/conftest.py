"""One small database for all tests; each builds models of its own names."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from relations.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from atelier_demo.servers.site import Site

DATABASE = "relations"
ANALYST = "relations_analyst"


@pytest.fixture(scope="session")
def database(site: Site, postgres: dict[str, str]) -> Iterator[str]:
    """An empty database, and a log-in that reads the marts and has a schema of its own."""
    owner = postgres["POSTGRES_USER"]
    with closing(site.admin_postgres()) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(f"drop database if exists {DATABASE} with (force)")
        cursor.execute(f"drop role if exists {ANALYST}")
        cursor.execute(f"create role {ANALYST} login")
        cursor.execute(f"create database {DATABASE} owner {owner}")
        yield DATABASE
        cursor.execute(f"drop database {DATABASE} with (force)")
        cursor.execute(f"drop role {ANALYST}")


@pytest.fixture
def project(site: Site, postgres: dict[str, str], database: str, tmp_path: Path) -> Project:
    """A project without models, and an empty schema for them."""
    project = Project(site, tmp_path, database, postgres)
    owner = postgres["POSTGRES_USER"]
    with closing(site.admin_postgres(database)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(f"drop schema if exists marts, {ANALYST} cascade")
        cursor.execute(f"create schema marts authorization {owner}")
        cursor.execute(f"create schema {ANALYST} authorization {ANALYST}")
        cursor.execute(f"grant usage on schema marts to {ANALYST}")
    return project
