"""A real MariaDB of its own, and an empty database for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from atelier_demo.servers.site import Site

from .certificates import make_certificate
from .source import Source, source_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from atelier_demo.servers.mariadb import MariaDB


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The server's certificate, one of a stranger, and one for another address."""
    folder = tmp_path_factory.mktemp("certificates")
    found = {name: make_certificate(folder, name) for name in ("server", "stranger")}
    return found | {"elsewhere": make_certificate(folder, "elsewhere", "127.0.0.9")}


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory, certificates: dict[str, Path]) -> Iterator[MariaDB]:
    """The server: with a certificate, and a binary log, so that the position of a snapshot can be told."""
    site = Site(tmp_path_factory.mktemp("mariadb"))
    certificate = str(certificates["server"])
    site.mysql.options.update({"log-bin": "binlog", "ssl-cert": certificate, "ssl-key": certificate})
    site.mysql.start()
    yield site.mysql
    site.mysql.stop()


@pytest.fixture
def source(mariadb: MariaDB) -> Iterator[Source]:
    """An empty database."""
    with source_on(mariadb, "it's a `shop`") as source:
        yield source
