"""The pages that others make of the dbt project: dbt's own, and the lineage of columns by dbt-colibri."""

from __future__ import annotations

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
#: How dbt's page names the files that are written into it.
_INLINE: Final = {
    b'"MANIFEST.JSON INLINE DATA"': "manifest.json",
    b'"CATALOG.JSON INLINE DATA"': "catalog.json",
}
#: The server gives these pages no origin, so a browser refuses them its storage: colibri's asks for it.
_STORAGE: Final = b"""<script>
const kept = new Map();
Object.defineProperty(window, "localStorage", { value: {
    getItem: name => kept.get(name) ?? null,
    setItem: (name, value) => { kept.set(name, String(value)); },
    removeItem: name => { kept.delete(name); },
} });
</script>"""


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
    dbt.run(root, variables, target, "atelier-dbt", "--quiet", "docs", "generate")
    tables.mkdir(parents=True)
    # As dbt has it: below its project, or wherever the variable says.
    made = root / "transform" / (variables.get("DBT_TARGET_PATH") or "target")
    write_tables(made, tables / "index.html")
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
    _insert(lineage / "index.html", b"<head>", _STORAGE)


def write_tables(made: Path, page: Path) -> None:
    """Write dbt's page with its data in it; markup in a description stays text.

    Args:
        made: The folder of dbt's own files.
        page: The page to write.

    Raises:
        AtelierError: dbt's page is not as it was.
    """
    content = (made / "index.html").read_bytes()
    for place, name in _INLINE.items():
        if place not in content:
            raise AtelierError(f"dbt's page has no place for {name}: adapt {__name__} to this version of dbt")
        # `<` is in JSON in texts only: a `</script>` would end the script in which it is.
        content = content.replace(place, (made / name).read_bytes().replace(b"<", b"\\u003c"))
    page.write_bytes(content)


def _insert(page: Path, after: bytes, part: bytes) -> None:
    content = page.read_bytes()
    if after not in content:
        raise AtelierError(f"{page.name} of colibri has no {after.decode()}: adapt {__name__} to its version")
    page.write_bytes(content.replace(after, after + part, 1))
