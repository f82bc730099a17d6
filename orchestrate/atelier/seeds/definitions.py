"""What each seed may hold, read from dbt's own description of the seeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml

from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: Folder of the planner's files, below the project's.
FOLDER: Final = "transform/seeds"
#: dbt's description of the seeds.
DESCRIPTION: Final = "transform/seeds/_seeds.yml"


@dataclass(frozen=True)
class Reference:
    """Values that must stand in a column of another seed."""

    seed: str
    column: str


@dataclass(frozen=True)
class Column:
    """A column of a seed and its rules."""

    name: str
    #: Type in the warehouse, such as `boolean` or `numeric(18, 6)`.
    type: str
    #: `opening_time` or `closing_time` where the text is a time of day.
    format: str | None = None
    #: Value of an empty cell, and of every row of a file that is older than the column.
    default: str = ""
    is_required: bool = False
    is_unique: bool = False
    #: Unique also when case, accents and blanks do not count.
    is_unique_in_normal_form: bool = False
    has_some_true: bool = False
    #: The values that are allowed; all where there are none.
    accepted: tuple[str, ...] = ()
    reference: Reference | None = None


@dataclass(frozen=True)
class Seed:
    """A seed: its columns in the order of the warehouse's table, and the keys of several columns."""

    name: str
    columns: tuple[Column, ...]
    keys: tuple[tuple[str, ...], ...] = field(default=())

    @property
    def path(self) -> str:
        """Path of the file below the project's folder."""
        return f"{FOLDER}/{self.name}.csv"

    def column(self, name: str) -> Column | None:
        """Return the column of a name; None where there is none."""
        return next((column for column in self.columns if column.name == name), None)


def seeds(root: Path) -> dict[str, Seed]:
    """Return the project's seeds by their names.

    Raises:
        AtelierError: The description cannot be read, or has another shape than dbt's.
    """
    try:
        content = yaml.safe_load((root / DESCRIPTION).read_text("utf-8"))
        return {entry["name"]: _seed(entry) for entry in content["seeds"]}
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        reason = str(error).partition("\n")[0]
        raise AtelierError(f"{DESCRIPTION} cannot be read ({reason}): put it back") from None


def _seed(entry: Mapping[str, Any]) -> Seed:
    types: Mapping[str, str] = entry["config"]["column_types"]
    described = {column["name"]: column for column in entry.get("columns", [])}
    return Seed(
        entry["name"],
        tuple(_column(name, kind, described.get(name, {})) for name, kind in types.items()),
        tuple(
            tuple(arguments["columns"])
            for name, arguments in _tests(entry.get("data_tests", []))
            if name == "unique_together"
        ),
    )


def _column(name: str, kind: str, described: Mapping[str, Any]) -> Column:
    tests = dict(_tests(described.get("data_tests", [])))
    accepted = tests.get("accepted_values", {}).get("values", [])
    meta = described.get("config", {}).get("meta", {})
    return Column(
        name=name,
        type=kind,
        format=meta.get("format"),
        default=meta.get("default", ""),
        is_required="not_null" in tests,
        is_unique="unique" in tests,
        is_unique_in_normal_form="unique_in_normal_form" in tests,
        has_some_true="has_some_true" in tests,
        accepted=tuple(str(value) for value in accepted),
        reference=_reference(tests.get("relationships", {})),
    )


def _tests(listed: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the data tests that fail a run, each with its arguments."""
    for test in listed:
        name, settings = next(iter(test.items())) if isinstance(test, dict) else (test, {})
        if settings.get("config", {}).get("severity") != "warn":
            yield name, settings.get("arguments", {})


def _reference(arguments: Mapping[str, str]) -> Reference | None:
    """Return the reference of a `relationships` test, `to: ref('other_seed')`."""
    if not arguments:
        return None
    return Reference(arguments["to"].removeprefix("ref('").removesuffix("')"), arguments["field"])
