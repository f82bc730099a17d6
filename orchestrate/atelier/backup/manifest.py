"""What a backup says of itself, under a seal: which files it has, and what must be in them."""

from __future__ import annotations

import hmac
import json
import re
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from atelier import files
from atelier.backup import folders, seal
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: What this version writes; a later one may say more, and then counts higher. 1 had no seal.
FORMAT: Final = 2
FILE: Final = "manifest.json"
#: How a restore is told to take what has no seal.
UNSEALED: Final = "--unsealed"

_KIND: Final = "manifest"
_LARGEST_BYTES: Final = 10_000_000
#: The files of a backup beside its manifest; others are neither listed nor read.
_REQUIRED: Final = frozenset({folders.DUMP, folders.SUPPRESSIONS})
_SEED: Final = re.compile(rf"{folders.SEEDS}/\w+\.csv", re.ASCII)


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
    #: Shows that the key of the pseudonyms is the same, and does not tell it.
    pseudonym_key: Mapping[str, str]
    #: SHA-256 of every file but this one, by its name in the folder.
    files: Mapping[str, str]
    #: Rows of every table, by `schema.table`.
    tables: Mapping[str, int]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(self.tables.values())

    @property
    def seeds(self) -> list[str]:
        """Names of the planner's files."""
        return [name.removeprefix(f"{folders.SEEDS}/") for name in self.files if _SEED.fullmatch(name)]


def write(folder: Path, manifest: Manifest, key: str) -> None:
    """Write what a backup says of itself: the last of its files."""
    files.write(folder / FILE, folders.as_json(seal.sealed(_KIND, asdict(manifest), key)))


def read(folder: Path, key: str, *, accept_unsealed: bool = False) -> Manifest:
    """Read what a backup says of itself.

    Args:
        folder: The backup's.
        key: PSEUDONYM_KEY.
        accept_unsealed: Take one that has no seal; a broken seal is refused all the same.

    Raises:
        AtelierError: The folder is no backup, one of a later version, of another key, or not what was sealed.
    """
    path = folder / FILE
    try:
        with files.opened(folder, FILE) as file:
            content: dict[str, Any] = json.loads(file.read(_LARGEST_BYTES))
        if content["format"] > FORMAT:
            raise AtelierError(
                f"the backup {folder} was made by Atelier {content['atelier_version']}, which is newer: "
                "restore it with that version"
            )
        found = Manifest(**{name: content[name] for name in Manifest.__dataclass_fields__})
        _check_seal(folder, content, key, accept_unsealed=accept_unsealed)
        _check_names(folder, found)
    except FileNotFoundError:
        raise AtelierError(
            f"{folder} holds no {FILE}, so it is no backup: `atelier backup list` shows those that are"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not what was written"
        raise AtelierError(f"{path} cannot be read ({reason}): take another backup") from None
    return found


def _check_seal(folder: Path, content: dict[str, Any], key: str, *, accept_unsealed: bool) -> None:
    try:
        seal.check(_KIND, content, key)
    except (seal.UnsealedError, seal.BrokenSealError) as error:
        if not seal.is_key(key, content["pseudonym_key"]):
            raise AtelierError(
                f"PSEUDONYM_KEY is not the one under which the backup {folder} was made: every customer "
                "would get another pseudonym and erased customers would come back; set the key of then"
            ) from None
        if isinstance(error, seal.BrokenSealError):
            raise AtelierError(
                f"{folder / FILE} is not what was written (its seal is broken): take another backup, and "
                "find out who can write to that folder"
            ) from None
        if not accept_unsealed:
            raise AtelierError(
                f"the backup {folder} has no seal: it was made by an older release, or by someone else. Only "
                f"if you know where it comes from, restore it with {UNSEALED}"
            ) from None


def _check_names(folder: Path, manifest: Manifest) -> None:
    """Raise an error if a name leads out of the backup, or the folder bears the name of another moment."""
    others = [name for name in manifest.files if name not in _REQUIRED and not _SEED.fullmatch(name)]
    if others or not manifest.files.keys() >= _REQUIRED:
        raise ValueError
    if folders.is_name(folder.name) and folder.name != folders.name_of_text(manifest.made_at):
        raise AtelierError(
            f"the folder {folder} holds the backup of another moment, {manifest.made_at}: rename it to "
            f"{folders.name_of_text(manifest.made_at)}"
        )


def verify(folder: Path, manifest: Manifest) -> None:
    """Check that every file of a backup is what was written.

    Raises:
        AtelierError: One is missing or another.
    """
    for name in manifest.files:
        with verified(folder, manifest, name):
            pass


@contextmanager
def verified(folder: Path, manifest: Manifest, name: str) -> Iterator[IO[bytes]]:
    """Open a file of a backup that is what was written.

    Raises:
        AtelierError: It is missing or another.
    """
    with ExitStack() as held:
        try:
            file = held.enter_context(files.opened(folder, name))
        except OSError as error:
            raise AtelierError(
                f"the backup {folder} lacks {name} ({error.strerror}): take another backup"
            ) from None
        check_digest(folder, manifest, name, file)
        yield file


def check_digest(folder: Path, manifest: Manifest, name: str, file: IO[bytes]) -> None:
    """Check that an open file of a backup is what was written; raises AtelierError if not."""
    try:
        found = files.digest(file)
    except OSError as error:
        raise AtelierError(
            f"{name} of the backup {folder} cannot be read ({error.strerror}): take another backup"
        ) from None
    if not hmac.compare_digest(found, manifest.files[name]):
        raise AtelierError(
            f"{name} of the backup {folder} is not what was written (its SHA-256 is another): take "
            "another backup"
        )
