"""The planner's files of a backup, beside those of the project."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Final

from atelier import files
from atelier.backup import folders, manifest
from atelier.errors import AtelierError
from atelier.seeds import definitions
from atelier.seeds import folder as planner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from atelier.backup.manifest import Manifest

#: Mode of a file of the planner where there was none: planners are other users than Atelier's.
_MODE: Final = 0o644


def copy(root: Path, into: Path, say: Callable[[str], None]) -> list[str]:
    """Copy the planner's files into a backup; return the names of those that could be read.

    Args:
        root: The project's folder.
        into: The folder to make.
        say: Takes a sentence about a file that is left out: a mistake of the planner costs no backup.

    Raises:
        AtelierError: The description of the seeds cannot be read.
    """
    into.mkdir(mode=0o700)
    copied = []
    for name in _names(root):
        try:
            content = planner.content(root / planner.FOLDER / name)
        except OSError as error:
            say(f"warning: {planner.FOLDER}/{name} is not in the backup ({error.strerror}): see the last run")
            continue
        files.write(into / name, content)
        copied.append(name)
    files.settle(into)
    return copied


def differing(root: Path, folder: Path, made: Manifest) -> list[str]:
    """Return the names of the files that say something else than the backup's.

    Raises:
        AtelierError: A file of the backup is not what was written, or the seeds' description cannot be read.
    """
    return [
        name
        for name in _names(root)
        if name in made.seeds and _here(root / planner.FOLDER / name) != _backed_up(folder, made, name)
    ]


def put_back(root: Path, folder: Path, made: Manifest, names: list[str]) -> None:
    """Put files of the backup in the place of the project's, with the rights that those have.

    Raises:
        AtelierError: They cannot be written, or are not what was written into the backup.
    """
    here = root / planner.FOLDER
    try:
        for name in names:
            files.replace(here / name, _backed_up(folder, made, name), _mode(here / name))
    except OSError as error:
        raise AtelierError(
            f"the warehouse is restored, but {here} could not be written ({error.strerror}): copy its files "
            f"from {folder / folders.SEEDS}"
        ) from None


def _names(root: Path) -> list[str]:
    return sorted(seed.file for seed in definitions.seeds(root).values())


def _here(path: Path) -> bytes | None:
    try:
        return planner.content(path)
    except OSError:
        return None


def _backed_up(folder: Path, made: Manifest, name: str) -> bytes:
    with manifest.verified(folder, made, f"{folders.SEEDS}/{name}") as file:
        file.seek(0)
        return file.read()


def _mode(path: Path) -> int:
    try:
        found = path.lstat().st_mode
    except FileNotFoundError:
        return _MODE
    return stat.S_IMODE(found) & 0o666 if stat.S_ISREG(found) else _MODE
