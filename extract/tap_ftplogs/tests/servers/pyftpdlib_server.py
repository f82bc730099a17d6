"""pyftpdlib, the FTP server of PyPI: MLSD, 550 and 554 where vsftpd sees nothing wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from atelier_demo.servers.base import Launch
from atelier_demo.servers.settings import write_private

from .base import FtpServer


class Pyftpdlib(FtpServer):
    """In a process of its own, so that it shares neither interpreter nor signals with the tests."""

    name = "pyftpdlib"

    @property
    def root(self) -> str:
        """Nothing: the client sees the served folder as the root."""
        return ""

    def prepare(self) -> Launch:
        config = self.folder / "config.json"
        settings = {
            "port": self.port,
            "passive_ports": [*self.passive_ports],
            "user": self.user,
            "password": self.password,
            "folder": str(self.data_folder),
            "transfer_log": str(self.transfer_log),
            "certificate": self.certificate and str(self.certificate),
        }
        write_private(config, json.dumps(settings))
        program = Path(__file__).with_name("run_pyftpdlib.py")
        return Launch([sys.executable, str(program), str(config)], self.folder)
