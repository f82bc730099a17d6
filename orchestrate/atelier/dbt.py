"""Runs programs of the environment on the dbt project, with a warehouse that has its roles."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

from target_warehouse import sessions

from atelier import roles, warehouse
from atelier.connections import Warehouse
from atelier.errors import AtelierError
from atelier.ops import migrations

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def run(root: Path, variables: Mapping[str, str], target: str, program: str, *arguments: str) -> None:
    """Run a program in the folder of the dbt project.

    Args:
        root: The project's folder.
        variables: Those of the contract.
        target: Name of the dbt target.
        program: Name of a program of the environment.
        arguments: What it is told.

    Raises:
        AtelierError: The warehouse cannot be used, or the program failed.
    """
    project = str(root / "transform")
    place = Warehouse.of(variables)
    with closing(warehouse.connect(place)) as connection:
        warehouse.prepare(connection, place)
        migrations.apply(connection, place)
        names = roles.settle(connection, place)
        major = connection.server_version // 10_000
    environment = {
        **os.environ,
        **variables,
        **roles.variables(names),
        **sessions.environment(os.environ, major),
        "DBT_PROJECT_DIR": project,
        "DBT_PROFILES_DIR": project,
        "DBT_TARGET": target,
    }
    done = subprocess.run(
        [str(root / ".venv" / "bin" / program), *arguments], cwd=project, env=environment, check=False
    )
    if done.returncode:
        raise AtelierError(f"{program} {arguments[0]} failed: its messages are above")
