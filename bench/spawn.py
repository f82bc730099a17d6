"""Run one program and print what it took, as JSON: `python -I -S spawn.py OUTPUT ERRORS PROGRAM …`.

A process of its own, as small as can be: Linux counts the memory of whoever starts a program into the peak of
the program itself. So nothing below some 10 MB can be told apart.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """Run the program to its end."""
    output, errors, program, *arguments = sys.argv[1:]
    writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    began = time.monotonic()
    child = os.posix_spawn(
        program,
        [program, *arguments],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, output, writing, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, errors, writing, 0o600),
        ],
    )
    _, status, usage = os.wait4(child, 0)
    seconds = time.monotonic() - began
    told = {
        "status": os.waitstatus_to_exitcode(status),
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * 1024,
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
