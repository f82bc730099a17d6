"""Finds the machines and their log files; says whether a source can be used at all."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final, NamedTuple

from tap_ftplogs.client import FolderMissingError, ListingRefusedError, ListingTooLongError
from tap_ftplogs.errors import SourceError
from tap_ftplogs.limits import (
    ENTRY_BYTES,
    MAX_DEPTH,
    MAX_MACHINE_FOLDERS,
    MAX_MACHINE_TREE_BYTES,
    MAX_PATH_BYTES,
    MAX_TREE_BYTES,
)
from tap_ftplogs.listing import Listed, parse_list, parse_mlsd
from tap_ftplogs.names import (
    age_order,
    escaped_name,
    is_log_name,
    is_usable_path,
    refusal,
    shown_name,
    wire_forms,
)
from tap_ftplogs.problems import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_ftplogs.client import FtpClient, Lines

__all__ = [
    "LogFile",
    "Machine",
    "Tree",
    "discover",
    "has_entry",
    "newest_file",
    "parsed",
    "problem_sentences",
]

LOGGER = logging.getLogger("tap-ftplogs")

#: So many names are spelled out in a warning, and so many lines of a listing in a problem, this much of each.
_NAMED: Final = 3
_NAMED_LINES: Final = 5
_LINE_CHARACTERS: Final = 160


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log file as listed.

    `path` is relative to the root, as text; `wire_path` is absolute, one character per byte.
    """

    path: str
    wire_path: str
    listed: Listed


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine's folder and its files, oldest first."""

    folder: str
    files: list[LogFile]


@dataclass(slots=True)
class Tree:
    """What is below the root.

    `problems` has the reason for every folder that could not be listed as a whole, by the kind of the problem
    and its path; `archive_path` is absolute, one character per byte.
    """

    machines: list[Machine] = field(default_factory=list)
    problems: dict[tuple[str, str], str] = field(default_factory=dict)
    archive_path: str = ""
    is_mlsd: bool = False

    def is_whole(self, machine: Machine) -> bool:
        """Whether all files of a machine are known."""
        return not any(f"{path}/".startswith(f"{machine.folder}/") or not path for _, path in self.problems)

    def is_seen(self, path: str) -> bool:
        """Whether a file of that path would be known if it were there."""
        return not any(not folder or path.startswith(f"{folder}/") for _, folder in self.problems)

    @property
    def paths(self) -> set[str]:
        """The paths of all files."""
        return {file.path for machine in self.machines for file in machine.files}


class _Folder(NamedTuple):
    path: str
    wire_path: str
    depth: int = 0
    is_link: bool = False
    is_behind_link: bool = False
    above: tuple[list[Listed], ...] = ()


def discover(client: FtpClient) -> Tree:
    """List everything below the root.

    Raises:
        SourceError: The root is missing or holds no folder, or the server cannot be reached.
    """
    settings = client.settings
    walk = _Walk(client)
    refusals = []
    for wire_root in wire_forms(settings.root):
        try:
            folders, files = walk.open(_Folder("", wire_root))
            break
        except FolderMissingError as error:
            refusals.append(error)
    else:
        raise SourceError(
            f"the folder {settings.root} is missing on the FTP server {settings.place}, or user "
            f"{settings.user} may not enter it ({refusals[0]}): check FTP_ROOT"
        )
    if files:
        LOGGER.warning(
            "%s directly in %s: not read, as they belong to no machine",
            ", ".join(_some([repr(file.path) for file in files])),
            settings.root,
        )
    machines = []
    for folder in folders:
        found = walk.machine(folder)
        if found is not None:
            machines.append(
                Machine(folder.path, sorted(found, key=lambda file: (*age_order(file.path), file.path)))
            )
    if not machines and not walk.problems:
        raise SourceError(
            f"the folder {settings.root} on the FTP server {settings.place} holds no machine folder: check "
            "FTP_ROOT, and that the machines still write there"
        )
    return Tree(machines, walk.problems, walk.archive_path, is_mlsd=client.has_mlsd)


@dataclass(slots=True)
class _Extent:
    """How much of a machine was listed so far: folders, and what their entries take in memory."""

    folders: int = 0
    bytes: int = 0


class _TooLargeError(Exception):
    """A machine holds more than is listed of one; the text says what."""


