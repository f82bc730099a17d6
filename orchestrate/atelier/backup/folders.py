"""The folder of the backups: which there are, and which of them go."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import stat
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atelier import files
from atelier.connections import whole_number
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DUMP: Final = "warehouse.dump"
SEEDS: Final = "seeds"
SUPPRESSIONS: Final = "suppressions.json"

DEFAULT_KEPT: Final = 14

_NAME: Final = re.compile(r"\d{8}T\d{6}Z")


def folder_of(root: Path, environment: str, variables: Mapping[str, str]) -> Path:
    """Return the folder of an environment's backups."""
    named = variables.get("BACKUP_DIR")
    return Path(named).expanduser().absolute() if named else root / ".local" / environment / "backups"


def kept(variables: Mapping[str, str]) -> int:
    """Return how many backups are kept.

    Raises:
        AtelierError: BACKUP_KEEP is no whole number from 1 to 9999.
    """
    advice = "give a whole number from 1 to 9999"
    return whole_number(variables, "BACKUP_KEEP", DEFAULT_KEPT, advice, least=1, greatest=9_999)


@contextmanager
def held(backups: Path) -> Iterator[None]:
    """Make the folder of the backups and keep others from writing to it meanwhile.

    Raises:
        AtelierError: It cannot be made, or another backup is being written to it.
    """
    try:
        backups.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(backups, os.O_RDONLY)
    except OSError as error:
        raise cannot_write(backups, error.strerror or str(error)) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AtelierError(
                f"another backup is being written to {backups}: let it end, or name another folder in "
                "BACKUP_DIR"
            ) from None
        yield
    finally:
        os.close(handle)


def cannot_write(folder: Path, why: str) -> AtelierError:
    """Return the failure of a folder that takes no backup."""
    return AtelierError(
        f"the backup cannot be written to {folder} ({why}): make room, or give this user the right to it, or "
        "name another folder in BACKUP_DIR; the backups that are there are as they were"
    )


def names(backups: Path) -> list[Path]:
    """Return the folders of whole backups, by their names.

    Raises:
        AtelierError: Their folder cannot be read.
    """
    try:
        if not backups.is_dir():
            return []
        return sorted(path for path in backups.iterdir() if is_name(path.name) and _is_folder(path))
    except OSError as error:
        raise AtelierError(
            f"the folder of the backups, {backups}, cannot be read ({error.strerror}): give this user the "
            "right to it, or name another one in BACKUP_DIR"
        ) from None


def remove_leftovers(backups: Path) -> int:
    """Remove what killed backups have left; return how many."""
    leftovers = [path for path in backups.iterdir() if _NAME.fullmatch(path.name.removesuffix(files.PART))]
    leftovers = [path for path in leftovers if path.name.endswith(files.PART)]
    for path in leftovers:
        shutil.rmtree(path, ignore_errors=True)
    return len(leftovers)


def by_age(backups: Path, now: str) -> list[Path]:
    """Return the folders of whole backups, the oldest first.

    One whose name lies ahead was made before the clock was put back: nobody knows when, but before the
    others.

    Args:
        backups: Their folder.
        now: The name of a backup of this moment.
    """
    return sorted(names(backups), key=lambda path: (path.name <= now, path.name))


def prune(backups: Path, keep: int, newest: str) -> list[str]:
    """Remove all but the newest backups; return the names of those that are gone.

    Args:
        backups: Their folder.
        keep: How many stay.
        newest: The name of the one that was just made.
    """
    gone = by_age(backups, newest)[:-keep]
    for path in gone:
        # What is half removed is no backup any more, so it must not bear the name of one.
        doomed = path.with_name(path.name + files.PART)
        path.rename(doomed)
        shutil.rmtree(doomed)
    return [path.name for path in gone]


def is_name(name: str) -> bool:
    """Whether a name is one of a backup."""
    return _NAME.fullmatch(name) is not None


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(path.lstat().st_mode)


def name_of(moment: datetime) -> str:
    """Return the name of the backup of an instant."""
    return moment.astimezone(timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def name_of_text(made_at: str) -> str:
    """Return the name of the backup of an instant in ISO 8601; raises ValueError where it is none."""
    return name_of(datetime.fromisoformat(made_at))


def as_json(content: object) -> bytes:
    """Return JSON that people can read."""
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
