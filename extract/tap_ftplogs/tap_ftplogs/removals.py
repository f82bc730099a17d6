"""Files that leave the server after their load: which, and what is told of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tap_ftplogs.disposal import Candidate, ChangedError, Disposal, NotDoneError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator

    from tap_ftplogs.client import FtpClient
    from tap_ftplogs.discovery import Tree
    from tap_ftplogs.problems import Problems
    from tap_ftplogs.settings import Settings
    from tap_ftplogs.state import FileState, StateBook

#: When a server refuses to archive or delete so many files one after the other, it will refuse the rest.
_REFUSALS_IN_A_ROW: Final = 5


class Removals:
    """Archives or deletes the candidates; says of every file that has left that it has.

    The lines of a file that has left count on, whatever the machine writes under its name afterwards. So the
    record has to come also where a run was killed after it had moved the file, and before it could say so.
    """

    def __init__(
        self,
        settings: Settings,
        book: StateBook,
        client: FtpClient,
        logger: logging.Logger,
        problems: Problems,
        clock: Callable[[], float],
    ) -> None:
        self._mode = settings.after_load
        self._book = book
        self._client = client
        self._logger = logger
        self._problems = problems
        self._clock = clock
        self._found: list[FileState] = []
        #: The files that the state handed in covers, and that nothing writes any more.
        self.candidates: list[Candidate] = []
        #: Absolute path of the archive, one character per byte.
        self.archive_path = ""

    @property
    def is_due(self) -> bool:
        """Whether there are files to archive or delete, now that all have been read."""
        return self._mode != "keep" and bool(self.candidates)

    def note_vanished(self, tree: Tree) -> None:
        """Find the files that an earlier run has archived or deleted without being able to tell."""
        if self._mode == "keep":
            return
        self._found += [
            self._gone(state)
            for state in self._book.unlisted(tree.paths)
            if state.is_complete and state.removed_at is None and tree.is_seen(state.path)
        ]

    def note_successor(self, known: FileState | None, state: FileState) -> None:
        """Find the same where the machine has begun another file of that name since.

        A file that replaces another one tells of the same time again. One with later lines alone was begun
        when the other had gone.

        Args:
            known: What the state handed in says of the path.
            state: What this run has found there.
        """
        if (
            self._mode == "keep"
            or known is None
            or not known.is_complete
            or known.removed_at is not None
            or known.version_id == state.version_id
        ):
            return
        last, first = known.position.with_tail().last_event_at, state.position.with_tail().first_event_at
        if last is not None and first is not None and last < first:
            self._found.append(self._gone(known))

    def found_rows(self) -> Iterator[dict[str, Any]]:
        """Yield the records of files that were found to have left; each is remembered afterwards."""
        while self._found:
            left = self._found.pop()
            yield left.row()
            now_there = self._book.find(left.path, ())
            if now_there is not None and now_there.version_id == left.version_id:
                self._book.put(left)

    def dispose(self) -> Iterator[dict[str, Any]]:
        """Archive or delete the candidates, as the settings say.

        Yields:
            The record of each file that has left.

        Raises:
            SourceError: The server cannot be reached any more.
        """
        mode = self._mode
        disposal = Disposal(self._client, self._book, self.archive_path)
        done = refusals = 0
        for candidate in self.candidates:
            path = candidate.file.path
            try:
                if mode == "archive":
                    proven, target = disposal.archive(candidate)
                    self._logger.debug("%s archived as %s", path, target)
                else:
                    proven = disposal.delete(candidate)
                    self._logger.debug("%s deleted", path)
            except ChangedError as changed:
                self._logger.warning("%s stays, to be read again: %s", path, changed)
                continue
            except NotDoneError as error:
                self._problems.add(f"{mode}_failed", path, str(error))
                refusals += 1
                if refusals == _REFUSALS_IN_A_ROW:
                    self._logger.warning("no further file is tried: the server refuses one after the other")
                    break
                continue
            left = self._gone(proven)
            yield left.row()
            if candidate.known is not None:
                self._book.put(left)
            done, refusals = done + 1, 0
        self._logger.info("%d of %d loaded files %sd", done, len(self.candidates), mode)

    def _gone(self, state: FileState) -> FileState:
        now = int(self._clock())
        return replace(state, removed_at=now, read_at=state.read_at or now)
