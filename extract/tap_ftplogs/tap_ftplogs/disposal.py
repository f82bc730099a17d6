"""Archives or deletes files that are loaded; proves first that what goes is what was loaded."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple

from tap_ftplogs.client import FileRefusedError, FileTooLongError, FolderMissingError
from tap_ftplogs.discovery import has_entry, parsed
from tap_ftplogs.limits import MAX_ARCHIVE_NUMBER
from tap_ftplogs.names import shown_name
from tap_ftplogs.parser import Parser
from tap_ftplogs.position import Position
from tap_ftplogs.replies import refused
from tap_ftplogs.state import FileState

if TYPE_CHECKING:
    from tap_ftplogs.client import FtpClient
    from tap_ftplogs.discovery import LogFile
    from tap_ftplogs.state import StateBook


class Candidate(NamedTuple):
    """A file that the state handed in to this run covers to its last byte.

    `known` is what that state says of it; None for a file that it keeps in a few bytes only.
    """

    file: LogFile
    known: FileState | None


class ChangedError(Exception):
    """The file is not what was loaded: it stays, and the next run reads it."""


class NotDoneError(Exception):
    """The server refuses; the text is the reason."""


class Disposal:
    """What happens to files after they were loaded."""

    def __init__(self, client: FtpClient, book: StateBook, archive_path: str) -> None:
        """Describe it.

        Args:
            client: The connection.
            book: What is known of all files; a file that turns out to be another one is marked in it.
            archive_path: Absolute path of the folder that files are moved to, one character per byte.
        """
        self._client = client
        self._book = book
        self._archive_path = archive_path
        self._taken_names: dict[str, set[str]] = {}

    def archive(self, candidate: Candidate) -> tuple[FileState, str]:
        """Move a file to the archive under a name that is free there; return what left, and its new path.

        Raises:
            ChangedError: It is not the file that was loaded.
            NotDoneError: The server refuses.
            SourceError: The server cannot be reached any more.
        """
        proven = self._prove(candidate)
        source = candidate.file.wire_path
        below_root = source.split("/")[-1 - candidate.file.path.count("/") :]
        folder = "/".join((self._archive_path, *below_root[:-1]))
        target = f"{folder}/{self._free_name(folder, below_root[-1])}"
        reason = self._client.rename(source, target)
        # A connection may break between the rename and its answer: what counts is what is there.
        moved = self._client.size(target)
        if moved is None and (reason or has_entry(self._client, source)):
            raise NotDoneError(reason or "the server does not move it")
        if moved is not None and moved > proven.size:
            # Its machine has written on in this very moment.
            self._client.rename(target, source)
            raise ChangedError("it grew while it was archived")
        return proven, shown_name(target)

    def delete(self, candidate: Candidate) -> FileState:
        """Delete a file; return what left.

        Raises:
            ChangedError: It is not the file that was loaded.
            NotDoneError: The server refuses.
            SourceError: The server cannot be reached any more.
        """
        proven = self._prove(candidate)
        path = candidate.file.wire_path
        if self._client.size(path) != proven.size:
            raise ChangedError("it grew while it was looked at")
        reason = self._client.retried(
            f"deleting {shown_name(path)}", lambda ftp: refused(ftp, f"DELE {path}")
        )
        if reason and has_entry(self._client, path):
            raise NotDoneError(reason)
        return proven

    def _prove(self, candidate: Candidate) -> FileState:
        """Read the file once more, and hold it against what was loaded; return what is known of it.

        Of a file that the state keeps in a few bytes all is found out by reading.
        """
        file, known = candidate
        size, modified = self._client.size(file.wire_path), self._client.modified(file.wire_path)
        if size is None:
            raise NotDoneError("the server does not tell its size")
        if known is not None and (size, modified) != (known.size, known.modified):
            # A listing that shows no more than the day does not tell.
            self._book.distrust(file.path)
            raise ChangedError("its size or time has changed")
        length = checksum = 0
        parser = Parser(Position())
        try:
            for block in self._client.read(file.wire_path, 0, size):
                length += len(block)
                checksum = zlib.crc32(block, checksum)
                if known is None:
                    parser.feed(block)
        except FileTooLongError:
            raise ChangedError("it grows") from None
        except FileRefusedError as error:
            raise NotDoneError(f"the server does not send it: {error}") from None
        if length != size:
            raise ChangedError("it grows")
        if known is not None:
            is_same = (length, checksum) == (known.position.read_bytes, known.position.read_checksum)
        else:
            is_same = self._book.is_proven(file.path, size, file.listed.day, checksum)
            parser.finish()
        if not is_same:
            self._book.distrust(file.path)
            raise ChangedError("its contents are not those that were loaded")
        return known or FileState(file.path, size, modified, "", parser.position, is_complete=True)

    def _free_name(self, folder: str, name: str) -> str:
        """Return a name that no file in a folder of the archive has; the folder is created."""
        if folder not in self._taken_names:
            self._taken_names[folder] = self._names_in(folder)
        taken = self._taken_names[folder]
        stem, dot, ending = name.rpartition(".")
        number, free = 1, name
        # A listing may hide names that begin with a dot, so the server is asked about the name itself, too.
        while free.casefold() in taken or self._client.size(f"{folder}/{free}") is not None:
            number += 1
            if number > MAX_ARCHIVE_NUMBER:
                raise NotDoneError(f"the server says that all names like {free} are taken")
            free = f"{stem} ({number}){dot}{ending}"
        taken.add(free.casefold())
        return free

    def _names_in(self, folder: str) -> set[str]:
        try:
            answer = self._client.list_folder(folder)
        except FolderMissingError:
            reason = self._make(folder)
            try:
                answer = self._client.list_folder(folder)
            except FolderMissingError as error:
                raise NotDoneError(
                    f"the folder {shown_name(folder)} cannot be created: {reason or error}"
                ) from None
        entries, odd = parsed(answer)
        if answer.is_partial:
            raise NotDoneError(f"{shown_name(folder)} is not listed to its end: {answer.reply}")
        if odd:
            raise NotDoneError(f"the listing of {shown_name(folder)} cannot be read: {odd[0]!r}")
        return {entry.wire_name.casefold() for entry in entries}

    def _make(self, folder: str) -> str | None:
        """Create a folder and those above it; return the last refusal."""
        parts = folder.split("/")
        reason = None
        for depth in range(2, len(parts) + 1):
            path = "/".join(parts[:depth])
            reason = self._client.retried(
                f"creating {shown_name(path)}",
                lambda ftp, path=path: refused(ftp, f"MKD {path}"),  # type: ignore[misc]
            )
        return reason
