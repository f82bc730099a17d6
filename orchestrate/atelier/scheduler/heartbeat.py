"""The file by which others see that the scheduler lives, and what it is about."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE: Final = "heartbeat.json"

#: A heartbeat that is older says that the scheduler does not live.
TOO_OLD_SECONDS: Final = 120


@dataclass(frozen=True)
class Heartbeat:
    """What the file says.

    Attributes:
        age_seconds: How long ago it was written.
        content: What the scheduler wrote: `process_id`, `running`, `next`.
    """

    age_seconds: float
    content: Mapping[str, Any]

    @property
    def is_alive(self) -> bool:
        """Whether it is fresh enough."""
        return self.age_seconds < TOO_OLD_SECONDS


def write(folder: Path, content: Mapping[str, Any]) -> None:
    """Replace the heartbeat; a disk that is full must not end the scheduler, its age tells."""
    part = folder / f"{FILE}.{os.getpid()}.part"
    with suppress(OSError):
        part.write_text(json.dumps(content), "utf-8")
        part.replace(folder / FILE)


def read(folder: Path) -> Heartbeat | None:
    """Return the heartbeat, or None where there is none that can be read."""
    path = folder / FILE
    try:
        # A clock that was set back must not make a dead scheduler look alive.
        age = abs(time.time() - path.stat().st_mtime)
        return Heartbeat(age, json.loads(path.read_text("utf-8")))
    except (OSError, ValueError):
        return None


def remove(folder: Path) -> None:
    """Take the heartbeat away: the scheduler was stopped."""
    with suppress(OSError):
        (folder / FILE).unlink(missing_ok=True)
