"""A folder of logs that grows in steps, by whole lines."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DAY_SECONDS = 28800


class GrowingLogs:
    """A folder of logs on the FTP server that is there in part at first, and grows.

    It grows by whole lines, so that a run that looks at it in between does not see what a quiet run, which
    comes at the end, cannot see: a torn line that counts and then goes on.
    """

    def __init__(self, root: Path) -> None:
        """Remember what there is in the end."""
        self.root = root
        paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
        self.contents = {path: path.read_bytes() for path in paths}
        self.times = {path: int(path.stat().st_mtime) for path in paths}

    @property
    def size(self) -> int:
        """Bytes of all files in the end."""
        return sum(len(content) for content in self.contents.values())

    def write(self, part: int, parts: int) -> None:
        """Let every file be there up to a part of its lines."""
        for path, content in self.contents.items():
            # Not splitlines: a carriage return alone ends no line of a log.
            lines = re.findall(rb"[^\n]*\n|[^\n]+$", content)
            kept = b"".join(lines[: max(1, len(lines) * part // parts)])
            if not path.exists() or path.read_bytes() != kept:
                path.write_bytes(kept)
                # The same at every time that the day begins again: log_files tells it.
                moment = self.times[path] - DAY_SECONDS * (parts - part) // parts
                os.utime(path, (moment, moment))
