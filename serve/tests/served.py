"""The real server as a process of its own, and how tests talk to it."""

from __future__ import annotations

import io
import os
import secrets
import socket
import subprocess
import time
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

import httpx
import pytest
from atelier.connections import Warehouse
from atelier.warehouse import connect
from atelier_api.auth import accounts
from atelier_api.auth.permissions import Role
from atelier_api.cli import main
from atelier_api.handbook.build import folder_of
from atelier_api.server import services_for
from atelier_api.settings import Settings
from atelier_demo.servers.settings import dotenv, write_private

if TYPE_CHECKING:
    import psycopg2.extensions

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".venv" / "bin" / "atelier-api"
ROLES: tuple[Role, ...] = get_args(Role)


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Served:
    """A running server, and how to talk to it."""

    url: str
    variables: dict[str, str]
    env_file: Path
    #: Where this server looks for the documentation's pages.
    docs_folder: Path
    passwords: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def command(self, *words: str, text: str = "") -> Done:
        """Run the program's own command line on the same warehouse, here and so without its start."""
        said, failed = io.StringIO(), io.StringIO()
        with (
            redirect_stdout(said),
            redirect_stderr(failed),
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr("sys.stdin", io.StringIO(text))
            status = main(["--env-file", str(self.env_file), *words])
        return Done(status, said.getvalue(), failed.getvalue())

    def client(self, role: str | None = None) -> httpx.Client:
        """Return a client that is logged in with a role, or as nobody."""
        headers = {"Authorization": f"Bearer {self.tokens[role]}"} if role else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def browser(self) -> httpx.Client:
        """Return a client that nobody is logged in with and that keeps cookies."""
        return httpx.Client(base_url=self.url, timeout=30, headers={"Accept": "text/html"})

    def connect(self) -> psycopg2.extensions.connection:
        """Log in to the warehouse as the server does."""
        return connect(Warehouse.of(self.variables), "serve-tests")


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(
    variables: dict[str, str], folder: Path, until: str = "/ready", **changes: str
) -> tuple[subprocess.Popen[bytes], Served]:
    """Start the server on a free port and wait until it is ready."""
    port = free_port()
    variables = {
        **variables,
        "API_HOST": "127.0.0.1",
        "API_PORT": str(port),
        "API_SECRET_KEY": secrets.token_urlsafe(32),
        "API_RATE_LIMIT": "1000000",
        **changes,
    }
    env_file = folder / "env"
    write_private(env_file, dotenv(variables))
    # A project of its own: whether somebody made the documentation in ours changes nothing.
    (folder / "meltano.yml").touch()
    log = (folder / "server.log").open("wb")
    process = subprocess.Popen(
        [str(PROGRAM), "--env-file", str(env_file), "serve"],
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, "MELTANO_PROJECT_ROOT": str(folder)},
    )
    served = Served(f"http://127.0.0.1:{port}", variables, env_file, folder_of(folder, {}))
    for _ in range(200):
        try:
            if httpx.get(f"{served.url}{until}").status_code == 200:
                return process, served
        except httpx.TransportError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.1)
    process.kill()
    pytest.fail(f"the server did not start: {(folder / 'server.log').read_text()[-3000:]}")


async def add_users(served: Served, users: dict[str, tuple[Role, str]]) -> None:
    """Add users with their roles and passwords, as the command line does but without its start."""
    async with services_for(Settings.of(served.variables)) as services:
        for name, (role, password) in users.items():
            await accounts.create(services.database.own, name, role, password)


def log_in(served: Served, username: str, password: str) -> dict[str, str]:
    answer = httpx.post(
        f"{served.url}/v1/auth/token",
        data={"grant_type": "password", "username": username, "password": password},
    )
    assert answer.status_code == 200, answer.text
    tokens: dict[str, str] = answer.json()
    return tokens
