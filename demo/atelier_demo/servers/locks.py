"""A lock that one process at a time holds on a folder."""

from __future__ import annotations

import fcntl
import os
import threading
from typing import TYPE_CHECKING

from atelier_demo.servers.errors import ServerError
from atelier_demo.servers.processes import wait_until

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

WAIT_SECONDS = 300.0


class FolderLock:
    """Re-entrant lock between processes and threads, freed by the kernel when its holder dies.

    The lock file stays where it is: deleting it would let two holders lock two different files.
    """

    def __init__(self, path: Path, what: str) -> None:
        """Name the lock.

        Args:
            path: The lock file; its folder is created.
            what: What the lock guards, for the sentence when it cannot be had.
        """
        self._path = path
        self._what = what
        self._threads = threading.RLock()
        self._depth = 0
        self._descriptor = -1

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            if self._depth == 0:
                self._descriptor = self._acquire()
            self._depth += 1
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            os.close(self._descriptor)
        self._threads.release()

    def _acquire(self) -> int:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ServerError(
                f"{self._what} cannot be used: {self._path} cannot be written ({error.strerror}): "
                "run this as the user to whom that folder belongs, or delete the folder"
            ) from None
        if wait_until(lambda: _locked(descriptor), WAIT_SECONDS):
            return descriptor
        os.close(descriptor)
        raise ServerError(
            f"{self._what} is busy: another program has held {self._path} for {WAIT_SECONDS:.0f} s: "
            "wait for it or stop it, then try again"
        )


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
