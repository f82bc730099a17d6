"""What can happen to a log file while the plant works: for tests, one file at a time."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from atelier_demo.factory.dice import dice
from atelier_demo.factory.writing import STAMP_LENGTH

if TYPE_CHECKING:
    from pathlib import Path

EXTRA_LINES = 25


def start_empty(path: Path) -> None:
    """Begin a new file with 0 bytes, as a logger does before its first line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(exist_ok=False)


def append(path: Path, content: bytes) -> None:
    """Let a file grow by `content` as it stands: end it without a line end for a torn line."""
    before = path.stat().st_mtime
    with path.open("ab") as log:
        log.write(content)
    _change(path, before)


def replace_with_longer(path: Path, *, seed: int = 0, same_first_line: bool = True) -> None:
    """Replace a file under its name by a longer one: other pieces in its midst, more at its end.

    With another first line the replacement can be told by the file's head, with the same one it cannot.
    """
    lines = _complete_lines(path)
    head, stamp = _head(lines, same_first_line=same_first_line), lines[-1][:STAMP_LENGTH]
    number = dice(seed, path.name).randrange(100_000, 999_999)
    extra = [b"%s|@StukUitgevoerd: %d/C pos %d\n" % (stamp, number, n) for n in range(EXTRA_LINES)]
    middle = len(lines) // 2
    _replace(path, [*head, *lines[1:middle], *extra, *lines[middle:], *extra])


def replace_with_shorter(path: Path, *, same_first_line: bool = True) -> None:
    """Replace a file under its name by a shorter one: only every third line is left."""
    lines = _complete_lines(path)
    _replace(path, [*_head(lines, same_first_line=same_first_line), *lines[3::3]])


def cut_short(path: Path, share: float = 0.5) -> None:
    """Replace a file by its own beginning, cut within a line; `share` of its bytes remain."""
    content = path.read_bytes()
    _replace(path, [content[: int(len(content) * share)]])


def send_again(path: Path, name: str | None = None) -> Path:
    """Send a file a second time, under its own name (only its time changes) or beside it as `name`.

    Returns:
        The path of the file that was sent.
    """
    sent = path.with_name(name) if name else path
    content, before = path.read_bytes(), path.stat().st_mtime
    sent.write_bytes(content)
    _change(sent, before)
    return sent


def run_wild(path: Path, size_bytes: int) -> None:
    """Let the machine's logger go wild: append the same alarm until the file has `size_bytes`."""
    stamp = _complete_lines(path)[-1][:STAMP_LENGTH]
    line = stamp + b"|@Alarme: E999 bus de terrain\n"
    block = line * 20_000
    before = path.stat().st_mtime
    with path.open("ab") as log:
        while size_bytes - log.tell() >= len(block):
            log.write(block)
        log.write(line * max(0, -(-(size_bytes - log.tell()) // len(line))))
    _change(path, before)


def write_latin1_named_file(folder: Path, content: bytes) -> bytes:
    """Write a file whose name is latin-1, not UTF-8, as an old Windows client sends it.

    Returns:
        The file's name as bytes.
    """
    name = "20250528 renvoyé.LOG".encode("latin-1")
    with open(os.path.join(os.fsencode(folder), name), "wb") as log:  # noqa: PTH118, PTH123 - bytes, no Path
        log.write(content)
    return name


def _complete_lines(path: Path) -> list[bytes]:
    lines = [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    if not lines:
        raise ValueError(f"{path} has no complete line: there is nothing to make another version from.")
    return lines


def _head(lines: list[bytes], *, same_first_line: bool) -> list[bytes]:
    return lines[:1] if same_first_line else [b"%s|@Info: nouveau journal\n" % lines[0][:STAMP_LENGTH]]


def _replace(path: Path, lines: list[bytes]) -> None:
    before = path.stat().st_mtime
    path.write_bytes(b"".join(lines))
    _change(path, before)


def _change(path: Path, before: float) -> None:
    """Give a changed file the time of now, and never the second that it had before."""
    seconds = max(int(time.time()), int(before) + 1)
    os.utime(path, (seconds, seconds))
