"""The program of the server in pyftpdlib_server.py: run with the name of its file of settings."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

from pyftpdlib.authorizers import DummyAuthorizer  # type: ignore[import-untyped]
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler  # type: ignore[import-untyped]
from pyftpdlib.servers import FTPServer  # type: ignore[import-untyped]

CONFIG = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))


class Authorizer(DummyAuthorizer):  # type: ignore[misc] # untyped
    """Takes the permissions of a file seriously for root too."""

    def has_perm(self, username: str, perm: str, path: str | None = None) -> bool:
        if perm == "r" and path and Path(path).exists() and not Path(path).stat().st_mode & 0o444:
            return False
        return bool(super().has_perm(username, perm, path))


class Logging:
    """Writes the transfer log as the other servers do."""

    def log_transfer(
        self,
        cmd: str,  # noqa: ARG002
        filename: str,
        receive: bool,  # noqa: FBT001 # pyftpdlib's
        completed: bool,  # noqa: FBT001
        elapsed: float,
        bytes: int,  # noqa: A002
    ) -> None:
        path = re.sub(r"\s", "_", filename)
        line = (
            f"{time.ctime()} {elapsed:.0f} 127.0.0.1 {bytes} {path} b _ {'i' if receive else 'o'} r "
            f"{CONFIG['user']} ftp 0 * {'c' if completed else 'i'}\n"
        )
        with Path(CONFIG["transfer_log"]).open("ab") as log:
            log.write(os.fsencode(line))


class Plain(Logging, FTPHandler):  # type: ignore[misc] # untyped
    """FTP."""


class Tls(Logging, TLS_FTPHandler):  # type: ignore[misc] # untyped
    """FTP with explicit TLS, and never without."""

    certfile = CONFIG["certificate"]
    tls_control_required = True
    tls_data_required = True


def main() -> None:
    handler: Any = Tls if CONFIG["certificate"] else Plain
    handler.authorizer = Authorizer()
    handler.authorizer.add_user(CONFIG["user"], CONFIG["password"], CONFIG["folder"], perm="elradfmwMT")
    handler.passive_ports = CONFIG["passive_ports"]
    # Names that are no UTF-8 go over the wire as they are on the disk.
    handler.unicode_errors = "surrogateescape"
    FTPServer(("127.0.0.1", CONFIG["port"]), handler).serve_forever()


main()
