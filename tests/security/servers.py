"""The three servers with TLS. PostgreSQL is Debian's: the wheel's speaks none."""

from __future__ import annotations

import shutil
import socket
from typing import TYPE_CHECKING

from atelier_demo.servers import ports
from atelier_demo.servers.base import NoAnswerError
from atelier_demo.servers.packages import TLS_POSTGRES, Packages
from atelier_demo.servers.postgres import Postgres
from atelier_demo.servers.site import Site
from atelier_demo.servers.vsftpd import Vsftpd

if TYPE_CHECKING:
    from pathlib import Path


class TlsPostgres(Postgres):
    """A PostgreSQL that offers TLS, lets clients in without it too, and logs how each came in."""

    certificate: Path

    def programs(self) -> Path:
        """Return the folder of Debian's programs."""
        program = self.site.packages.find("postgres")
        self.environment = program.environment
        return program.path.parent

    def prepare(self) -> None:
        """Put the certificate where the server may read it and nobody else."""
        super().prepare()
        shutil.copyfile(self.certificate, self.data_folder / "server.pem")
        (self.data_folder / "server.pem").chmod(0o600)
        self._run_as().own(self.data_folder)
        self.options.update(
            {
                "ssl": "on",
                "ssl_cert_file": "server.pem",
                "ssl_key_file": "server.pem",
                "log_connections": "on",
            }
        )


class TlsVsftpd(Vsftpd):
    """A server that plain clients cannot log in to."""

    def probe(self) -> None:
        """Connect."""
        try:
            socket.create_connection((ports.HOST, self.port), timeout=5).close()
        except OSError:
            raise NoAnswerError from None


class TlsSite(Site):
    """The three servers, each with a certificate of one authority for 127.0.0.1."""

    postgres: TlsPostgres

    def __init__(self, folder: Path, certificate: Path, packages: Packages | None = None) -> None:
        super().__init__(folder, packages)
        self.postgres = TlsPostgres(self.postgres.site)
        self.postgres.certificate = certificate
        self.mysql.options.update({"ssl-cert": str(certificate), "ssl-key": str(certificate)})
        self.ftp = TlsVsftpd(self.ftp.site)
        self.ftp.options.update(
            {
                "ssl_enable": "YES",
                "allow_anon_ssl": "YES",
                "force_anon_logins_ssl": "YES",
                "force_anon_data_ssl": "YES",
                "require_ssl_reuse": "YES",
                "ssl_ciphers": "HIGH",
                "rsa_cert_file": str(certificate),
            }
        )
        self.ftp.site.packages.ensure(lambda _: None, TLS_POSTGRES)
