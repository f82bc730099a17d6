"""How far a log file has been taken: the values that a run hands to the next one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple


class Tail(NamedTuple):
    """A last line that was taken without a line end; `checksum` is the CRC-32 of the file up to its end."""

    length: int
    checksum: int
    kind: str
    event_at: str | None


@dataclass(slots=True)
class Position:
    """How far a file has been taken, and what was in it so far.

    `offset` is the byte after the last line end taken; counts, times and `checksum` (CRC-32) cover the bytes
    before it. A line taken without a line end is apart, in `tail`: it is read again when the file goes on.
    Times are the plant's wall clock, as "YYYY-MM-DDTHH:MM:SS".
    """

    offset: int = 0
    event_count: int = 0
    rejected_count: int = 0
    blank_count: int = 0
    first_event_at: str | None = None
    last_event_at: str | None = None
    checksum: int = 0
    fingerprint: str | None = None
    tail: Tail | None = None

    @property
    def line_count(self) -> int:
        """Lines taken, one without a line end left out."""
        return self.event_count + self.rejected_count + self.blank_count

    @property
    def read_bytes(self) -> int:
        """Bytes taken, a line without a line end included."""
        return self.offset + (self.tail.length if self.tail else 0)

    @property
    def read_checksum(self) -> int:
        """CRC-32 of the bytes taken, a line without a line end included."""
        return self.tail.checksum if self.tail else self.checksum

    def with_tail(self) -> Position:
        """Return the same, with the line without a line end counted like the others."""
        tail = self.tail
        if tail is None:
            return self
        return replace(
            self,
            event_count=self.event_count + (tail.kind == "event"),
            rejected_count=self.rejected_count + (tail.kind == "rejected"),
            blank_count=self.blank_count + (tail.kind == "blank"),
            first_event_at=self.first_event_at or tail.event_at,
            last_event_at=tail.event_at or self.last_event_at,
        )
