"""Whether the tables of the warehouse were computed by today's models, and what a run does where not.

A model is incremental by what it reads: a release with another rule leaves its old rows alone, and one with
another column is refused. So the first run of a release computes all tables anew, which leaves the snapshots
as they are (docs/adr/0020).
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, Final

import yaml

from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class

#: The step of a run that builds.
BUILD: Final = "dbt:build"

#: Tells dbt what to record once all is built (transform/macros/builds.sql); empty: nothing.
FINGERPRINT: Final = "ATELIER_MODELS"

_FULL_REFRESH: Final = "DBT_FULL_REFRESH"

#: What a project file and a description of models say that makes a difference to a table.
_PROJECT: Final = ("vars", "models", "seeds")
_RESOURCES: Final = ("models", "seeds", "sources")
#: What is for people, and for tests.
_WORDS: Final = frozenset({"description", "data_tests", "meta", "tags", "persist_docs", "freshness", "docs"})

_COMMENTS: Final = re.compile(r"\{#.*?#\}|^\s*--[^\n]*$", re.DOTALL | re.MULTILINE)


def variables(
    connection: Connection, root: Path, steps: Sequence[str], say: Callable[[str], None]
) -> dict[str, str]:
    """Return the environment in which a run's dbt computes anew what other models have computed.

    Args:
        connection: To a warehouse that has the schema `ops`.
        root: The project's folder.
        steps: Those of the run.
        say: Takes the sentence that says so.

    Raises:
        AtelierError: A file of the dbt project cannot be read.
    """
    if BUILD not in steps:
        return {FINGERPRINT: ""}
    current = fingerprint(root)
    with connection.cursor() as cursor:
        cursor.execute("select fingerprint from ops.model_builds order by build_number desc limit 1")
        if cursor.fetchone() == (current,):
            return {FINGERPRINT: ""}
        cursor.execute(
            "select exists (select 1 from pg_tables where schemaname in ('intermediate', 'marts'))"
        )
        if cursor.fetchone() != (True,):
            return {FINGERPRINT: current}
    say("the models are others than those that built the tables: this run computes them all anew, once")
    return {FINGERPRINT: current, _FULL_REFRESH: "true"}


def fingerprint(root: Path) -> str:
    """Return a digest of all that decides what the models compute, but for their inputs.

    Tests, descriptions, comments and the contents of seeds make no difference to it.

    Raises:
        AtelierError: A file cannot be read.
    """
    found = hashlib.sha256()
    for name, content in _contents(root / "transform"):
        found.update(f"{name}\0{content}\0".encode())
    return found.hexdigest()


def _contents(project: Path) -> Iterator[tuple[str, str]]:
    paths = [project / "dbt_project.yml"]
    for folder in ("macros", "models"):
        paths += sorted((project / folder).rglob("*.sql"))
    paths += sorted((project / "models").rglob("*.yml"))
    for path in paths:
        try:
            text = path.read_text("utf-8")
            kept = _without_comments(text) if path.suffix == ".sql" else _decisive(path, _read(text))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise AtelierError(
                f"{path} cannot be read ({str(error).splitlines()[0]}): mend the file"
            ) from None
        if kept:
            yield str(path.relative_to(project)), kept


def _read(text: str) -> Any:  # noqa: ANN401 # whatever YAML holds
    # dbt's own choice: the other loader refuses some of what this one reads.
    return yaml.load(text, Loader=yaml.CSafeLoader)  # it is a safe one


def _without_comments(text: str) -> str:
    lines = (line.strip() for line in _COMMENTS.sub("", text).splitlines())
    return "\n".join(line for line in lines if line)


def _decisive(path: Path, document: dict[str, Any]) -> str:
    keys = _PROJECT if path.name == "dbt_project.yml" else _RESOURCES
    kept = {key: _without_words(document[key]) for key in keys if key in (document or {})}
    return json.dumps(kept, sort_keys=True, ensure_ascii=False) if kept else ""


def _without_words(part: Any) -> Any:  # noqa: ANN401 # whatever YAML holds
    if isinstance(part, dict):
        kept = {
            str(key): _without_words(value)
            for key, value in part.items()
            if str(key).removeprefix("+") not in _WORDS
        }
        return {key: value for key, value in kept.items() if value not in ({}, [])}
    if isinstance(part, list):
        return [_without_words(item) for item in part]
    return part