class _Walk:
    """Lists folder by folder; remembers where it has been and what went wrong."""

    def __init__(self, client: FtpClient) -> None:
        self.client = client
        self.problems: dict[tuple[str, str], str] = {}
        self.archive_path = ""
        self._visited: set[str] = set()
        self._machine = _Extent()
        self._bytes = 0

    def machine(self, folder: _Folder) -> list[LogFile] | None:
        """Return all log files of a machine; None when it is gone, or too large, or a link to no folder.

        What one machine has written on the server must not keep the others from being read.
        """
        self._machine = _Extent()
        try:
            return self.files_below(folder)
        except _TooLargeError as error:
            self.problems["folder_unreadable", folder.path] = f"it holds {error}: remove what is no log"
            return None

    def open(self, folder: _Folder) -> tuple[list[_Folder], list[LogFile]]:
        """List a folder; return its folders (links last) and log files.

        Raises:
            FolderMissingError: It cannot be entered.
        """
        answer = self.client.list_folder(folder.wire_path)
        # Some servers tell the same path wherever one is: only a link is taken for a loop.
        if folder.is_behind_link and answer.real_path in self._visited:
            LOGGER.warning(
                "%s is %s by another name: not read again", folder.path, shown_name(answer.real_path)
            )
            return [], []
        self._visited.add(answer.real_path)
        if answer.is_partial:
            self.problems["folder_unreadable", folder.path] = f"it is not listed to its end: {answer.reply}"
        entries, odd = parsed(answer)
        if entries in folder.above and any(entry.kind != "file" for entry in entries):
            # Some servers hide that a folder is a link, and tell the path by which one came.
            LOGGER.warning("%s holds what a folder above it holds: taken for a loop, not read", folder.path)
            return [], []
        base = (folder.wire_path if folder.depth else answer.real_path).rstrip("/")
        self._count(folder, base, entries)
        names, refusals = _trusted(entries, base)
        if odd or refusals:
            reasons = [_told_lines(odd)] if odd else []
            self.problems["listing_unreadable", folder.path] = "; ".join([*reasons, *_some(refusals)])
        if folder.depth == 0:
            self.archive_path = _below(base, self.client.settings.archive_folder)
        folders: list[_Folder] = []
        files: list[LogFile] = []
        for entry, name in names:
            path = f"{folder.path}/{name}" if folder.path else name
            wire_path = f"{base}/{entry.wire_name}"
            if entry.kind != "folder" and is_log_name(name):
                files.append(LogFile(path, wire_path, entry))
            elif wire_path.casefold() == self.archive_path.casefold():
                LOGGER.debug("%s is the archive: not read", path)
            elif entry.kind != "file":
                is_link = entry.kind == "link"
                is_behind_link = is_link or folder.is_behind_link
                above = (*folder.above, entries)
                folders.append(_Folder(path, wire_path, folder.depth + 1, is_link, is_behind_link, above))
        # Real folders first: what can be reached both ways keeps its real path.
        return sorted(folders, key=lambda found: (found.is_link, found.path)), files

    def _count(self, folder: _Folder, base: str, entries: list[Listed]) -> None:
        """Count what a folder's entries take in memory.

        Raises:
            _TooLargeError: A machine's take too much.
            SourceError: All together do.
        """
        names = sum(len(entry.wire_name) for entry in entries)
        taken = len(entries) * (ENTRY_BYTES + 2 * len(base)) + 2 * names
        self._bytes += taken
        if self._bytes > MAX_TREE_BYTES:
            settings = self.client.settings
            raise SourceError(
                f"the folder {settings.root} on the FTP server {settings.place} holds more files and folders "
                "than a run keeps in mind: check FTP_ROOT, and remove what is no log"
            )
        if folder.depth:
            self._machine.folders += 1
            self._machine.bytes += taken
            if self._machine.folders > MAX_MACHINE_FOLDERS:
                raise _TooLargeError(f"more than {MAX_MACHINE_FOLDERS:,} folders")
            if self._machine.bytes > MAX_MACHINE_TREE_BYTES:
                raise _TooLargeError("more files and folders than a run keeps in mind of one machine")

    def files_below(self, folder: _Folder) -> list[LogFile] | None:
        """Return all log files below a folder; None when it is gone, or a link to no folder."""
        if folder.depth > MAX_DEPTH:
            LOGGER.warning("%s is more than %d folders deep: not read", folder.path, MAX_DEPTH)
            return []
        try:
            folders, files = self.open(folder)
        except FolderMissingError as error:
            if folder.is_link:
                return None
            if has_entry(self.client, folder.wire_path):
                done = "listed" if isinstance(error, ListingRefusedError) else "entered"
                self.problems["folder_unreadable", folder.path] = f"it cannot be {done}: {error}"
            else:
                LOGGER.warning("the folder %s vanished while the machines were being listed", folder.path)
            return None
        for child in folders:
            files += self.files_below(child) or []
        return files


