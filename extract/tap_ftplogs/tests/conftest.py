"""Real vsftpd servers of their own, and a plant in a fresh folder for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from atelier_demo.servers.site import Site

from .plant import Plant

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


@pytest.fixture
def plant(vsftpd: Vsftpd, tmp_path: Path) -> Plant:
    """An empty folder on the server, with machines and files to come."""
    return Plant(vsftpd, tmp_path.name)
