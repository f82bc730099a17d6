"""The folder of the backups: which there are, what each says of itself, whether it is what was written."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from atelier.connections import whole_number
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: What this version writes; a later one may say more, and then counts higher.
FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
DUMP: Final = "warehouse.dump"
SEEDS: Final = "seeds"
#: Ends the name of a backup that is being written, or was when somebody killed it.
PART: Final = ".part"

DEFAULT_KEPT: Final = 14

_NAME: Final = re.compile(r"\d{8}T\d{6}Z")
_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself."""

    format: int
    atelier_version: str
    #: The instant whose data it holds, in UTC, as ISO 8601.
    made_at: str
    database: str
    server_major: int
    dump_major: int
    plant_timezone: str
    #: Proves that the key of the pseudonyms is the same, and does not tell it.
    pseudonym_key: Mapping[str, str]
    #: SHA-256 of every file but this one, by its name in the folder.
    files: Mapping[str, str]
    #: Rows of every table, by `schema.table`.
    tables: Mapping[str, int]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(self.tables.values())


def folder_of(root: Path, environment: str, variables: Mapping[str, str]) -> Path:
    """Return the folder of an environment's backups."""
    named = variables.get("BACKUP_DIR")
    return Path(named).expanduser().absolute() if named else root / ".local" / environment / "backups"


def kept(variables: Mapping[str, str]) -> int:
    """Return how many backups are kept.

    Raises:
        AtelierError: BACKUP_KEEP is no whole number from 1 to 9999.
    """
    advice = "give a whole number from 1 to 9999"
    return whole_number(variables, "BACKUP_KEEP", DEFAULT_KEPT, advice, least=1, greatest=9_999)


@contextmanager
def held(backups: Path) -> Iterator[None]:
    """Make the folder of the backups and keep others from writing to it meanwhile.

    Raises:
        AtelierError: It cannot be made, or another backup is being written to it.
    """
    try:
        backups.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(backups, os.O_RDONLY)
    except OSError as error:
        raise cannot_write(backups, error.strerror or str(error)) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AtelierError(
                f"another backup is being written to {backups}: let it end, or name another folder in "
                "BACKUP_DIR"
            ) from None
        yield
    finally:
        os.close(handle)


def cannot_write(folder: Path, why: str) -> AtelierError:
    """Return the failure of a folder that takes no backup."""
    return AtelierError(
        f"the backup cannot be written to {folder} ({why}): make room, or give this user the right to it, or "
        "name another folder in BACKUP_DIR; the backups that are there are as they were"
    )


def names(backups: Path) -> list[Path]:
    """Return the folders of whole backups, by their names.

    Raises:
        AtelierError: Their folder cannot be read.
    """
    try:
        if not backups.is_dir():
            return []
        return sorted(path for path in backups.iterdir() if _NAME.fullmatch(path.name) and path.is_dir())
    except OSError as error:
        raise AtelierError(
            f"the folder of the backups, {backups}, cannot be read ({error.strerror}): give this user the "
            "right to it, or name another one in BACKUP_DIR"
        ) from None


def remove_leftovers(backups: Path) -> int:
    """Remove what killed backups have left; return how many."""
    leftovers = [path for path in backups.iterdir() if _NAME.fullmatch(path.name.removesuffix(PART))]
    leftovers = [path for path in leftovers if path.name.endswith(PART)]
    for path in leftovers:
        shutil.rmtree(path, ignore_errors=True)
    return len(leftovers)


def by_age(backups: Path, now: str) -> list[Path]:
    """Return the folders of whole backups, the oldest first.

    One whose name lies ahead was made before the clock was put back: nobody knows when, but before the
    others.

    Args:
        backups: Their folder.
        now: The name of a backup of this moment.
    """
    return sorted(names(backups), key=lambda path: (path.name <= now, path.name))


def prune(backups: Path, keep: int, newest: str) -> list[str]:
    """Remove all but the newest backups; return the names of those that are gone.

    Args:
        backups: Their folder.
        keep: How many stay.
        newest: The name of the one that was just made.
    """
    gone = by_age(backups, newest)[:-keep]
    for path in gone:
        # What is half removed is no backup any more, so it must not bear the name of one.
        doomed = path.with_name(path.name + PART)
        path.rename(doomed)
        shutil.rmtree(doomed)
    return [path.name for path in gone]


def name_of(moment: datetime) -> str:
    """Return the name of the backup of an instant."""
    return moment.astimezone(timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def write(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, down to the disk."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 # the mode
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, content: bytes) -> None:
    """Write a file at once or not at all: nobody ever sees a part of it."""
    fresh = path.with_name(path.name + PART)
    write(fresh, content)
    fresh.replace(path)
    settle(path.parent)


def settle(folder: Path) -> None:
    """Let the names in a folder reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def as_json(content: object) -> bytes:
    """Return JSON that people can read."""
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write what a backup says of itself: the last of its files."""
    write(folder / MANIFEST, as_json(asdict(manifest)))


def read_manifest(folder: Path) -> Manifest:
    """Read what a backup says of itself.

    Raises:
        AtelierError: The folder is no backup, or one of a later version.
    """
    path = folder / MANIFEST
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
        if content["format"] > FORMAT:
            raise AtelierError(
                f"the backup {folder} was made by Atelier {content['atelier_version']}, which is newer: "
                "restore it with that version"
            )
        return Manifest(**{name: content[name] for name in Manifest.__dataclass_fields__})
    except FileNotFoundError:
        raise AtelierError(
            f"{folder} holds no {MANIFEST}, so it is no backup: `atelier backup list` shows those that are"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not what was written"
        raise AtelierError(f"{path} cannot be read ({reason}): take another backup") from None


def verify(folder: Path, manifest: Manifest) -> None:
    """Check that every file of a backup is what was written.

    Raises:
        AtelierError: One is missing or another.
    """
    for name, expected in manifest.files.items():
        path = folder / name
        try:
            found = digest(path)
        except OSError as error:
            raise AtelierError(
                f"the backup {folder} lacks {name} ({error.strerror}): take another backup"
            ) from None
        if not hmac.compare_digest(found, expected):
            raise AtelierError(
                f"{name} of the backup {folder} is not what was written (its SHA-256 is another): take "
                "another backup"
            )


def fingerprint(key: str, salt: str | None = None) -> dict[str, str]:
    """Return what proves a key without telling it: slow to compute, so that it helps nobody to guess."""
    salt = salt or secrets.token_hex(16)
    return {
        "salt": salt,
        "scrypt": hashlib.scrypt(key.encode(), salt=salt.encode(), n=2**14, r=8, p=1).hex(),
    }


def is_key(key: str, proof: Mapping[str, str]) -> bool:
    """Whether a key is the one of a fingerprint."""
    return hmac.compare_digest(fingerprint(key, proof["salt"])["scrypt"], proof["scrypt"])
