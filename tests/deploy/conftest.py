"""Containers that several test modules share."""

from __future__ import annotations

import os
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from deploy.engine import BASE_IMAGE, POSTGRES_IMAGE, engine, make_base, make_context
from deploy.programs import ROOT
from deploy.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("project")
    make_context(folder)
    # What must never get into an image.
    (folder / ".env").write_text("# in the way\n")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("secret")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{probe.getsockname()[1]}"
    with engine() as found:
        make_base(found)
        stand_in = str(ROOT / "tests" / "deploy" / "postgres")
        base = f"BASE_IMAGE={BASE_IMAGE}"
        found.run("docker", "build", "--build-arg", base, "--tag", POSTGRES_IMAGE, stand_in)
        found.environment.update(
            BASE_IMAGE=BASE_IMAGE,
            POSTGRES_IMAGE=POSTGRES_IMAGE,
            API_LISTEN=listen,
            COMPOSE_PROJECT_NAME=f"atelier-test-{os.getpid()}",
        )
        for name in ("UV_DEFAULT_INDEX", "PIP_INDEX_URL"):
            if os.environ.get(name):
                found.environment["PACKAGE_INDEX"] = os.environ[name]
        subprocess.run([str(folder / "deploy" / "make-secrets")], capture_output=True, check=True)
        made = Stack(found, folder, f"http://{listen}")
        made.compose("build")
        try:
            made.compose("up", "--detach")
            yield made
        finally:
            made.compose("down", "--volumes")
