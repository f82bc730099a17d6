"""What one run hands to the next: the state of every file, compact enough for ten thousand of them."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tap_ftplogs.names import age_order
from tap_ftplogs.packing import PackedSet
from tap_ftplogs.plain_text import plain_text
from tap_ftplogs.position import Position, Tail

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Mapping

FORMAT: Final = 1

#: Above this size the oldest settled files are reduced to a few bytes each.
STATE_BYTES: Final = 62_000

EMPTY_FINGERPRINT: Final = hashlib.sha256(b"").hexdigest()


def file_version_id(path: str, fingerprint: str, generation: int) -> str:
    """Return the key of a version of a file: 32 hexadecimal digits."""
    return hashlib.sha256(f"{path}\n{fingerprint}\n{generation}".encode()).hexdigest()[:32]


def moment_text(seconds: int | None) -> str | None:
    """Return seconds since 1970 as "YYYY-MM-DDTHH:MM:SS" in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


@dataclass(slots=True)
class FileState:
    """A file as it was when it was last looked at.

    `path` is the one that its version keys were made with. `size` and `modified` (seconds since 1970, None
    when the server does not tell) decide whether it changed; `listed` is the time text of a listing that may
    be trusted to show a change, '' when it may not. `past` has the last generation of every fingerprint that
    versions of this path had before.
    """

    path: str
    size: int
    modified: int | None
    listed: str
    position: Position = field(default_factory=Position)
    generation: int = 0
    read_at: int = 0
    is_complete: bool = False
    read_error: str | None = None
    past: dict[str, int] = field(default_factory=dict)
    #: The day of the listed time (YYYYMMDD), which survives when a listing starts to show years.
    day: int | None = None
    #: When a run last found new bytes in it, by our own clock; 0 when that was long ago.
    changed_at: int = 0
    #: When it left the server after its load, None while it is there.
    removed_at: int | None = None

    @property
    def fingerprint(self) -> str:
        """The fingerprint, that of the empty text while there is no complete first line."""
        return self.position.fingerprint or EMPTY_FINGERPRINT

    @property
    def version_id(self) -> str:
        """The key of the version that is being read."""
        return file_version_id(self.path, self.fingerprint, self.generation)

    def row(self) -> dict[str, Any]:
        """Return the file's record of the stream log_files."""
        position = self.position.with_tail()
        machine_folder, _, _ = self.path.partition("/")
        return {
            "file_version_id": self.version_id,
            "machine_folder": machine_folder,
            "path": self.path,
            "file_name": self.path.rpartition("/")[2],
            "size_bytes": self.size,
            "modified_at": moment_text(self.modified),
            "fingerprint": self.fingerprint,
            "generation": self.generation,
            "read_bytes": position.read_bytes,
            "line_count": position.line_count,
            "event_count": position.event_count,
            "rejected_count": position.rejected_count,
            "blank_count": position.blank_count,
            "first_event_at": position.first_event_at,
            "last_event_at": position.last_event_at,
            "read_at": moment_text(self.read_at),
            "is_complete": self.is_complete,
            "read_error": self.read_error,
            "removed_at": moment_text(self.removed_at),
        }

    def snapshot(self) -> FileState:
        """Return a copy that later changes leave alone."""
        return replace(self, position=replace(self.position), past=dict(self.past))

    @property
    def is_packable(self) -> bool:
        """Whether a few bytes say all that a later run needs of it."""
        return (
            self.is_complete
            and self.read_error is None
            and self.generation == 0
            and not self.past
            and not self.changed_at
            and self.position.read_bytes == self.size
            and bool(self.listed)
            and self.day is not None
        )

    def dump(self) -> list[Any]:
        """Return it as JSON; empty values at the end are left out."""
        position = self.position
        extra: dict[str, Any] = {}
        if position.tail is not None:
            extra["tail"] = list(position.tail)
        if self.generation:
            extra["generation"] = self.generation
        if self.read_error is not None:
            extra["error"] = self.read_error
        if self.past:
            extra["past"] = {_short(fingerprint): number for fingerprint, number in self.past.items()}
        if self.changed_at:
            extra["changed"] = self.changed_at
        if self.removed_at is not None:
            extra["removed"] = self.removed_at
        values: list[Any] = [
            self.size,
            self.modified,
            self.listed,
            self.day,
            int(self.is_complete),
            self.read_at,
            position.offset,
            position.checksum,
            _short(position.fingerprint),
            None,  # versions up to 0.4 kept the checksum of the last bytes here
            position.event_count,
            position.rejected_count,
            position.blank_count,
            _digits(position.first_event_at),
            _digits(position.last_event_at),
            extra,
        ]
        # Size and time stay: the time 0 is not the time that nobody knows.
        while len(values) > 2 and not values[-1]:
            values.pop()
        return values

    @classmethod
    def load(cls, path: str, values: list[Any]) -> FileState:
        """Read what `dump` returned."""
        values = [*values, *[None] * (16 - len(values))]
        extra = values[15] or {}
        return cls(
            path=path,
            size=values[0] or 0,
            modified=values[1],
            listed=values[2] or "",
            day=values[3],
            is_complete=bool(values[4]),
            read_at=values[5] or 0,
            position=Position(
                offset=values[6] or 0,
                checksum=values[7] or 0,
                fingerprint=_long(values[8]),
                event_count=values[10] or 0,
                rejected_count=values[11] or 0,
                blank_count=values[12] or 0,
                first_event_at=_moment(values[13]),
                last_event_at=_moment(values[14]),
                tail=Tail(*extra["tail"]) if "tail" in extra else None,
            ),
            generation=extra.get("generation", 0),
            read_error=extra.get("error"),
            past={_long(short) or "": number for short, number in extra.get("past", {}).items()},
            changed_at=extra.get("changed", 0),
            removed_at=extra.get("removed"),
        )


