"""What goes wrong while the plant lives, when, and which alert is to tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Mishap:
    """Something that begins and ends at times after the soak's begin, at five in the morning of a Monday.

    Attributes:
        alerts: The kinds of the alerts that must come for it, each with a part of its subject, or "".
        settled: When every one of them must be over, the plant's notice included.
    """

    name: str
    begins: timedelta
    ends: timedelta
    begin: Callable[[], None]
    end: Callable[[], None]
    alerts: tuple[tuple[str, str], ...]
    settled: timedelta
