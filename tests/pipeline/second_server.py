"""Another PostgreSQL beside the tests' own: of any installed version, with an empty database."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from atelier_demo.servers.base import Surroundings
from atelier_demo.servers.locks import FolderLock
from atelier_demo.servers.packages import Packages
from atelier_demo.servers.places import packages_folder
from atelier_demo.servers.postgres import Postgres, installations
from atelier_demo.servers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class OtherPostgres(Postgres):
    """A server of a version of its own."""

    def __init__(self, folder: Path, major: int) -> None:
        settings = Settings(folder / "settings.json", lambda: None)
        lock = FolderLock(folder / "lock", f"the folder of another server {folder}")
        super().__init__(Surroundings(folder, settings, lock, Packages(packages_folder(folder))))
        self.major = major

    def programs(self) -> Path:
        return installations()[self.major]

    def variables(self) -> dict[str, str]:
        """Where it is, by the names of the contract."""
        return {
            "POSTGRES_PORT": str(self.port),
            "POSTGRES_PASSWORD": self.site.settings.secret("postgres_password"),
            "POSTGRES_DB": "atelier",
        }


@contextmanager
def another_server(folder: Path, major: int | None = None) -> Iterator[OtherPostgres]:
    """Run a new server in a folder, of the newest version unless told otherwise; remove it in the end."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    server = OtherPostgres(folder, major or max(installations()))
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
