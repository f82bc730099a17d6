"""Real FTP servers of their own, and a plant in a fresh folder for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from atelier_demo.servers.site import Site

from .plant import Plant
from .servers.base import FtpServer, running
from .servers.proftpd import Proftpd
from .servers.pure_ftpd import PureFtpd
from .servers.pyftpdlib_server import Pyftpdlib

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from atelier_demo.servers.vsftpd import Vsftpd


@pytest.fixture(scope="session")
def vsftpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vsftpd]:
    """The customer's server: no MLSD, no TLS."""
    site = Site(tmp_path_factory.mktemp("vsftpd"))
    # Files of these names are listed, and not sent: even root may not read them.
    site.ftp.options["deny_file"] = "{*denied*}"
    site.ftp.start()
    yield site.ftp
    site.ftp.stop()


@pytest.fixture(scope="session")
def proftpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FtpServer]:
    yield from running(Proftpd(tmp_path_factory.mktemp("proftpd")))


@pytest.fixture(scope="session")
def pure_ftpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FtpServer]:
    yield from running(PureFtpd(tmp_path_factory.mktemp("pure-ftpd")))


@pytest.fixture(scope="session")
def pyftpdlib(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FtpServer]:
    yield from running(Pyftpdlib(tmp_path_factory.mktemp("pyftpdlib")))


@pytest.fixture(scope="session", params=["vsftpd", "proftpd", "pure_ftpd", "pyftpdlib"])
def each_server(request: pytest.FixtureRequest) -> Vsftpd | FtpServer:
    """One server after the other, for tests that are to pass on all of them."""
    server: Vsftpd | FtpServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def plant(vsftpd: Vsftpd, tmp_path: Path) -> Plant:
    """An empty folder on the server, with machines and files to come."""
    return Plant(vsftpd, tmp_path.name)
