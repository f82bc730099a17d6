"""Programs that need a warehouse to look at: dbt's documentation, the SQL linter."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

from atelier import roles, warehouse
from atelier.connections import Warehouse
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def _run(root: Path, variables: Mapping[str, str], target: str, program: str, *arguments: str) -> None:
    project = str(root / "transform")
    place = Warehouse.of(variables)
    with closing(warehouse.connect(place)) as connection:
        warehouse.prepare(connection, place)
        names = roles.settle(connection, place)
    environment = {
        **os.environ,
        **variables,
        **roles.variables(names),
        "DBT_PROJECT_DIR": project,
        "DBT_PROFILES_DIR": project,
        "DBT_TARGET": target,
    }
    done = subprocess.run(
        [str(root / ".venv" / "bin" / program), *arguments], cwd=project, env=environment, check=False
    )
    if done.returncode:
        raise AtelierError(f"{program} {arguments[0]} failed: its messages are above")


def write_docs(root: Path, variables: Mapping[str, str]) -> Path:
    """Write dbt's documentation as one static page and return where it is.

    Raises:
        AtelierError: dbt failed.
    """
    _run(root, variables, "dev", "dbt", "--quiet", "docs", "generate", "--static")
    page = root / "docs" / "site" / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(root / "transform" / "target" / "static_index.html", page)
    return page


def lint_sql(root: Path, variables: Mapping[str, str]) -> None:
    """Lint the SQL of the dbt project, compiled as dbt compiles it.

    Raises:
        AtelierError: There is something to mend; sqlfluff has said what and where.
    """
    _run(root, variables, "test", "sqlfluff", "lint", "--disable-progress-bar", ".")
