"""Odd things that happen to whole files on their way: each function gives the files that arrive instead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

NEXT_MORNING = 9 * 3600


@dataclass(frozen=True)
class LogFile:
    """A file on the FTP server: its path below the root, bytes, Unix time of change, and its oddities."""

    path: str
    content: bytes
    modified_at: float
    oddities: tuple[str, ...] = ()

    def beside(self, name: str) -> str:
        """Give the path of another file in the same folder, or in a sub-folder of it."""
        return str(PurePosixPath(self.path).parent / name)

    @property
    def stem(self) -> str:
        """The file's name without its extension, `20250528`."""
        return PurePosixPath(self.path).stem


def same_file_under_another_name(file: LogFile, rng: Random) -> list[LogFile]:
    """The file is sent a second time as `20250528 (1).LOG`."""
    return [file, _again(file, f"{file.stem} (1).LOG", rng)]


def same_file_in_sub_folder(file: LogFile, rng: Random) -> list[LogFile]:
    """The file is there a second time, under the same name, in a sub-folder."""
    return [file, _again(file, f"sauvegarde/{file.stem}.LOG", rng)]


def partial_copy(file: LogFile, rng: Random) -> list[LogFile]:
    """A second sending broke off: a copy that is only the beginning of the file."""
    copy = _again(file, f"{file.stem} (1).LOG", rng)
    return [file, replace(copy, content=file.content[: len(file.content) * rng.randrange(40, 80) // 100])]


def lower_case_extension(file: LogFile, rng: Random) -> list[LogFile]:  # noqa: ARG001 - called alike
    """The file is named `.log` instead of `.LOG`."""
    return [replace(file, path=file.beside(f"{file.stem}.log"))]


def file_in_sub_folder(file: LogFile, rng: Random) -> list[LogFile]:  # noqa: ARG001 - called alike
    """The file lies only in a sub-folder of the machine's folder."""
    return [replace(file, path=file.beside(f"archives {file.stem[:4]}/{file.stem}.LOG"))]


def empty_file(file: LogFile, rng: Random) -> list[LogFile]:
    """A sending broke off before the first byte: a 0-byte file beside the real one."""
    return [file, replace(_again(file, f"{file.stem} (2).LOG", rng), content=b"")]


def garbage_file(file: LogFile, rng: Random) -> list[LogFile]:
    """A memory dump of the machine that is named like a log."""
    return [file, replace(_again(file, f"CRASH_{file.stem}.LOG", rng), content=rng.randbytes(3000))]


def _again(file: LogFile, name: str, rng: Random) -> LogFile:
    return replace(
        file, path=file.beside(name), modified_at=file.modified_at + NEXT_MORNING + rng.randrange(3600)
    )


FILE_ODDITIES: dict[str, Callable[[LogFile, Random], list[LogFile]]] = {
    oddity.__name__: oddity
    for oddity in (
        same_file_under_another_name,
        same_file_in_sub_folder,
        partial_copy,
        lower_case_extension,
        file_in_sub_folder,
        empty_file,
        garbage_file,
    )
}
