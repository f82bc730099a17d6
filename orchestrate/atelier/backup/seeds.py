"""The planner's files of a backup, beside those of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier.backup import folders
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from pathlib import Path


def differing(root: Path, folder: Path) -> list[str]:
    """Return the names of the files that say something else than the backup's."""
    here = root / "transform" / "seeds"
    return [
        path.name
        for path in sorted((folder / folders.SEEDS).glob("*.csv"))
        if not (here / path.name).is_file() or (here / path.name).read_bytes() != path.read_bytes()
    ]


def put_back(root: Path, folder: Path, names: list[str]) -> None:
    """Put files of the backup in the place of the project's.

    Raises:
        AtelierError: They cannot be written.
    """
    here = root / "transform" / "seeds"
    try:
        for name in names:
            folders.replace(here / name, (folder / folders.SEEDS / name).read_bytes())
            (here / name).chmod(0o644)
    except OSError as error:
        raise AtelierError(
            f"the warehouse is restored, but {here} could not be written ({error.strerror}): copy its files "
            f"from {folder / folders.SEEDS}"
        ) from None
