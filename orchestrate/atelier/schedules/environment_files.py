"""The files of variables in /etc/atelier: one that all services read, and one of secrets for each service."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from atelier import files
from atelier.errors import AtelierError
from atelier.secret_files import SECRETS, SERVICES, SUFFIX

if TYPE_CHECKING:
    from pathlib import Path

#: Where installations have them.
FOLDER: Final = "/etc/atelier"
SHARED: Final = "atelier.env"

_LINE: Final = re.compile(r"\s*(?P<name>\w+)\s*=(?P<value>.*)", re.ASCII)


def name_of(service: str) -> str:
    """Return the name of the file with a service's own secrets."""
    return f"{service}.env"


def split(folder: Path) -> list[str]:
    """Move each secret that one service alone needs into that service's file.

    What the file has already stays where the line that is moved has no value.

    Args:
        folder: With the file that all services read.

    Returns:
        What was moved, by the names of the variables.

    Raises:
        AtelierError: A file cannot be read or written.
    """
    try:
        shared = _lines(folder, SHARED)
        moved = []
        for service in SERVICES:
            own = {name for name, services in SECRETS.items() if services == {service}}
            lines = [line for line in shared if _variable(line).removesuffix(SUFFIX) in own]
            found = _merged(_lines(folder, name_of(service)), lines)
            files.replace(folder / name_of(service), "".join(found).encode())
            shared = [line for line in shared if line not in lines]
            moved += [_variable(line) for line in lines]
        files.replace(folder / SHARED, "".join(shared).encode())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise AtelierError(
            f"the files of variables in {folder} cannot be used ({reason}): {SHARED} must be there, and this "
            "user, as a rule root, must be allowed to write"
        ) from None
    return moved


def _lines(folder: Path, name: str) -> list[str]:
    if name != SHARED and not (folder / name).exists():
        return []
    with files.opened(folder, name) as file:
        lines = file.read().decode().splitlines(keepends=True)
    return [line if line.endswith("\n") else f"{line}\n" for line in lines]


def _variable(line: str) -> str:
    match = _LINE.match(line)
    return match["name"] if match else ""


def _merged(there: list[str], more: list[str]) -> list[str]:
    """Return lines with those that are added, each in the place of an older one of its variable."""
    for line in more:
        match = _LINE.match(line)
        is_empty = match is not None and not match["value"].strip()
        if is_empty and any(_variable(other) == _variable(line) for other in there):
            continue
        there = [*(other for other in there if _variable(other) != _variable(line)), line]
    return there
