"""pure-ftpd: shows a client only its folder, cuts long listings short, answers 451 where others say 550."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from atelier_demo.servers import ports
from atelier_demo.servers.base import Launch
from atelier_demo.servers.run_as import NOBODY
from atelier_demo.servers.settings import write_private

from .base import FtpServer, crypt, unpacked

LISTING_LIMIT = 50

#: CAP_DAC_READ_SEARCH and CAP_SYS_NICE, by their bits: see capabilities(7).
NEEDED = 1 << 2 | 1 << 23


def _capabilities() -> int:
    """Return what this process may do of root's rights."""
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:"))


class PureFtpd(FtpServer):
    """Serves a user who is nobody: it lets in no root, and only root may start it."""

    name = "pure-ftpd"

    @property
    def root(self) -> str:
        """Nothing: the client is shut into the served folder."""
        return ""

    def prepare(self) -> Launch:
        if os.geteuid() != 0:
            pytest.skip("pure-ftpd lets users in only when root has started it")
        if _capabilities() & NEEDED != NEEDED:
            pytest.skip("pure-ftpd keeps rights that root lacks here, as in most containers")
        program = unpacked("pure-ftpd", ["pure-ftpd", "pure-ftpd-common"], self.folder)
        users = self.folder / "users"
        login = f"{self.user}:{crypt(self.password)}:{NOBODY}:{NOBODY}::{self.data_folder}/./"
        write_private(users, f"{login}::::::::::::\n")
        database = self.folder / "users.pdb"
        pure_pw = f"{program.root}/usr/bin/pure-pw"
        subprocess.run(
            [pure_pw, "mkdb", str(database), "-f", str(users)],
            env={**os.environ, **program.environment},
            check=True,
        )
        command = [
            str(program.path),
            "--ipv4only",
            *("--bind", f"{ports.HOST},{self.port}"),
            *("--passiveportrange", f"{self.passive_ports.start}:{self.passive_ports.stop - 1}"),
            "--dontresolve",
            "--noanonymous",
            *("--login", f"puredb:{database}"),
            *("--altlog", f"xferlog:{self.transfer_log}"),
            *("--pidfile", str(self.folder / "pid")),
            # Listings of more than so many entries are cut short; 10,000 unless told otherwise.
            *("--limitrecursion", f"{LISTING_LIMIT}:5"),
            *("--maxclientsnumber", "200"),
            *("--maxclientsperip", "200"),
            *("--syslogfacility", "none"),
        ]
        return Launch(command, self.folder, program.environment)