class Problem(NamedTuple):
    """Something that could not be read or done: of what kind, with which path, why, first and last (UTC)."""

    kind: str
    path: str
    reason: str
    first_seen_at: str
    #: None in a state that a version before this field has written.
    last_seen_at: str | None = None

    def row(self, resolved_at: str | None = None) -> dict[str, Any]:
        """Return its record of the stream source_problems."""
        key = f"{self.kind}\n{self.path}\n{self.first_seen_at}"
        return {
            "problem_id": hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32],
            "kind": self.kind,
            "machine_folder": self.path.partition("/")[0],
            "path": plain_text(self.path),
            "reason": plain_text(self.reason),
            "first_seen_at": self.first_seen_at,
            "last_seen_at": self.last_seen_at or self.first_seen_at,
            "resolved_at": resolved_at,
        }


class StateBook:
    """The states of all files, by path; settled old files in a packed set."""

    def __init__(self) -> None:
        self._files: dict[str, FileState] = {}
        self._by_folded_path: dict[str, str] = {}
        self._packed = PackedSet()
        #: Event names that were told of, as short hashes.
        self.names_seen: list[str] = []
        #: What could not be read or done, and still cannot.
        self.problems: list[Problem] = []
        #: How many of the files that are known one by one the last run did not find, having looked twice.
        self.missing = 0

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> StateBook:
        """Read the bookmark of an earlier run; an empty one is a first run.

        Raises:
            ValueError: It was written by a later version.
        """
        book = cls()
        if not state:
            return book
        if state.get("format", FORMAT) != FORMAT:
            raise ValueError(f"the state has format {state['format']}, this version knows format {FORMAT}")
        for folder, files in state.get("machines", {}).items():
            for name, values in files.items():
                book.put(FileState.load(f"{folder}/{name}", values))
        book._packed = PackedSet.load(state.get("packed", ""))  # its own class
        book.names_seen = list(state.get("event_names", []))
        book.problems = [Problem(*values) for values in state.get("problems", [])]
        book.missing = state.get("missing", 0)
        return book

    def dump(self) -> dict[str, Any]:
        """Return the bookmark; packs the oldest settled files when it would become too large."""
        sizes = {path: len(path) + len(json.dumps(file.dump())) for path, file in self._files.items()}
        total = sum(sizes.values()) + self._packed.text_bytes
        if total > STATE_BYTES:
            packable = [path for path, file in self._files.items() if file.is_packable]
            for path in sorted(packable, key=age_order):
                total -= sizes[path] - PackedSet.ENTRY_BYTES
                self._pack(path)
                if total <= STATE_BYTES:
                    break
        machines: dict[str, dict[str, list[Any]]] = {}
        for path in sorted(self._files):
            folder, _, name = path.partition("/")
            machines.setdefault(folder, {})[name] = self._files[path].dump()
        bookmark: dict[str, Any] = {"format": FORMAT, "machines": machines}
        if self._packed:
            bookmark["packed"] = self._packed.dump()
        if self.names_seen:
            bookmark["event_names"] = self.names_seen
        if self.problems:
            bookmark["problems"] = [list(problem) for problem in self.problems]
        if self.missing:
            bookmark["missing"] = self.missing
        return bookmark

    def find(self, path: str, listed_paths: Container[str]) -> FileState | None:
        """Return the state of a file, also when its folder's or its own name has changed its case.

        Args:
            path: Its path as listed now.
            listed_paths: All paths that are listed now: another one's state is not taken.
        """
        if path in self._files:
            return self._files[path]
        known_as = self._by_folded_path.get(path.casefold())
        if known_as is None or known_as in listed_paths:
            return None
        return self._files.get(known_as)

    def count_missing(self, listed_paths: Collection[str]) -> int:
        """Return how many files are not listed any more, of those that are known one by one to be there."""
        return sum(file.removed_at is None for file in self.unlisted(listed_paths))

    def unlisted(self, listed_paths: Collection[str]) -> list[FileState]:
        """Return the files that are known one by one and not listed any more."""
        missing = self._by_folded_path.keys() - {path.casefold() for path in listed_paths}
        return [self._files[self._by_folded_path[folded]] for folded in sorted(missing)]

    def put(self, file: FileState) -> None:
        """Remember a file."""
        self._files[file.path] = file
        self._by_folded_path[file.path.casefold()] = file.path

    def is_settled(self, path: str, size: int, day: int | None) -> bool:
        """Whether a listing shows a packed file as it was."""
        return day is not None and self._packed.has_value(path.casefold(), f"{size} {day}")

    def was_packed(self, path: str) -> bool:
        """Whether a file of that path was packed; of 10,000 paths that never were, it says so of 100."""
        return self._packed.has_key(path.casefold())

    def is_proven(self, path: str, size: int, day: int | None, checksum: int) -> bool:
        """Whether a packed file was read with these contents."""
        return self._packed.has_proof(path.casefold(), f"{size} {day}", str(checksum))

    def distrust(self, path: str) -> None:
        """Have a file looked at anew in the next run, whatever its listing says."""
        file = self._files.get(path)
        if file is None:
            self._packed.distrust(path.casefold())
        else:
            file.listed, file.modified = "", -1

    def newest_event_at(self, folder: str) -> str | None:
        """Return the wall clock of the newest event of a machine's files, packed ones left out."""
        times = (
            file.position.with_tail().last_event_at
            for path, file in self._files.items()
            if path.startswith(f"{folder}/")
        )
        return max((time for time in times if time is not None), default=None)

    def _pack(self, path: str) -> None:
        file = self._files.pop(path)
        self._by_folded_path.pop(path.casefold(), None)
        self._packed.add(path.casefold(), f"{file.size} {file.day}", str(file.position.read_checksum))


def _short(fingerprint: str | None) -> str:
    """Return a fingerprint in 43 characters rather than 64."""
    return urlsafe_b64encode(bytes.fromhex(fingerprint)).decode().rstrip("=") if fingerprint else ""


def _long(short: str | None) -> str | None:
    return urlsafe_b64decode(short + "=" * (-len(short) % 4)).hex() if short else None


def _digits(moment: str | None) -> int | None:
    """Return "2025-05-28T07:02:11" as 20250528070211."""
    return int(moment.translate({ord(mark): None for mark in "-T:"})) if moment else None


def _moment(digits: int | None) -> str | None:
    if not digits:
        return None
    text = f"{digits:014d}"
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:]}"
