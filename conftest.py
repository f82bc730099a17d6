"""Fixtures that all tests share: one set of real local servers, and an empty warehouse on it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from atelier import redaction
from atelier_demo.servers.site import Site
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.remote import Producer

ROOT = Path(__file__).resolve().parent

# How long an example takes says more of what else the machine does than of us.
settings.register_profile("atelier", deadline=None)
settings.load_profile("atelier")


class TogetherScheduling(LoadFileScheduling):
    """Keeps the tests of a file in one process, and all that look at the server: its marts are made once."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "serve/tests" if file.startswith("serve/tests/") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> TogetherScheduling:
    """Say to pytest-xdist which tests stay together."""
    return TogetherScheduling(config, log)


@pytest.fixture(autouse=True)
def no_secret_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test begin with a process that has read no configuration yet."""
    monkeypatch.setattr(redaction, "KNOWN", redaction.Redactor())


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The tests' own servers, started when the first test needs one and stopped at the end.

    Tests that run side by side have a set of servers each, as they empty each other's warehouse.
    """
    folder = ROOT / ".local" / "test" / os.environ.get("PYTEST_XDIST_WORKER", "alone")
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        # Two test runs in one checkout would empty each other's warehouse: the second waits.
        fcntl.flock(lock, fcntl.LOCK_EX)
        servers = Site(folder)
        servers.up(lambda _: None)
        yield servers
        servers.down()


@pytest.fixture(scope="session")
def servers(site: Site) -> dict[str, str]:
    """The variables of the contract that name the tests' servers."""
    return site.up(lambda _: None)


@pytest.fixture(scope="session")
def postgres(servers: dict[str, str]) -> dict[str, str]:
    """The same, for tests that need nothing but PostgreSQL."""
    return servers
