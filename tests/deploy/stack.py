"""What `docker compose --profile trial up` has started."""

from __future__ import annotations

import time
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from deploy.engine import Engine


class Stack:
    """What `docker compose --profile trial up` has started."""

    def __init__(self, engine: Engine, folder: Path, address: str) -> None:
        self.engine = engine
        self.folder = folder
        self.address = address

    def compose(self, *words: str, seconds: float = 900) -> str:
        """Run Compose."""
        return self.engine.run(
            "docker-compose", "--profile", "trial", *words, folder=self.folder, seconds=seconds
        )

    def inside(self, service: str, *command: str) -> str:
        """Run a command in a container that runs."""
        return self.compose("exec", "-T", service, *command)

    def sql(self, statement: str) -> str:
        """Ask the warehouse, as PostgreSQL's administrator."""
        command = ("psql", "--username=postgres", "--dbname=atelier", "--no-align", "--tuples-only")
        return self.inside("postgres", *command, "--command", statement).strip()

    def container(self, service: str) -> str:
        """The id of a service's container."""
        return self.compose("ps", "--quiet", service).strip()

    def inspect(self, service: str, what: str) -> str:
        """Something that the engine knows of a container."""
        return self.engine.run("docker", "inspect", "--format", what, self.container(service)).strip()

    def secrets(self) -> dict[str, str]:
        """The secrets by their names."""
        files = (self.folder / "deploy" / "secrets").iterdir()
        return {path.name: path.read_text() for path in files if path.read_text()}

    def get(self, path: str) -> int:
        """The status of an answer of the API."""
        with urllib.request.urlopen(f"{self.address}{path}", timeout=10) as reply:  # noqa: S310 # ours
            return int(reply.status)

    def wait_for(self, service: str, what: str, wanted: str, seconds: float = 400) -> None:
        """Wait until the engine says of a container what is wanted."""
        end = time.monotonic() + seconds
        container = self.container(service)
        while (state := self.engine.run("docker", "inspect", "--format", what, container).strip()) != wanted:
            assert time.monotonic() < end, f"{service}: {state}\n{self.compose('logs', '--tail=40', service)}"
            time.sleep(1)
