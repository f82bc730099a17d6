"""Reads the planner's files and finds what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier import files
from atelier.errors import AtelierError
from atelier.seeds import definitions, folder, messages_fr, rules, text, values
from atelier.seeds.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from atelier.seeds.definitions import Column, Seed


class SeedError(AtelierError):
    """Files of the planner cannot be used; the sentence is French."""


def check(root: Path) -> None:
    """Check every file of the planner.

    Raises:
        SeedError: A file is missing, unknown, cannot be read, or breaks a rule of the seeds' description.
        AtelierError: The description itself cannot be read.
    """
    seeds = definitions.seeds(root)
    tables = {name: read_table(root / seed.path, seed) for name, seed in seeds.items()}
    for table in tables.values():
        rules.check_references(table, tables)
    mistakes = [mistake for table in tables.values() for mistake in table.mistakes]
    mistakes += _entries(root, seeds)
    if mistakes:
        raise SeedError(messages_fr.summary(mistakes))


def check_folder(root: Path) -> None:
    """Check that the planner's folder holds its files only, whatever is in them.

    Raises:
        SeedError: It holds another entry.
        AtelierError: The description of the seeds cannot be read.
    """
    if mistakes := _entries(root, definitions.seeds(root)):
        raise SeedError(messages_fr.summary(mistakes))


def _entries(root: Path, seeds: Mapping[str, Seed]) -> list[str]:
    return list(folder.mistakes(root, {seed.file for seed in seeds.values()}))


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
        readable = text.decode(folder.content(path))
        found = text.records(readable, [column.name for column in seed.columns])
    except FileNotFoundError:
        table.wrong(messages_fr.MISSING_FILE)
    except files.NotAFileError:
        table.wrong(messages_fr.NOT_A_FILE)
    except folder.TooLargeError:
        table.wrong(messages_fr.TOO_LARGE, most=folder.MOST_BYTES // 1000)
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
        rules.check(table)


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
