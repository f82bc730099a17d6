"""One set of real local servers for the tests of the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from atelier_demo.servers import Site

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def private_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    # Long, with blanks, parentheses and accents: a project may lie anywhere.
    folder = tmp_path_factory.mktemp("site") / "Téléchargements (été)" / ("a-long-name-" * 8) / "dev"
    site = Site(folder)
    try:
        site.up()
        yield site
    finally:
        site.down()
        assert not [server.name for server in site.servers if server.running()]


@pytest.fixture
def running(private_site: Site) -> Site:
    private_site.up()
    return private_site
