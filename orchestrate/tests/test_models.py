"""When the tables have to be computed anew, and when not."""

from __future__ import annotations

import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from atelier.connections import Warehouse, project_root
from atelier.errors import AtelierError
from atelier.ops import migrations, models
from atelier.warehouse import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that may be changed."""
    shutil.copytree(
        project_root() / "transform", tmp_path / "transform", ignore=shutil.ignore_patterns("target", "logs")
    )
    return tmp_path


def change(root: Path, path: str, old: str, new: str) -> None:
    file = root / "transform" / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("models/marts/production/fct_jobs.sql", "select", "select distinct"),
        ("macros/rates.sql", "macro", "macro other_"),
        ("dbt_project.yml", "cde planifiée", "commande planifiée"),
        ("dbt_project.yml", "on_schema_change: fail", "on_schema_change: ignore"),
        ("models/marts/production/_production__models.yml", "data_type: text", "data_type: bigint"),
        ("models/_seeds.yml", "column_types:", "column_types_before:"),
    ],
)
def test_what_decides_makes_a_difference(root: Path, path: str, old: str, new: str) -> None:
    before = models.fingerprint(root)
    change(root, path, old, new)
    assert models.fingerprint(root) != before


def test_what_does_not_decide_makes_none(root: Path) -> None:
    before = models.fingerprint(root)
    change(root, "models/marts/production/fct_jobs.sql", "select", "-- a reason\n{# and\nanother #}\nselect")
    change(root, "models/marts/production/_production__models.yml", "One row per", "Each row is one")
    change(root, "seeds/order_statuses.csv", "vitrage", "Vitrage")
    change(root, "snapshots/_snapshots.yml", "order_id", "order_ids")
    (root / "transform" / "tests" / "assert_more.sql").write_text("select 1", encoding="utf-8")
    (root / "transform" / "models" / "marts" / "_more__unit_tests.yml").write_text("unit_tests: []")
    assert models.fingerprint(root) == before


def test_a_file_that_cannot_be_read_is_named(root: Path) -> None:
    (root / "transform" / "dbt_project.yml").write_text("a: [", encoding="utf-8")
    with pytest.raises(AtelierError, match=r"dbt_project.yml cannot be read \(.*\): mend the file"):
        models.fingerprint(root)


@pytest.fixture
def connection(postgres: dict[str, str]) -> Iterator[Connection]:
    """A warehouse that has the schema `ops` and nothing else."""
    target = Warehouse.of(postgres)
    with closing(connect(target)) as connection, connection.cursor() as cursor:
        for schema in ("ops", "intermediate", "marts"):
            cursor.execute(f"drop schema if exists {schema} cascade")
        migrations.apply(connection, target)
        yield connection
        for schema in ("ops", "intermediate", "marts"):
            cursor.execute(f"drop schema if exists {schema} cascade")


@pytest.mark.integration
def test_tables_of_other_models_are_computed_anew_until_that_was_done(
    connection: Connection, root: Path
) -> None:
    said: list[str] = []
    steps = ["tap-ftplogs target-postgres", "dbt:build"]
    current = models.fingerprint(root)
    with connection.cursor() as cursor:
        # A new warehouse is built once, in the usual way.
        assert models.variables(connection, root, steps, said.append) == {models.FINGERPRINT: current}
        cursor.execute("create schema marts; create table marts.fct_jobs ()")
        anew = {models.FINGERPRINT: current, "DBT_FULL_REFRESH": "true"}
        for _ in range(2):
            assert models.variables(connection, root, steps, said.append) == anew
        assert len(said) == 2
        assert models.variables(connection, root, steps[:1], said.append) == {models.FINGERPRINT: ""}
        cursor.execute("insert into ops.model_builds (fingerprint) values (%s)", (current,))
        assert models.variables(connection, root, steps, said.append) == {models.FINGERPRINT: ""}
        assert len(said) == 2
        change(root, "macros/rates.sql", "macro", "macro other_")
        assert models.variables(connection, root, steps, said.append)["DBT_FULL_REFRESH"] == "true"
