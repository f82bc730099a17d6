"""Plays a dump into a transaction of ours: pg_restore writes the statements, we run them.

So dropping what was there, the restore, and all that follows from it are one transaction; and a session of
our own needs neither psql nor a server as new as the programs.
"""

from __future__ import annotations

import io
import re
import subprocess
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

from atelier.backup import programs
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from psycopg2.extensions import cursor as Cursor  # noqa: N812 # it is a class

#: For psql alone: between these two lines it takes no other command than SQL.
_RESTRICT: Final = re.compile(rb"^\\restrict \w+$", re.MULTILINE)
_UNRESTRICT: Final = re.compile(rb"^\\unrestrict \w+\n\s*\Z", re.MULTILINE)

#: A setting that servers before 17 do not know; programs from 17 on write it for every server.
_YOUNG_SETTING: Final = b"SET transaction_timeout = 0;\n"
_YOUNG: Final = 170_000

_COPY: Final = re.compile(rb"^COPY .* FROM stdin;$")
_END_OF_COPY: Final = b"\\.\n"


class _Rows(io.RawIOBase):
    """The rows of one table in the script, as a file."""

    def __init__(self, script: IO[bytes]) -> None:
        super().__init__()
        self.script = script
        self.ended = False

    def read(self, size: int = -1, /) -> bytes:
        """Return some rows, about as many bytes as asked for; none at the end."""
        lines: list[bytes] = []
        length = 0
        while not self.ended and (length < size or size < 0):
            line = self.script.readline()
            # Without its end the script was cut off: pg_restore says why.
            self.ended = line in {_END_OF_COPY, b""}
            if not self.ended:
                lines.append(line)
                length += len(line)
        return b"".join(lines)


def play(cursor: Cursor, program: programs.Program, dump: IO[bytes], path: Path) -> None:
    """Run all statements of a dump in the caller's transaction.

    Args:
        cursor: Of the transaction.
        program: pg_restore.
        dump: The open file: what has its name meanwhile does not count.
        path: Its name, for messages.

    Raises:
        AtelierError: pg_restore cannot read the dump.
        psycopg2.Error: The warehouse refuses a statement.
    """
    for section in ("pre-data", "data", "post-data"):
        with _script(program, dump, path, section) as script:
            if section == "data":
                _play_data(cursor, script)
            elif text := _for_server(script.read(), cursor.connection.server_version).strip():
                cursor.execute(text)
    # The script sets what suits itself, such as a search path without anything.
    cursor.execute("reset all")


def _play_data(cursor: Cursor, script: IO[bytes]) -> None:
    """Run the section that holds the rows: nothing else in it looks like the start of a COPY."""
    statements: list[bytes] = []

    def run() -> None:
        if text := _for_server(b"".join(statements), cursor.connection.server_version).strip():
            cursor.execute(text)
        statements.clear()

    while line := script.readline():
        if _COPY.match(line.rstrip(b"\n")):
            run()
            cursor.copy_expert(line.decode(), _Rows(script), size=1 << 20)
        elif not line.startswith(b"--"):
            # A comment alone would be no statement.
            statements.append(line)
    run()


def _for_server(text: bytes, server_version: int) -> bytes:
    if token := _RESTRICT.search(text):
        text = text.replace(token[0] + b"\n", b"", 1)
    text = _UNRESTRICT.sub(b"", text, count=1)
    return text.replace(_YOUNG_SETTING, b"", 1) if server_version < _YOUNG else text


@contextmanager
def _script(program: programs.Program, dump: IO[bytes], path: Path, section: str) -> Iterator[IO[bytes]]:
    words = ["--no-owner", "--no-privileges", f"--section={section}", "--file=-", f"/dev/fd/{dump.fileno()}"]
    with subprocess.Popen(
        [str(program.path), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(dump.fileno(),),
    ) as process:
        assert process.stdout is not None  # noqa: S101 # it is a pipe
        assert process.stderr is not None  # noqa: S101 # it is a pipe
        try:
            yield process.stdout
        except BaseException:
            process.kill()
            raise
        process.stdout.close()
        said = process.stderr.read().decode(errors="replace")
        if process.wait():
            raise AtelierError(
                f"pg_restore cannot read {path} ({programs.reason(said)}): install the version that made it, "
                "or take another backup"
            )
