"""A real server, and an empty database for every test.

A MariaDB of our own, or any server: TAP_MYSQL_TEST_SERVER=PORT:ADMINISTRATOR:PASSWORD names one on 127.0.0.1,
in which these tests may make and drop databases and users.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from atelier_demo.servers.site import Site

from .certificates import make_certificate
from .source import Server, Source, make_numbers, source_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GIVEN_SERVER = "TAP_MYSQL_TEST_SERVER"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The server's certificate, one of a stranger, and one for another address."""
    folder = tmp_path_factory.mktemp("certificates")
    found = {name: make_certificate(folder, name) for name in ("server", "stranger")}
    return found | {"elsewhere": make_certificate(folder, "elsewhere", "127.0.0.9")}


@pytest.fixture(scope="session")
def mysql(tmp_path_factory: pytest.TempPathFactory, certificates: dict[str, Path]) -> Iterator[Server]:
    """The server: ours has a certificate, and a binary log that knows the position of a snapshot."""
    if given := os.environ.get(GIVEN_SERVER):
        port, user, password = given.split(":", 2)
        server = Server(int(port), user, password)
        make_numbers(server)
        yield server
        return
    site = Site(tmp_path_factory.mktemp("mariadb"))
    certificate = str(certificates["server"])
    site.mysql.options.update({"log-bin": "binlog", "ssl-cert": certificate, "ssl-key": certificate})
    site.mysql.start()
    server = Server(site.mysql.port, *site.mysql.administrator, site.mysql.data_folder)
    make_numbers(server)
    yield server
    site.mysql.stop()


@pytest.fixture
def own_mysql(mysql: Server) -> Server:
    """The server, for tests that need it to be ours."""
    if mysql.data_folder is None:
        pytest.skip(f"{GIVEN_SERVER} names a server that is set up in its own way")
    return mysql


@pytest.fixture
def source(mysql: Server) -> Iterator[Source]:
    """An empty database."""
    with source_on(mysql, "it's a `shop`") as source:
        yield source
