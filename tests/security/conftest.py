"""Servers with TLS, and the variables that name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from security.certificates import Authority
from security.servers import TlsSite

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Authority]:
    """The one that has signed the servers' certificates, and a stranger."""
    folder = tmp_path_factory.mktemp("authorities")
    return {name: Authority(folder, name) for name in ("ours", "stranger")}


@pytest.fixture(scope="session")
def tls_site(
    tmp_path_factory: pytest.TempPathFactory, authorities: dict[str, Authority]
) -> Iterator[TlsSite]:
    """The three servers, running."""
    site = TlsSite(tmp_path_factory.mktemp("tls"), authorities["ours"].server("server"))
    site.up()
    yield site
    site.down()


@pytest.fixture(scope="session")
def tls_variables(tls_site: TlsSite, authorities: dict[str, Authority]) -> dict[str, str]:
    """The variables of a pipeline that verifies all three."""
    authority = str(authorities["ours"].path)
    return {
        **tls_site.variables(),
        "POSTGRES_TLS": "required",
        "POSTGRES_TLS_CA": authority,
        "MYSQL_TLS": "required",
        "MYSQL_TLS_CA": authority,
        "FTP_TLS": "explicit",
        "FTP_TLS_CA": authority,
    }
