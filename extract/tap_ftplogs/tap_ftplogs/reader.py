"""Reads one file: only its new bytes, as the version that is known or as the next, and keeps account."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tap_ftplogs.activity import Activity, has_just_grown, is_recent
from tap_ftplogs.client import FileRefusedError, FileTooLongError
from tap_ftplogs.discovery import has_entry
from tap_ftplogs.errors import SourceError
from tap_ftplogs.limits import MAX_FILE_BYTES, MAX_GROWTH_BYTES, MAX_UNTOLD_BYTES
from tap_ftplogs.parser import Parser
from tap_ftplogs.plan import (
    Action,
    decide,
    is_listed_as_known,
    judge,
    may_be_listed_late,
    next_generation,
    trusted_time_text,
)
from tap_ftplogs.position import Position
from tap_ftplogs.state import FileState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_ftplogs.client import FtpClient
    from tap_ftplogs.discovery import LogFile
    from tap_ftplogs.parser import Batch

#: How often a file is begun anew when it changes while it is read, and asked for again when it comes short.
MAX_PASSES: Final = 5


class _StartOverError(Exception):
    """The bytes are not what was expected: read with another action."""

    def __init__(self, action: Action) -> None:
        super().__init__(action)
        self.action = action


class FileReading:
    """One file in one run.

    `state` is what to remember of it: at any time it covers the batches handed out, and no line more.
    """

    def __init__(
        self,
        client: FtpClient,
        file: LogFile,
        known: FileState | None,
        *,
        activity: Activity,
        was_packed: bool,
        clock: Callable[[], int],
    ) -> None:
        """Ask for what is needed to decide what to do; nothing is read yet.

        Args:
            client: The connection.
            file: The file as listed.
            known: Its state from the last run.
            activity: Whether it may still be written, as far as its name and listing say.
            was_packed: Whether a version of it may have been read that the state keeps no account of.
            clock: Gives the present in seconds since 1970.
        """
        self.file = file
        self.known = known
        self.is_newest = activity is Activity.NEWEST
        self._is_asked_for = activity.is_asked_for
        self.bytes_received = 0
        self.is_gone = False
        self._client = client
        self._clock = clock
        self._lowest_generation = int(was_packed)
        self._refusal: FileRefusedError | None = None
        self._size, self._modified = self._look()
        self._time_text = trusted_time_text(file.listed, self._modified, clock())
        self.is_open = activity is not Activity.CLOSED or is_recent(known, self._modified, clock())
        self._action = decide(
            known,
            self._size,
            self._modified,
            is_newest=self.is_newest,
            is_settling=known is not None
            and known.changed_at > 0
            and not (known.is_complete or self.is_open),
        )
        if self._action is Action.NOTHING and known is not None and self._may_be_replaced(known):
            self._action = Action.VERIFY
        self.state = (
            FileState(file.path, self._size, self._modified, "") if known is None else known.snapshot()
        )

    def batches(self) -> Iterator[Batch]:
        """Yield the rows of what is new, some at a time.

        Raises:
            SourceError: The connection failed for good.
        """
        try:
            if self._refusal is not None:
                raise self._refusal
            if self._action is Action.NOTHING:
                self._note()
            else:
                yield from self._read()
            self.state.read_error = None
        except FileRefusedError as error:
            if not has_entry(self._client, self.file.wire_path):
                self.is_gone = True
                return
            is_too_long = isinstance(error, FileTooLongError)
            self.state.read_error = str(error) if is_too_long else f"the server does not send it: {error}"
            # Whatever the listing says, ask again next time.
            self.state.listed = ""
        state = self.state
        state.read_at = state.read_at or self._clock()
        state.removed_at = None
        state.is_complete = (
            not self.is_open and state.read_error is None and state.position.read_bytes == state.size
        )
        if state.is_complete and not has_just_grown(state, self._clock()):
            state.changed_at = 0

    def _look(self) -> tuple[int, int | None]:
        """Return size and modification time: as listed where that can be relied on, else as asked for."""
        listed, known = self.file.listed, self.known
        may_grow = self._is_asked_for or may_be_listed_late(self.file.path, listed, self._clock())
        if not may_grow and known is not None and is_listed_as_known(known, listed):
            return known.size, known.modified
        if (
            not may_grow
            and known is None
            and listed.kind == "file"
            and listed.size >= 0
            and listed.modified is not None
        ):
            return listed.size, listed.modified
        # Windows lists a file that is open as it was when it was opened.
        size, modified = self._client.size(self.file.wire_path), self._client.modified(self.file.wire_path)
        if size is None:
            size = self._measured() if may_grow or listed.size < 0 else listed.size
        elif may_grow and known is not None and size < known.position.read_bytes:
            size = self._measured()
        return size, listed.modified if modified is None else modified

    def _may_be_replaced(self, known: FileState) -> bool:
        """Whether another file of the same size may be there: the server tells no time, and lists another."""
        is_listed_otherwise = bool(known.listed) and known.listed != self.file.listed.time_text
        return self._modified is None and is_listed_otherwise and known.position.read_bytes > 0

    def _measured(self) -> int:
        """Return the size as the server sends the file, from the last byte that was taken to its end."""
        taken = self.known.position.read_bytes if self.known is not None else 0
        limit = min(taken + MAX_UNTOLD_BYTES, MAX_FILE_BYTES)
        for start in (max(taken - 1, 0), 0):
            try:
                received = sum(len(block) for block in self._client.read(self.file.wire_path, start, limit))
            except FileTooLongError as error:
                self._refusal = error
                return limit
            except FileRefusedError:
                # Reading it will tell why.
                continue
            if received or not start:
                return start + received
        return max(self.file.listed.size, 1)

    def _read(self) -> Iterator[Batch]:
        action = self._action
        for _ in range(MAX_PASSES):
            try:
                yield from self._pass(action)
            except _StartOverError as start_over:  # noqa: PERF203 # a few passes, not many
                action = start_over.action
            else:
                return
        raise SourceError(
            f"{self.file.path} was replaced again and again while it was read: run again when "
            "whatever writes it has come to rest"
        )

    def _pass(self, action: Action) -> Iterator[Batch]:
        """Read from the position to the end of the file."""
        is_other = action is Action.REPLACE
        parser = Parser(Position() if is_other else self.state.position)
        known = None if is_other or action is Action.START else self.known
        blocks = self._compared() if action is Action.VERIFY else self._blocks(parser.position.offset)
        for block in blocks:
            batch = parser.feed(block)
            known = self._judged(known, parser, action)
            if batch:
                is_other = self._take(parser, is_other=is_other)
                yield batch
        self._size_up(parser.received)
        last = None
        if parser.first_kind is None and not is_other and self._is_tail_as_taken(parser):
            self._note()
            return
        if parser.is_torn and self._is_settled():
            last = parser.finish()
            self._judged(known, parser, action)
        self._take(parser, is_other=is_other)
        if last:
            yield last

    def _judged(self, known: FileState | None, parser: Parser, action: Action) -> FileState | None:
        """Hold the first new lines against what is known, once; return what is still to be held against."""
        if known is None or parser.first_kind is None:
            return known
        verdict = judge(known, parser)
        if verdict is Action.REPLACE or (verdict is Action.VERIFY and action is not verdict):
            raise _StartOverError(verdict)
        return None if parser.first_content is not None else known

    def _is_tail_as_taken(self, parser: Parser) -> bool:
        """Whether nothing follows but the line that was taken without a line end, perhaps longer by now."""
        tail, taken = self.state.position.tail, self.state.position.read_bytes
        if tail is None or parser.received < taken:
            return False
        if parser.received == taken:
            return parser.torn_checksum == tail.checksum
        return not self._is_settled()

    def _compared(self) -> Iterator[bytes]:
        """Send the bytes from the position on, once all bytes before it are those that were taken."""
        position = self.state.position
        marks = [(position.offset, position.checksum), (position.read_bytes, position.read_checksum)]
        start = end = checksum = 0
        for block in self._blocks(0):
            start, end = end, end + len(block)
            done = start
            while marks:
                until = min(end, marks[0][0])
                checksum = zlib.crc32(block[done - start : until - start], checksum)
                done = until
                if until < marks[0][0]:
                    break
                if checksum != marks.pop(0)[1]:
                    raise _StartOverError(Action.REPLACE)
            if end > position.offset:
                yield block[max(0, position.offset - start) :]
        if marks:
            raise _StartOverError(Action.REPLACE)

    def _blocks(self, offset: int) -> Iterator[bytes]:
        """Send the file's bytes from an offset on, which lies before its end or nothing comes."""
        position = offset
        for number in range(1, MAX_PASSES + 1):
            if position >= self._size:
                return
            if self._size > MAX_FILE_BYTES:
                raise FileTooLongError(
                    f"the server says that it has {self._size:,} bytes, more than the {MAX_FILE_BYTES:,} "
                    "that are read of a file"
                )
            try:
                for block in self._client.read(self.file.wire_path, position, self._size + MAX_GROWTH_BYTES):
                    position += len(block)
                    self.bytes_received += len(block)
                    yield block
            except FileTooLongError:
                # It may have grown that fast: then the server says so by now.
                size = self._client.size(self.file.wire_path)
                if size is None or size < position:
                    raise FileTooLongError(
                        f"the server says that it has {self._size:,} bytes, and sends more than {position:,}"
                    ) from None
                self._size, self._modified = size, self._client.modified(self.file.wire_path)
                if number < MAX_PASSES:
                    continue
                # The next run goes on.
                return
            except FileRefusedError:
                # Most servers refuse to start behind the end of a file.
                size = self._client.size(self.file.wire_path)
                if size is None or size > position or position == 0:
                    raise
            if position >= self._size:
                return
            size = self._client.size(self.file.wire_path)
            if size is not None and size < offset:
                self._size, self._modified = size, self._client.modified(self.file.wire_path)
                raise _StartOverError(Action.REPLACE)
            if size is None or size <= position:
                return
        raise SourceError(
            f"the FTP server sends only {position} of the {self._size} bytes of {self.file.path}: check the "
            "disk and the log of the server, then run again"
        )

    def _size_up(self, end: int) -> None:
        """Settle what the file's size and time were when it was read to this end."""
        if end == self._size:
            return
        size, modified = self._client.size(self.file.wire_path), self._client.modified(self.file.wire_path)
        if size is None or size == end:
            self._modified = modified
        # Else it has changed once more: the time of before will differ from the next run's, and the size too.
        self._size = end
        self._time_text = ""

    def _is_settled(self) -> bool:
        """Whether the last line counts without a line end."""
        if not self.is_newest:
            return True
        known = self.known
        return known is not None and (self._size, self._modified) == (known.size, known.modified)

    def _take(self, parser: Parser, *, is_other: bool) -> bool:
        """Make the state cover what the parser has taken; return whether it is yet another version: no."""
        state, position = self.state, parser.position
        version_id, read_bytes = state.version_id, state.position.read_bytes
        # A file whose first line has just become complete is a new version as well.
        if is_other or position.fingerprint != state.position.fingerprint:
            if read_bytes:
                state.past[state.fingerprint] = state.generation
            state.position = replace(position)
            state.generation = max(next_generation(state.fingerprint, state.past), self._lowest_generation)
        state.position = replace(position)
        if (version_id, read_bytes) != (state.version_id, state.position.read_bytes) or is_other:
            # Later than any earlier version of this path, whatever the clock says.
            state.read_at = max(self._clock(), self.known.read_at + 1 if self.known is not None else 0)
            if self.known is not None and (self.known.size, self.known.modified) != (
                self._size,
                self._modified,
            ):
                # Not where a run only goes on with what an interrupted one has left.
                state.changed_at = self._clock()
        self._note()
        return False

    def _note(self) -> None:
        """Make the state say what the file looked like."""
        state = self.state
        state.size, state.modified = self._size, self._modified
        state.listed, state.day = self._time_text, self.file.listed.day