def _trusted(entries: list[Listed], base: str) -> tuple[list[tuple[Listed, str]], list[str]]:
    """Return the entries that have a name to rely on, with it, and why others do not that may hold logs."""
    times_shown = Counter(shown_name(entry.wire_name) for entry in entries)
    trusted, refusals = [], []
    for entry in sorted(entries, key=lambda entry: entry.wire_name):
        name = shown_name(entry.wire_name)
        reason = refusal(entry.wire_name)
        if reason is None and not is_usable_path(f"{base}/{entry.wire_name}"):
            reason = f"its path is longer than {MAX_PATH_BYTES:,} bytes"
        if reason is None:
            if times_shown[name] > 1 and name == entry.wire_name:
                # A latin-1 name that reads like its UTF-8 neighbour.
                name = escaped_name(entry.wire_name)
            trusted.append((entry, name))
        elif entry.wire_name not in (".", "..") and (entry.kind != "file" or is_log_name(name)):
            refusals.append(f"the name {name[:_LINE_CHARACTERS]!r} is not used, as {reason}")
    return trusted, refusals


def problem_sentences(problems: Mapping[tuple[str, str], str]) -> list[str]:
    """Say which folders could not be listed."""
    return [sentence(kind, path, reason) for (kind, path), reason in problems.items()]


def _told_lines(lines: list[str]) -> str:
    """Say which lines of a listing could not be read: their text with all control characters escaped."""
    told = ", ".join(repr(shown_name(line)[:_LINE_CHARACTERS]) for line in lines[:_NAMED_LINES])
    more = f" and {len(lines) - _NAMED_LINES} more" if len(lines) > _NAMED_LINES else ""
    return f"{_counted(len(lines))} not understood: {told}{more}"


def _counted(lines: int) -> str:
    return "1 line is" if lines == 1 else f"{lines} lines are"


def _below(root: str, folder: str) -> str:
    wire_folder = folder.encode().decode("latin-1").rstrip("/")
    return wire_folder if wire_folder.startswith("/") else f"{root}/{wire_folder}"


def parsed(answer: Lines) -> tuple[list[Listed], list[str]]:
    """Return the entries of a listing, and the lines that could not be understood."""
    if answer.is_mlsd:
        return parse_mlsd(answer.lines)
    return parse_list(answer.lines, datetime.now(timezone.utc))


def has_entry(client: FtpClient, wire_path: str) -> bool:
    """Whether a path is in the listing of its folder, or may be as not all of that can be read."""
    parent, _, name = wire_path.rpartition("/")
    try:
        answer = client.list_folder(parent or "/")
    except ListingTooLongError:
        return True
    except FolderMissingError:
        return False
    entries, odd = parsed(answer)
    return answer.is_partial or bool(odd) or any(entry.wire_name == name for entry in entries)


def newest_file(client: FtpClient, machine: Machine) -> LogFile | None:
    """Return a machine's newest file: by the day in its name, then its name, then its modification time.

    A day in the future counts only where there is no other.
    """
    if not machine.files:
        return None
    tomorrow = (datetime.now(timezone.utc) + timedelta(days=1)).strftime("%Y-%m-%d")
    files = [file for file in machine.files if age_order(file.path)[0] <= tomorrow] or machine.files
    day, name, _ = age_order(files[-1].path)
    rivals = [file for file in files if age_order(file.path)[:2] == (day, name)]
    if len(rivals) == 1:
        return rivals[0]

    def modified(file: LogFile) -> int:
        known = file.listed.modified
        return known if known is not None else client.modified(file.wire_path) or 0

    return max(rivals, key=lambda file: (modified(file), file.path))


def _some(texts: list[str]) -> list[str]:
    more = [f"and {len(texts) - _NAMED} more"] if len(texts) > _NAMED else []
    return [*texts[:_NAMED], *more]
