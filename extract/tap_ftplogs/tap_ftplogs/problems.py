"""What could not be read or done: told when it begins and when it is over, and at the end of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tap_ftplogs.errors import SourceError
from tap_ftplogs.plain_text import plain_text
from tap_ftplogs.state import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_ftplogs.settings import Settings

#: What each kind means in a sentence, and what to do about it.
KINDS: Final = {
    "file_unreadable": ("{} cannot be read", "let the user {} read it"),
    "folder_unreadable": ("the folder {} cannot be read", "let the user {} enter and list it"),
    "listing_unreadable": (
        "the listing of the folder {} cannot be read",
        "have the FTP server list in the manner of ls or MLSD, or rename what is listed so",
    ),
    "archive_failed": (
        "{} cannot be archived",
        "let the user {} rename it and create folders there",
    ),
    "delete_failed": ("{} cannot be deleted", "let the user {} delete it"),
}

_NAMED: Final = 3


def sentence(kind: str, path: str, reason: str) -> str:
    """Say what a problem is.

    Args:
        kind: One of `KINDS`.
        path: What it is about, relative to the root.
        reason: What the server says.
    """
    return f"{KINDS[kind][0].format(path or '/')} ({reason})"


def advice(kinds: Iterable[str], user: str) -> str:
    """Say what to do about problems.

    Args:
        kinds: Some of `KINDS`, perhaps repeated.
        user: The FTP user.
    """
    return ", ".join(dict.fromkeys(KINDS[kind][1].format(user) for kind in kinds))


class Problems:
    """The problems of this run, and those of the runs before that have been told."""

    def __init__(self, settings: Settings, told: Iterable[Problem]) -> None:
        """Begin a run with what is still open from the one before."""
        self._settings = settings
        self.told = list(told)
        self._found: dict[tuple[str, str], str] = {}

    def add(self, kind: str, path: str, reason: str) -> None:
        """Take a problem.

        Args:
            kind: One of `KINDS`.
            path: What it is about, relative to the root.
            reason: What the server says.
        """
        self._found[kind, path] = plain_text(reason)

    def rows(self, now: str) -> Iterator[dict[str, Any]]:
        """Yield a record for each problem that there is, and for each that is over since the run before.

        Those that last are told in every run: a row that was loaded by a run whose state was lost is in no
        state, so that nobody can say that it is over, only that nobody has met it since.

        `told` covers a record when the next one is asked for.

        Args:
            now: The present in UTC, as "YYYY-MM-DDTHH:MM:SS".
        """
        open_before = {(problem.kind, problem.path): problem for problem in self.told}
        lasting = {}
        for key, problem in open_before.items():
            if self._is_out_of_sight(problem):
                lasting[key] = problem.reason
            elif key not in self._found:
                yield problem.row(resolved_at=now)
                self.told.remove(problem)
        for (kind, path), reason in (lasting | self._found).items():
            before = open_before.get((kind, path))
            problem = Problem(kind, path, reason, before.first_seen_at if before else now, now)
            yield problem.row()
            if before is not None:
                self.told.remove(before)
            self.told.append(problem)

    def raise_any(self) -> None:
        """End the run with a sentence if there is a problem.

        Raises:
            SourceError: Names the first ones.
        """
        if not self._found:
            return
        named = [sentence(kind, path, reason) for (kind, path), reason in list(self._found.items())[:_NAMED]]
        more = f" (and {len(self._found) - _NAMED} more)" if len(self._found) > _NAMED else ""
        raise SourceError(
            f"{'; '.join(named)}{more} on the FTP server {self._settings.place}: "
            f"{advice((kind for kind, _ in self._found), self._settings.user)}; everything else was read"
        )

    def _is_out_of_sight(self, problem: Problem) -> bool:
        """Whether a problem lies in a folder that cannot be read now, so that nobody knows."""
        folders = [path for kind, path in self._found if kind in ("folder_unreadable", "listing_unreadable")]
        return any(not folder or problem.path.startswith(f"{folder}/") for folder in folders)
