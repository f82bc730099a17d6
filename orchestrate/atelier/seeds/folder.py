"""The folder of the planner's files: it holds the seeds' CSV files, and no other entry.

dbt runs what YAML, SQL and docs blocks say, with every secret at hand. Planners may write to this folder, so
an entry that is none of the seeds is refused before dbt starts, and no link leads out of it.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING, Final

from atelier import files
from atelier.seeds import messages_fr

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

#: Folder of the planner's files, below the project's.
FOLDER: Final = "transform/seeds"
#: Bytes of the largest file that is read.
MOST_BYTES: Final = 1_000_000
#: Entries of the folder that are looked at: one more is a mistake already.
_MOST_ENTRIES: Final = 1_000


class TooLargeError(OSError):
    """The file has more than `MOST_BYTES`."""

    def __init__(self) -> None:
        super().__init__(None, f"it has more than {MOST_BYTES} bytes")


def content(path: Path) -> bytes:
    """Return the bytes of a planner's file.

    Raises:
        files.NotAFileError: It is a link, a folder or a device.
        TooLargeError: It has more than `MOST_BYTES`.
        OSError: It cannot be read.
    """
    with files.opened(path.parent, path.name) as file:
        found = file.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise TooLargeError
    return found


def mistakes(root: Path, names: Collection[str]) -> Iterator[str]:
    """Yield a French sentence for each entry that must not be in the folder.

    Args:
        root: The project's folder.
        names: Names of the files that are expected.
    """
    try:
        with os.scandir(root / FOLDER) as entries:
            found = sorted(islice(entries, _MOST_ENTRIES), key=lambda entry: entry.name)
    except OSError:
        # Each of the files is then missing, which its own sentence says.
        return
    for entry in found:
        message = None
        if entry.name not in names:
            message = messages_fr.UNKNOWN_FILE.format(allowed=", ".join(sorted(names)))
        elif not entry.is_file(follow_symlinks=False):
            message = messages_fr.NOT_A_FILE
        if message:
            yield f"{FOLDER}/{messages_fr.quoted(entry.name)} : {message}"
