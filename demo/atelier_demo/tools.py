"""Programs that need a warehouse to look at: the SQL linter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier import dbt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def lint_sql(root: Path, variables: Mapping[str, str]) -> None:
    """Lint the SQL of the dbt project, compiled as dbt compiles it.

    Raises:
        AtelierError: There is something to mend; sqlfluff has said what and where.
    """
    dbt.run(root, variables, "test", "sqlfluff", "lint", "--disable-progress-bar", ".")
