"""Reads the planner's files and finds what is wrong with them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from atelier.errors import AtelierError
from atelier.seeds import definitions, messages_fr, text, values

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from atelier.seeds.definitions import Column, Seed


class SeedError(AtelierError):
    """Files of the planner cannot be used; the sentence is French."""


@dataclass
class Table:
    """The rows of a seed as the warehouse takes them, and what is wrong with its file."""

    seed: Seed
    #: Number of the line and values, one per column of the seed; an empty value is none.
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)

    def wrong(
        self, message: str, line: int | None = None, column: str | None = None, **shown: object
    ) -> None:
        """Add a mistake; `shown` fills the message."""
        if "value" in shown:
            shown["value"] = messages_fr.quoted(str(shown["value"]))
        place = messages_fr.place(self.seed.path, line, column)
        self.mistakes.append(f"{place} : {message.format(**shown)}")

    def values_of(self, column: str) -> list[str]:
        """Return the values of a column, empty ones left out."""
        position = [each.name for each in self.seed.columns].index(column)
        return [row[position] for _, row in self.rows if row[position]]

    def entries(self) -> list[dict[str, str]]:
        """Return the rows, each by the names of its columns."""
        names = [column.name for column in self.seed.columns]
        return [dict(zip(names, row, strict=True)) for _, row in self.rows]

    def csv(self) -> str:
        """Return the rows as dbt reads a seed: commas, `true` and `false`, ISO dates."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([column.name for column in self.seed.columns])
        writer.writerows(row for _, row in self.rows)
        return out.getvalue()


def check(root: Path) -> None:
    """Check every file of the planner.

    Raises:
        SeedError: A file is missing, unknown, cannot be read, or breaks a rule of the seeds' description.
        AtelierError: The description itself cannot be read.
    """
    seeds = definitions.seeds(root)
    tables = {name: read_table(root / seed.path, seed) for name, seed in seeds.items()}
    for table in tables.values():
        _check_references(table, tables)
    mistakes = [mistake for table in tables.values() for mistake in table.mistakes]
    names = ", ".join(f"{name}.csv" for name in sorted(seeds))
    mistakes += [
        f"{definitions.FOLDER}/{messages_fr.quoted(path.name)} : "
        f"{messages_fr.UNKNOWN_FILE.format(allowed=names)}"
        for path in sorted((root / definitions.FOLDER).rglob("*.csv"))
        if path.parent != root / definitions.FOLDER or path.stem not in seeds
    ]
    if mistakes:
        raise SeedError(messages_fr.summary(mistakes))


def read(root: Path, name: str) -> Table:
    """Return one seed; what is wrong with single values of it is among its mistakes.

    Raises:
        AtelierError: The description of the seeds cannot be read, or has no such seed.
    """
    seed = definitions.seeds(root).get(name)
    if seed is None:
        raise AtelierError(f"{definitions.DESCRIPTION} describes no seed {name}: put it back")
    return read_table(root / seed.path, seed)


def read_whole(root: Path, name: str) -> Table:
    """Return one seed without any mistake.

    Raises:
        SeedError: Its file is missing, cannot be read, or breaks a rule.
        AtelierError: As `read`.
    """
    table = read(root, name)
    if table.mistakes:
        raise SeedError(messages_fr.summary(table.mistakes))
    return table


