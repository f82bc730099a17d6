"""Where Atelier keeps files of its own on a machine: its logs, and what it must know without a warehouse."""

from __future__ import annotations

import fcntl
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from atelier.connections import whole_number
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DAY_SECONDS = 86_400


def state_folder(root: Path, environment: str, variables: Mapping[str, str]) -> Path:
    """Return the folder of the scheduler's heartbeat and of runs that could not be recorded; it is made.

    Raises:
        AtelierError: It cannot be made.
    """
    return _made(variables.get("ATELIER_STATE_DIR"), root / ".local" / environment / "scheduler")


def log_folder(root: Path, environment: str, variables: Mapping[str, str]) -> Path:
    """Return the folder of the logs; it is made.

    Raises:
        AtelierError: It cannot be made.
    """
    return _made(variables.get("ATELIER_LOG_DIR"), root / ".local" / environment / "logs")


def _made(configured: str | None, default: Path) -> Path:
    folder = Path(configured).absolute() if configured else default
    with usable(folder):
        # Logs may quote names of files and orders: not for every user of the machine.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def usable(path: Path) -> Iterator[None]:
    """Say in a sentence why a file or folder of ours cannot be made or opened meanwhile.

    Raises:
        AtelierError: It cannot.
    """
    try:
        yield
    except OSError as error:
        raise AtelierError(
            f"{path} cannot be used ({error.strerror}): make room or give this user the right to it, or name "
            "another folder in ATELIER_STATE_DIR or ATELIER_LOG_DIR"
        ) from None


def days(variables: Mapping[str, str], name: str, default: int) -> int:
    """Return a number of days of the configuration.

    Raises:
        AtelierError: It is no whole number from 1 to 36500.
    """
    return whole_number(
        variables, name, default, "give a whole number of days, 1 or more", least=1, greatest=36_500
    )


def run_keep_days(variables: Mapping[str, str]) -> int:
    """Return for how many days runs and incidents that are over are remembered; raises as `days` does."""
    return days(variables, "RUN_KEEP_DAYS", 400)


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Hold a file of this machine for one process; yield whether it could be had.

    Raises:
        AtelierError: The file cannot be opened: another user's, as a rule.
    """
    with usable(path):
        lock = path.open("a")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def remove_older(folder: Path, pattern: str, keep_days: int) -> int:
    """Remove the files of a folder that were last written more than some days ago; return how many.

    A folder below it that is empty then goes as well.
    """
    removed = 0
    for path in folder.glob(pattern):
        # Another run may have removed it just before.
        with suppress(FileNotFoundError):
            if path.is_file() and time.time() - path.stat().st_mtime > keep_days * DAY_SECONDS:
                path.unlink()
                removed += 1
                if path.parent != folder:
                    with suppress(OSError):
                        path.parent.rmdir()
    return removed
