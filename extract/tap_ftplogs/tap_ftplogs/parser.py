"""Bytes of a log file to rows, resumable at every line end. Pure: no files, no network, bounded memory."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from tap_ftplogs.grammar import (
    BOM,
    MAX_REJECTED_CHARACTERS,
    classify,
    decode,
    decode_beginning,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

#: A longer line is not kept whole: it is judged by its first MiB (NULs and leading white space not counted).
MAX_LINE_BYTES: Final = 1 << 20

#: The head that identifies a file: its first line, at most so many bytes.
MAX_HEAD_BYTES: Final = 4096

#: How many bytes before the reading position are remembered (as a checksum) to recognise the file by.
PROBE_BYTES: Final = 256
MIN_PROBE_BYTES: Final = 64

#: Enough raw bytes of a long line for its head and for the text of a rejected line.
_KEPT_RAW_BYTES: Final = max(MAX_HEAD_BYTES, 4 * (MAX_REJECTED_CHARACTERS + 1))

#: What str.strip() removes, as far as it is ASCII.
_WHITE_SPACE: Final = b"\t\n\v\f\r\x1c\x1d\x1e\x1f "

EventRow: TypeAlias = "tuple[int, int, str, str, str]"
"""Byte offset, line number, wall clock, event name, details."""

RejectedRow: TypeAlias = "tuple[int, int, int, str, bool, str]"
"""Byte offset, line number, byte count, text, whether the text was cut, reason."""


class Probe(NamedTuple):
    """A stretch of bytes before the reading position, by which to recognise the file."""

    start: int
    length: int
    checksum: int


class Tail(NamedTuple):
    """A last line that was taken without a line end.

    `event_at` is its time if it is an event; `is_blank` and `event_at` None make it a rejected line.
    """

    length: int
    checksum: int
    is_blank: bool
    event_at: str | None

    @property
    def kind(self) -> str:
        """`blank`, `event` or `rejected`."""
        return _kind(None if self.is_blank else self.event_at or "")


@dataclass(slots=True)
class Position:
    """How far a file has been taken, and what was in it so far.

    `offset` is the byte after the last line end taken; counts, times and `checksum` (CRC-32) cover the bytes
    before it. A line taken without a line end is apart, in `tail`: it is read again when the file goes on.
    """

    offset: int = 0
    event_count: int = 0
    rejected_count: int = 0
    blank_count: int = 0
    first_event_at: str | None = None
    last_event_at: str | None = None
    checksum: int = 0
    fingerprint: str | None = None
    probe: Probe | None = None
    tail: Tail | None = None

    @property
    def read_bytes(self) -> int:
        """Bytes taken, a line without a line end included."""
        return self.offset + (self.tail.length if self.tail else 0)

    def total(self) -> Position:
        """Return the position with the line without a line end counted like the others."""
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

    @property
    def line_count(self) -> int:
        """Lines taken, a line without a line end included."""
        return self.event_count + self.rejected_count + self.blank_count + (self.tail is not None)


@dataclass(slots=True)
class Batch:
    """Rows of a stretch of a file, in file order."""

    events: list[EventRow] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.events or self.rejected)


class Parser:
    """Takes a file's bytes from a position on, block by block.

    Only complete lines are taken; `finish` takes a last one without a line end. How the bytes are cut into
    blocks, and into runs, never changes a row.
    """

    def __init__(self, position: Position, *, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self.position = replace(position, tail=None)
        self.max_line_bytes = max_line_bytes
        self.received = position.offset
        #: The first line taken, and the first that is not blank: an event's time, or the reason of a rejection.
        self.first_line_kind: str | None = None
        self.first_event_at: str | None = None
        self.first_reason: str | None = None
        self._pending = b""
        self._long: _LongLine | None = None
        self._recent = b""

    @property
    def is_torn(self) -> bool:
        """Whether bytes of a line without its line end are waiting."""
        return bool(self._pending) or self._long is not None

    @property
    def has_content(self) -> bool:
        """Whether a line that is not blank has been taken."""
        return self.first_event_at is not None or self.first_reason is not None

    def feed(self, block: bytes) -> Batch:
        """Take the complete lines that the next bytes of the file bring."""
        batch = Batch()
        self.received += len(block)
        if len(block) <= self.max_line_bytes:
            self._feed(block, batch)
        else:
            for start in range(0, len(block), self.max_line_bytes):
                self._feed(block[start : start + self.max_line_bytes], batch)
        return batch

    def finish(self) -> Batch:
        """Take the last line although it has no line end."""
        batch = Batch()
        if not self.is_torn:
            return batch
        line = self._long or _LongLine(self.max_line_bytes)
        if self._long is None:
            line.add(self._pending)
        text = line.text() if self._long else self._text_of(self._pending)
        result = classify(text)
        position = self.position
        self._note_first(result)
        event_at = None
        number = position.line_count + 1
        if isinstance(result, tuple):
            event_at = result[0]
            batch.events.append((position.offset, number, *result))
        elif result is not None:
            batch.rejected.append((position.offset, number, line.size, *line.shown(), result))
        position.tail = Tail(line.size, line.checksum, result is None, event_at)
        self._pending, self._long = b"", None
        return batch

    def _feed(self, block: bytes, batch: Batch) -> None:
        if self._long is None:
            cut = block.find(b"\n")
            if len(self._pending) + (cut if cut >= 0 else len(block)) > self.max_line_bytes:
                self._long = _LongLine(self.max_line_bytes, at_start=self.position.offset == 0)
                self._long.add(self._pending)
                self._pending = b""
        if self._long is not None:
            cut = block.find(b"\n")
            if cut < 0:
                self._long.add(block)
                return
            self._long.add(block[:cut])
            self._take_long(self._long, batch)
            self._long = None
            block = block[cut + 1 :]
        end = block.rfind(b"\n") + 1
        if end == 0:
            self._pending += block
            return
        lines = self._pending + block[:end]
        self._pending = block[end:]
        self._take_lines(lines, batch)

    def _take_lines(self, data: bytes, batch: Batch) -> None:
        """Take lines, each with its line end; the hot path."""
        position = self.position
        skipped = len(BOM) if position.offset == 0 and data.startswith(BOM) else 0
        if position.offset == 0:
            position.fingerprint = _fingerprint(data[: data.index(b"\n") + 1])
        body = data[skipped:]
        texts, lengths = _texts(body)
        first = texts[0]
        events, rejected = batch.events, batch.rejected
        event_count, rejected_count, blank_count = len(events), len(rejected), 0
        base = position.offset + skipped
        start = 0
        number = position.line_count
        result = None
        for text, length in zip(texts, lengths, strict=True):
            number += 1
            result = classify(text)
            if result.__class__ is tuple:
                events.append((base + start, number, *result))  # type: ignore[misc]
            elif result is None:
                blank_count += 1
            else:
                raw = body[start : start + length]
                rejected.append((base + start, number, length, *shown(decode(_without_cr(raw))), result))  # type: ignore[arg-type]
            start += length + 1
        if skipped:
            _put_at_zero(events, rejected, skipped)
        if not self.has_content or self.first_line_kind is None:
            self._note_first(classify(first))
            self._note_content(events[event_count:], rejected[rejected_count:])
        if len(events) > event_count:
            position.first_event_at = position.first_event_at or events[event_count][2]
            position.last_event_at = events[-1][2]
        position.event_count += len(events) - event_count
        position.rejected_count += len(rejected) - rejected_count
        position.blank_count += blank_count
        self._advance(data, zlib.crc32(data, position.checksum), len(data))

    def _take_long(self, line: _LongLine, batch: Batch) -> None:
        position = self.position
        if position.offset == 0:
            position.fingerprint = _fingerprint(line.raw + b"\n" if line.size < MAX_HEAD_BYTES else line.raw)
        result = classify(line.text())
        number = position.line_count + 1
        self._note_first(result)
        if isinstance(result, tuple):
            batch.events.append((position.offset, number, *result))
            position.event_count += 1
            position.first_event_at = position.first_event_at or result[0]
            position.last_event_at = result[0]
        elif result is None:
            position.blank_count += 1
        else:
            batch.rejected.append((position.offset, number, line.size, *line.shown(), result))
            position.rejected_count += 1
        line.add(b"\n")
        self._advance(line.end, _combined(position.checksum, line), line.size)

    def _advance(self, data: bytes, checksum: int, length: int) -> None:
        position = self.position
        position.offset += length
        position.checksum = checksum
        self._recent = (self._recent + data[-PROBE_BYTES:])[-PROBE_BYTES:]
        recent = len(self._recent)
        if position.probe is None or recent >= MIN_PROBE_BYTES:
            position.probe = Probe(position.offset - recent, recent, zlib.crc32(self._recent))

    def _text_of(self, line: bytes) -> str:
        if self.position.offset == 0:
            line = line.removeprefix(BOM)
        return decode(line.replace(b"\0", b""))