def read_table(path: Path, seed: Seed) -> Table:
    """Return the rows of a file and what is wrong with it."""
    table = Table(seed)
    names = ", ".join(column.name for column in seed.columns)
    try:
        with path.open("rb") as file:
            content = file.read(text.MOST_BYTES + 1)
        if len(content) > text.MOST_BYTES:
            table.wrong(messages_fr.TOO_LARGE, most=text.MOST_BYTES // 1000)
            return table
        found = text.records(text.decode(content), [column.name for column in seed.columns])
    except FileNotFoundError:
        table.wrong(messages_fr.MISSING_FILE)
    except OSError as error:
        table.wrong(messages_fr.UNREADABLE_FILE, reason=error.strerror)
    except text.NotCsvError:
        table.wrong(messages_fr.NO_CSV)
    except text.OpenQuoteError as error:
        table.wrong(messages_fr.OPEN_QUOTE, error.line)
    else:
        if not found:
            table.wrong(messages_fr.EMPTY_FILE, allowed=names)
        else:
            _read_records(table, found, names)
    return table


def _read_records(table: Table, found: Sequence[tuple[int, list[str]]], names: str) -> None:
    (head_line, headings), *records = found
    positions: dict[str, int] = {}
    # Columns without a name count only where a row has something in them.
    for position, heading in enumerate(map(text.name_of, headings)):
        if not heading:
            continue
        if table.seed.column(heading) is None:
            table.wrong(messages_fr.NO_SUCH_COLUMN, head_line, value=heading, allowed=names)
        elif heading in positions:
            table.wrong(messages_fr.COLUMN_TWICE, head_line, value=heading)
        else:
            positions[heading] = position
    for column in table.seed.columns:
        if column.name not in positions and not column.default:
            table.wrong(messages_fr.COLUMN_MISSING, head_line, value=column.name, allowed=names)
    if table.mistakes:
        return
    for line, cells in records:
        if any(values.trimmed(cell) for cell in _beyond(cells, positions)):
            table.wrong(messages_fr.TOO_MANY_VALUES, line)
        # A line may end before its last columns.
        cells += [""] * (len(headings) - len(cells))
        found_cells = {name: values.trimmed(cells[position]) for name, position in positions.items()}
        row = [_value(table, line, column, found_cells.get(column.name)) for column in table.seed.columns]
        table.rows.append((line, row))
    if not table.mistakes:
        _check_rules(table)


def _beyond(cells: Sequence[str], positions: dict[str, int]) -> list[str]:
    named = set(positions.values())
    return [cell for position, cell in enumerate(cells) if position not in named]


def _value(table: Table, line: int, column: Column, cell: str | None) -> str:
    if not cell:
        if column.default:
            return column.default
        if column.is_required:
            table.wrong(messages_fr.REQUIRED, line, column.name, allowed=values.allowed(column))
        return ""
    try:
        return values.canonical(cell, column)
    except values.NotAllowedError as rule:
        table.wrong(messages_fr.NOT_ALLOWED, line, column.name, value=cell, allowed=rule)
        return ""


def _check_rules(table: Table) -> None:
    """Check what concerns several rows."""
    for position, column in enumerate(table.seed.columns):
        if column.is_unique or column.is_unique_in_normal_form:
            _check_unique(table, [position], column.name, in_normal_form=column.is_unique_in_normal_form)
        if column.has_some_true and "true" not in table.values_of(column.name):
            table.wrong(messages_fr.NONE_TRUE, column=column.name)
    for key in table.seed.keys:
        names = [column.name for column in table.seed.columns]
        _check_unique(table, [names.index(name) for name in key], ", ".join(key))


def _check_unique(table: Table, positions: list[int], column: str, *, in_normal_form: bool = False) -> None:
    first: dict[tuple[str, ...], int] = {}
    for line, row in table.rows:
        shown = [row[position] for position in positions]
        key = tuple(values.normal_form(value) if in_normal_form else value for value in shown)
        if any(shown) and (other := first.setdefault(key, line)) != line:
            table.wrong(messages_fr.TWICE, line, column, value=", ".join(shown), other=other)


def _check_references(table: Table, tables: dict[str, Table]) -> None:
    for position, column in enumerate(table.seed.columns):
        if column.reference is None or column.reference.seed not in tables:
            continue
        known = tables[column.reference.seed].values_of(column.reference.column)
        rule = messages_fr.ONE_OF.format(values=", ".join([*known, "*"]))
        for line, row in table.rows:
            # An asterisk stands for all of them.
            if row[position] not in ("", "*", *known):
                table.wrong(messages_fr.NOT_ALLOWED, line, column.name, value=row[position], allowed=rule)
