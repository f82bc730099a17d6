"""Files in folders that others can write to: read without following a link, written for their owner alone."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Ends the name of what is being written, or was when it was killed.
PART: Final = ".part"

_CHUNK: Final = 1 << 20


class NotAFileError(OSError):
    """The entry is a link, a folder or a device."""

    def __init__(self) -> None:
        super().__init__(None, "it is a link, a folder or a device")


@contextmanager
def opened(folder: Path, name: str) -> Iterator[IO[bytes]]:
    """Open a file of a folder for reading; nothing below the folder may be a link.

    Raises:
        NotAFileError: It is no regular file, or a link leads to it.
        OSError: It cannot be opened.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for part in name.split("/"):
        above = handle
        try:
            # A pipe does not block.
            handle = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=above)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENOTDIR, errno.ENXIO}:
                raise NotAFileError from None
            raise
        finally:
            os.close(above)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotAFileError
    with open(handle, "rb") as file:  # noqa: PTH123 # opened already
        yield file


def digest(file: IO[bytes]) -> str:
    """Return the SHA-256 of an open file, from its start."""
    file.seek(0)
    found = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        found.update(chunk)
    return found.hexdigest()


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a new file, down to the disk; by default its owner alone may read it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(path, flags, 0o600), "wb") as file:  # noqa: PTH123 # the mode
        file.write(content)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file at once or not at all: no reader sees a part of it. A link gives way to the file."""
    fresh = path.with_name(path.name + PART)
    with suppress(FileNotFoundError):
        fresh.unlink()
    write(fresh, content, mode)
    fresh.replace(path)
    settle(path.parent)


def settle(folder: Path) -> None:
    """Let the names in a folder reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
