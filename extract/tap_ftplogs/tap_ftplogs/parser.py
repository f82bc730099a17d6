"""Bytes of a log file to rows, resumable at every line end. Pure: no files, no network, bounded memory."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from tap_ftplogs.grammar import (
    BOM,
    MAX_REJECTED_CHARACTERS,
    NO_TIME,
    Event,
    classify,
    decode,
    decode_beginning,
    shown,
)
from tap_ftplogs.position import Position, Tail

#: A longer line is not kept whole: its first MiB (NULs and leading white space left out) says what it is, and
#: an event's details end there. Its bytes count all the same.
MAX_LINE_BYTES: Final = 1 << 20

#: The head that identifies a file: its first line, at most so many bytes.
MAX_HEAD_BYTES: Final = 4096

#: Enough raw bytes of a long line for the head and for the text of a rejected line.
_RAW_BYTES: Final = max(MAX_HEAD_BYTES, 4 * (MAX_REJECTED_CHARACTERS + 1))

#: The ASCII part of what str.strip() removes.
_WHITE_SPACE: Final = b"\t\n\v\f\r\x1c\x1d\x1e\x1f "

EventRow: TypeAlias = "tuple[int, int, str, str, str]"
"""Byte offset, line number, wall clock, event name, details."""

RejectedRow: TypeAlias = "tuple[int, int, int, str, bool, str]"
"""Byte offset, line number, byte count, text, whether the text was cut, reason."""

Result: TypeAlias = "Event | str | None"
"""What `grammar.classify` says of a line."""


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
        #: The byte after the last one received.
        self.received = position.offset
        #: What the first line taken is, and the first one that is not blank.
        self.first_kind: str | None = None
        self.first_content: Event | str | None = None
        self._max_line_bytes = max_line_bytes
        self._pending = b""
        self._long: _LongLine | None = None

    @property
    def is_torn(self) -> bool:
        """Whether bytes of a line without its line end are waiting."""
        return bool(self._pending) or self._long is not None

    @property
    def torn_checksum(self) -> int:
        """CRC-32 of the file up to the last byte received, a line without its line end included."""
        if self._long is not None:
            return self._long.checksum
        return zlib.crc32(self._pending, self.position.checksum)

    def feed(self, block: bytes) -> Batch:
        """Take the lines that the next bytes of the file complete."""
        batch = Batch()
        self.received += len(block)
        # A slice is never longer than a line may be, so only its first line end can close a long line.
        for start in range(0, len(block), self._max_line_bytes):
            self._feed(block[start : start + self._max_line_bytes], batch)
        return batch

    def finish(self) -> Batch:
        """Take the last line although it has no line end."""
        batch = Batch()
        if not self.is_torn:
            return batch
        position = self.position
        if self._long is not None:
            result, raw = self._long.result(), self._long.raw
            length = self._long.size
        else:
            result, raw = classify(_text(self._pending, at_start=position.offset == 0)), self._pending
            length = len(raw)
        self._note_first([result])
        self._add_row(result, length, raw, batch)
        event_at = result[0] if isinstance(result, tuple) else None
        position.tail = Tail(length, self.torn_checksum, _kind(result), event_at)
        self._pending, self._long = b"", None
        return batch

    def _feed(self, block: bytes, batch: Batch) -> None:
        cut = block.find(b"\n")
        if (
            self._long is None
            and len(self._pending) + (cut if cut >= 0 else len(block)) > self._max_line_bytes
        ):
            self._long = _LongLine(self._max_line_bytes, self.position)
            self._long.add(self._pending)
            self._pending = b""
        if self._long is not None:
            if cut < 0:
                self._long.add(block)
                return
            self._long.add(block[:cut])
            self._take_long(self._long, batch)
            self._long = None
            block = block[cut + 1 :]
        end = block.rfind(b"\n") + 1
        if end:
            self._take_lines(self._pending + block[:end], batch)
            self._pending = block[end:]
        else:
            self._pending += block

    def _take_lines(self, data: bytes, batch: Batch) -> None:
        """Take lines, each with its line end: the path that nearly all bytes go."""
        position = self.position
        has_bom = position.offset == 0 and data.startswith(BOM)
        if position.offset == 0:
            position.fingerprint = _fingerprint(data[: data.index(b"\n") + 1])
        texts, lengths = _split(data.removeprefix(BOM) if has_bom else data)
        if has_bom:
            lengths[0] += len(BOM)
        results = [classify(text) for text in texts]
        self._note_first(results)
        events: list[EventRow] = []
        rejected: list[RejectedRow] = []
        offset, number = position.offset, position.line_count
        for result, length in zip(results, lengths, strict=True):
            number += 1
            if result.__class__ is tuple:
                events.append((offset, number, *result))  # type: ignore[misc]
            elif result is not None:
                start = offset - position.offset
                raw = data[start : start + length]
                text, is_cut = _shown_line(raw, at_start=offset == 0)
                rejected.append((offset, number, length, text, is_cut, result))  # type: ignore[arg-type]
            offset += length + 1
        if events:
            position.first_event_at = position.first_event_at or events[0][2]
            position.last_event_at = events[-1][2]
        position.event_count += len(events)
        position.rejected_count += len(rejected)
        position.blank_count += len(results) - len(events) - len(rejected)
        batch.events += events
        batch.rejected += rejected
        self._advance(len(data), zlib.crc32(data, position.checksum))

    def _take_long(self, line: _LongLine, batch: Batch) -> None:
        position = self.position
        result = line.result()
        if position.offset == 0:
            position.fingerprint = _fingerprint(line.raw if line.size >= MAX_HEAD_BYTES else line.raw + b"\n")
        self._note_first([result])
        self._add_row(result, line.size, line.raw, batch)
        if isinstance(result, tuple):
            position.event_count += 1
            position.first_event_at = position.first_event_at or result[0]
            position.last_event_at = result[0]
        elif result is None:
            position.blank_count += 1
        else:
            position.rejected_count += 1
        line.add(b"\n")
        self._advance(line.size, line.checksum)

    def _add_row(self, result: Result, length: int, raw: bytes, batch: Batch) -> None:
        """Add the row of a line that is long or last."""
        offset, number = self.position.offset, self.position.line_count + 1
        if isinstance(result, tuple):
            batch.events.append((offset, number, *result))
        elif result is not None:
            text, is_cut = _shown_line(raw, at_start=offset == 0, is_whole=len(raw) == length)
            batch.rejected.append((offset, number, length, text, is_cut, result))

    def _note_first(self, results: list[Result]) -> None:
        if self.first_kind is None:
            self.first_kind = _kind(results[0])
        if self.first_content is None:
            self.first_content = next((result for result in results if result is not None), None)

    def _advance(self, length: int, checksum: int) -> None:
        self.position.offset += length
        self.position.checksum = checksum


class _LongLine:
    """A line of which only a part is kept: what says what it is, what is shown of it, its size."""

    def __init__(self, limit: int, position: Position) -> None:
        self.size = 0
        self.checksum = position.checksum
        self.raw = b""
        self._limit = limit
        self._at_start = position.offset == 0
        self._kept = bytearray()
        self._is_cut = False

    def add(self, data: bytes) -> None:
        self.size += len(data)
        self.checksum = zlib.crc32(data, self.checksum)
        if len(self.raw) < _RAW_BYTES:
            self.raw += data[: _RAW_BYTES - len(self.raw)]
        room = self._limit - len(self._kept)
        # A stretch of NULs is what a power cut leaves in a file; the event after it must not be lost.
        useful = data.replace(b"\0", b"")
        if not self._kept:
            useful = useful.lstrip(_WHITE_SPACE)
        self._kept += useful[:room]
        self._is_cut = self._is_cut or len(useful) > room

    def result(self) -> Result:
        kept = bytes(self._kept)
        if self._at_start and self.raw.startswith(BOM):
            kept = kept.removeprefix(BOM)
        if not self._is_cut:
            return classify(decode(kept))
        # A MiB of exotic white space is not blank: something follows it.
        return classify(decode_beginning(kept)) or NO_TIME


def _split(data: bytes) -> tuple[list[str], list[int]]:
    """Return the texts (without NULs) and the lengths in bytes of lines that all have their line end."""
    try:
        texts = data[:-1].decode().split("\n")
    except UnicodeDecodeError:
        lines = data[:-1].split(b"\n")
        return [decode(line.replace(b"\0", b"")) for line in lines], [len(line) for line in lines]
    lengths = [len(line) for line in (texts if data.isascii() else data[:-1].split(b"\n"))]
    if b"\0" in data:
        texts = [text.replace("\0", "") for text in texts]
    return texts, lengths


def _text(line: bytes, *, at_start: bool) -> str:
    if at_start:
        line = line.removeprefix(BOM)
    return decode(line.replace(b"\0", b""))


def _shown_line(raw: bytes, *, at_start: bool, is_whole: bool = True) -> tuple[str, bool]:
    if at_start:
        raw = raw.removeprefix(BOM)
    if is_whole:
        return shown(decode(raw.removesuffix(b"\r")))
    text, _ = shown(decode_beginning(raw))
    return text, True


def _fingerprint(first_line: bytes) -> str:
    return hashlib.sha256(first_line[:MAX_HEAD_BYTES]).hexdigest()


def _kind(result: Result) -> str:
    if result is None:
        return "blank"
    return "event" if isinstance(result, tuple) else "rejected"
