"""The API and the dashboard on the demo's warehouse: our own program, kept like the other servers."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from atelier_demo.servers import ports
from atelier_demo.servers.base import Launch, NoAnswerError, Server
from atelier_demo.servers.errors import ServerError

if TYPE_CHECKING:
    from atelier_demo.servers.base import Surroundings


class Api(Server):
    """The program `atelier-api` with the variables of the site."""

    name = "API and dashboard"
    key = "api"
    stop_signals = ((signal.SIGTERM, 25.0),)

    def __init__(self, surroundings: Surroundings, env_file: Path) -> None:
        """Describe the server.

        Args:
            surroundings: What the servers of a site share.
            env_file: The file with the variables of the site, by which the process is known too.
        """
        super().__init__(surroundings)
        self._env_file = env_file

    @property
    def data_folder(self) -> Path:
        """The folder that it runs in; its data are in the warehouse."""
        return self.home

    @property
    def user(self) -> str:
        """Whoever its administrator lets in."""
        return "-"

    @property
    def address(self) -> str:
        """Where people reach it."""
        return f"http://{ports.HOST}:{self.port}"

    def marker(self) -> str:
        """Return the argument of `--env-file`."""
        return str(self._env_file)

    def probe(self) -> None:
        """Ask whether it runs; nobody has to be logged in for that."""
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=self.patience):  # noqa: S310 # ours
                pass
        except (OSError, urllib.error.URLError):
            raise NoAnswerError from None

    def prepare(self) -> None:
        """Make the folder that it runs in."""
        self.home.mkdir(parents=True, exist_ok=True)

    def launch(self) -> Launch:
        """Return the command of the server."""
        return Launch([*self._program(), "serve"], self.home)

    def link(self) -> str:
        """Return a one-time link: to make the first administrator, or to log in as the one who is there.

        Raises:
            ServerError: The program failed.
        """
        for command in ("setup-link", "login-link"):
            done = subprocess.run([*self._program(), command], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return done.stdout.strip()
        raise ServerError(f"no link to log in with could be made: {done.stderr.strip()}")

    def _program(self) -> list[str]:
        program = Path(sys.executable).parent / "atelier-api"
        if not program.is_file():
            raise ServerError(f"{program} is missing: run `make setup`")
        return [str(program), "--env-file", self.marker()]
