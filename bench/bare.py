"""What can be reached at most: programs that do nothing but the part that cannot be avoided.

`python bench/bare.py fetch PLAN CONNECTIONS` receives files by the standard library's FTP client and throws
the bytes away; `list PLAN` lists folders; `parse FILE` runs the tap's parser on a local file. Each prints the
number of files and bytes.
"""

from __future__ import annotations

import ftplib
import json
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUFFER_BYTES = 1024 * 1024
#: As the tap takes them from the network.
_BLOCK_BYTES = 64 * 1024


def connect(plan: dict[str, Any]) -> ftplib.FTP:
    """Log in, in binary mode."""
    ftp = ftplib.FTP(encoding="latin-1")
    ftp.connect(plan["host"], plan["port"], timeout=60)
    ftp.login(plan["user"], plan["password"])
    ftp.voidcmd("TYPE I")
    return ftp


def receive(ftp: ftplib.FTP, command: str, offset: int, buffer: memoryview) -> int:
    """Receive what a command sends, and return how much that was."""
    total = 0
    with ftp.transfercmd(command, rest=offset or None) as data:
        while count := data.recv_into(buffer):
            total += count
    ftp.voidresp()
    return total


def fetch(plan: dict[str, Any], connections: int) -> None:
    """Receive all files, over so many connections."""
    waiting: Iterator[list[Any]] = iter(plan["files"])
    sizes: list[int] = []

    def work() -> None:
        buffer = memoryview(bytearray(_BUFFER_BYTES))
        ftp = connect(plan)
        for path, offset in waiting:
            sizes.append(receive(ftp, f"RETR {path}", offset, buffer))
        ftp.quit()

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(sizes), sum(sizes))


def list_folders(plan: dict[str, Any]) -> None:
    """List all folders."""
    buffer = memoryview(bytearray(_BUFFER_BYTES))
    ftp = connect(plan)
    sizes = []
    for folder in plan["folders"]:
        ftp.cwd(folder)
        sizes.append(receive(ftp, "LIST", 0, buffer))
    ftp.quit()
    print(len(sizes), sum(sizes))


def parse(path: Path) -> None:
    """Parse a local file as the tap does, and throw the rows away."""
    from tap_ftplogs.parser import Parser
    from tap_ftplogs.position import Position

    parser = Parser(Position())
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            parser.feed(block)
    parser.finish()
    print(1, parser.received)


def main() -> None:
    """Do what the arguments say."""
    match sys.argv[1:]:
        case ["fetch", plan, connections]:
            fetch(json.loads(Path(plan).read_text()), int(connections))
        case ["list", plan]:
            list_folders(json.loads(Path(plan).read_text()))
        case ["parse", path]:
            parse(Path(path))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
