"""dbt, which reads the planner's files as Atelier does.

dbt reads seeds in UTF-8 and with one separator only. It has no setting for a reader, so two of its functions
are replaced; everything else is dbt's own.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import agate  # type: ignore[import-untyped] # has no types
from dbt.artifacts.resources.base import FileHash
from dbt.cli.main import cli
from dbt.contracts.files import ParseFileType, SourceFile
from dbt.parser import read_files
from dbt_common.clients import agate_helper

from atelier import files
from atelier.connections import project_root
from atelier.seeds import definitions, folder, reading, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbt.contracts.files import FilePath


def run() -> None:
    """Run dbt with the arguments of the process."""
    read_files.load_seed_source_file = _source_file
    agate_helper.from_csv = _from_csv
    cli()


def _source_file(match: FilePath, project_name: str) -> SourceFile:
    """Return what dbt's parser knows of a seed: its path and the digest of its text."""
    content = b""
    try:
        content = folder.content(Path(match.absolute_path))
        readable = text.decode(content)
    except (text.NotCsvError, folder.TooLargeError, files.NotAFileError):
        # Told with the file's name when it is checked; parsing needs no more than a digest.
        readable = content.decode("latin-1")
    source = SourceFile(path=match, checksum=FileHash.from_contents(readable.strip()))
    source.contents = ""
    source.parse_file_type = ParseFileType.Seed
    source.project_name = project_name
    return source


def _from_csv(abspath: str, text_columns: Iterable[str], delimiter: str = ",") -> agate.Table:  # noqa: ARG001 # dbt's
    """Return the rows of a seed; raises ValueError, to which dbt adds the seed, where it cannot be used."""
    path = Path(abspath)
    seed = definitions.seeds(project_root())[path.stem]
    table = reading.read_table(path, seed)
    if table.mistakes:
        raise ValueError(" | ".join(table.mistakes))
    types = agate_helper.build_type_tester(text_columns=text_columns)
    return agate.Table.from_csv(io.StringIO(table.csv()), column_types=types)
