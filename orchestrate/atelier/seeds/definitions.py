"""What each seed may hold, read from dbt's own description of the seeds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import yaml

from atelier.errors import AtelierError
from atelier.seeds.folder import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: dbt's description of the seeds: outside the planner's folder, as dbt runs what it says.
DESCRIPTION: Final = "transform/models/_seeds.yml"


@dataclass(frozen=True)
class Reference:
    """Values that must stand in a column of another seed."""

    seed: str
    column: str


@dataclass(frozen=True)
class Rows:
    """The rows in which another column has one of some values."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Limit:
    """The least and the most that a number may be, in some rows or in all."""

    least: Decimal | None
    most: Decimal | None
    rows: Rows | None


@dataclass(frozen=True)
class Column:
    """A column of a seed and its rules."""

    name: str
    #: Type in the warehouse, such as `boolean` or `numeric(18, 6)`.
    type: str
    #: Whether the text is a time of day at which a day's work begins, or ends.
    is_opening_time: bool = False
    is_closing_time: bool = False
    #: Value of an empty cell, and of every row of a file that is older than the column.
    default: str = ""
    is_required: bool = False
    is_unique: bool = False
    #: Unique also when case, accents and blanks do not count.
    is_unique_in_normal_form: bool = False
    has_some_true: bool = False
    #: The values that are allowed; all where there are none.
    accepted: tuple[str, ...] = ()
    #: The values of which each must stand in some row.
    every: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    #: Where it is empty, and nowhere else.
    empty_rows: Rows | None = None
    #: Where no other row may have less.
    smallest_rows: Rows | None = None
    reference: Reference | None = None


@dataclass(frozen=True)
class Seed:
    """A seed: its columns in the order of the warehouse's table, and the rules of its rows."""

    name: str
    columns: tuple[Column, ...]
    has_rows: bool = False
    #: Columns that together are a key.
    keys: tuple[tuple[str, ...], ...] = ()
    #: Columns of which no row may have all true.
    exclusive: tuple[tuple[str, ...], ...] = ()
    #: Pairs of columns of which the second is not less than the first.
    ordered: tuple[tuple[str, str], ...] = ()

    @property
    def file(self) -> str:
        """Name of the file."""
        return f"{self.name}.csv"

    @property
    def path(self) -> str:
        """Path of the file below the project's folder."""
        return f"{FOLDER}/{self.file}"

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
    tests = list(_tests(entry.get("data_tests", [])))
    return Seed(
        entry["name"],
        tuple(_column(name, kind, described.get(name, {})) for name, kind in types.items()),
        has_rows=any(name == "has_rows" for name, _ in tests),
        keys=tuple(tuple(given["columns"]) for name, given in tests if name == "unique_together"),
        exclusive=tuple(tuple(given["columns"]) for name, given in tests if name == "not_both_true"),
        ordered=tuple((given["first"], given["last"]) for name, given in tests if name == "in_order"),
    )


def _column(name: str, kind: str, described: Mapping[str, Any]) -> Column:
    listed = list(_tests(described.get("data_tests", [])))
    tests = dict(listed)
    meta = described.get("config", {}).get("meta", {})
    return Column(
        name=name,
        type=kind,
        is_opening_time="is_opening_time" in tests,
        is_closing_time="is_closing_time" in tests,
        default=meta.get("default", ""),
        is_required="not_null" in tests,
        is_unique="unique" in tests,
        is_unique_in_normal_form="unique_in_normal_form" in tests,
        has_some_true="has_some_true" in tests,
        accepted=_texts(tests.get("accepted_values", {})),
        every=_texts(tests.get("has_every", {})),
        limits=tuple(_limit(given) for name, given in listed if name == "within"),
        empty_rows=_rows(tests.get("empty_exactly_where", {})),
        smallest_rows=_rows(tests.get("smallest_where", {})),
        reference=_reference(tests.get("relationships", {})),
    )


def _tests(listed: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the data tests that fail a run, each with its arguments."""
    for test in listed:
        name, settings = next(iter(test.items())) if isinstance(test, dict) else (test, {})
        if settings.get("config", {}).get("severity") != "warn":
            yield name, settings.get("arguments", {})


def _texts(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in arguments.get("values", []))


def _rows(arguments: Mapping[str, Any]) -> Rows | None:
    return Rows(arguments["of"], _texts(arguments)) if "of" in arguments else None


def _limit(arguments: Mapping[str, Any]) -> Limit:
    least, most = (Decimal(str(arguments[name])) if name in arguments else None for name in ("least", "most"))
    return Limit(least, most, _rows(arguments))


def _reference(arguments: Mapping[str, str]) -> Reference | None:
    """Return the reference of a `relationships` test, `to: ref('other_seed')`."""
    if not arguments:
        return None
    return Reference(arguments["to"].removeprefix("ref('").removesuffix("')"), arguments["field"])
