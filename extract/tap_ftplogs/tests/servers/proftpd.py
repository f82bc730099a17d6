"""proftpd: MLSD, SIZE refused in ASCII mode, 450 and 554 where vsftpd sees nothing wrong."""

from __future__ import annotations

import grp
import os
import pwd
import sys
from pathlib import Path

import pytest
from atelier_demo.servers import ports
from atelier_demo.servers.base import Launch
from atelier_demo.servers.settings import write_private

from .base import FtpServer, crypt, unpacked


class Proftpd(FtpServer):
    """Runs as whoever runs the tests; as root it gives up the right to read everything.

    It is started for every connection. Listening by itself it sleeps for 0.2 s after every session's end,
    and the tests took five times as long.
    """

    name = "proftpd"

    def prepare(self) -> Launch:
        program = unpacked("proftpd", ["proftpd-core", "proftpd-mod-crypto"], self.folder)
        try:
            account = pwd.getpwuid(os.geteuid()).pw_name
            group = grp.getgrgid(os.getegid()).gr_name
        except KeyError:
            pytest.skip("proftpd runs only as a user and a group that have names")
        users = self.folder / "users"
        login = (
            f"{self.user}:{crypt(self.password)}:{os.geteuid()}:{os.getegid()}::{self.data_folder}:/bin/sh"
        )
        write_private(users, f"{login}\n")
        lines = [
            "ServerType inetd",
            f"DefaultAddress {ports.HOST}",
            "UseIPv6 off",
            "UseReverseDNS off",
            f"PassivePorts {self.passive_ports.start} {self.passive_ports.stop - 1}",
            f'ScoreboardFile "{self.folder / "scoreboard"}"',
            "ControlsEngine off",
            "DelayEngine off",  # log-ins would take longer and longer
            "WtmpLog off",
            f"User {account}",
            f"Group {group}",
            "RootLogin on",
            "AuthOrder mod_auth_file.c",
            f'AuthUserFile "{users}"',
            "UseFtpUsers off",
            "AllowOverwrite on",
            f'TransferLog "{self.transfer_log}"',
        ]
        if self.certificate is not None:
            # As unpacked, the modules are not where the program looks for them.
            lines += [
                f'ModulePath "{program.root}/usr/lib/proftpd"',
                "LoadModule mod_tls.c",
                "TLSEngine on",
                "TLSRequired on",
                f'TLSECCertificateFile "{self.certificate}"',
                f'TLSECCertificateKeyFile "{self.certificate}"',
            ]
        config = self.folder / "proftpd.conf"
        write_private(config, "\n".join(lines) + "\n")
        inetd = [sys.executable, str(Path(__file__).with_name("run_inetd.py")), str(self.port)]
        command = [str(program.path), "--quiet", "--config", str(config)]
        return Launch([*inetd, *command], self.folder, program.environment)
