"""The pages that others make of the dbt project: dbt's own, and the lineage of columns by dbt-colibri."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

import orjson
from atelier import dbt
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Folders of the site whose pages bring scripts and styles of their own, written into the page.
FOREIGN: Final = ("data", "lineage")

#: colibri would ask the package index for a newer version, and its page would report to its makers.
_QUIET: Final = {
    "DBT_COLIBRI_NO_VERSION_CHECK": "1",
    "DISABLE_COLIBRI_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}


def write(root: Path, site: Path, variables: Mapping[str, str], target: str) -> None:
    """Write the pages of the tables and of the lineage.

    Args:
        root: The project's folder.
        site: The folder of the site.
        variables: Those of the contract; the warehouse says which columns there are.
        target: Name of the dbt target.

    Raises:
        AtelierError: The warehouse cannot be used, or dbt or colibri failed.
    """
    tables, lineage = (site / name for name in FOREIGN)
    dbt.run(root, variables, target, "atelier-dbt", "--quiet", "docs", "generate", "--static")
    tables.mkdir(parents=True)
    # As dbt has it: below its project, or wherever the variable says.
    made = root / "transform" / (variables.get("DBT_TARGET_PATH") or "target")
    shutil.copyfile(made / "static_index.html", tables / "index.html")
    # As built afresh: how a model finds what is new is no part of where its columns come from.
    dbt.run(root, variables, target, "atelier-dbt", "--quiet", "compile", "--full-refresh")
    arguments = ("--manifest", str(made / "manifest.json"), "--catalog", str(made / "catalog.json"))
    silent = {**variables, **_QUIET}
    dbt.run(root, silent, target, "colibri", "generate", "--output-dir", str(lineage), *arguments)
    faults = lineage / "colibri-parsing-errors.json"
    if faults.exists():
        models = ", ".join(sorted({fault["node_id"] for fault in orjson.loads(faults.read_bytes())}))
        raise AtelierError(
            f"colibri cannot follow the columns of {models}: see its messages above, and write them otherwise"
        )
