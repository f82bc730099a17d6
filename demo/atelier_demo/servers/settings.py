"""What a site remembers between starts: its ports and its random passwords."""

from __future__ import annotations

import json
import os
import re
import secrets
from typing import TYPE_CHECKING

from atelier_demo.servers import ports
from atelier_demo.servers.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SECRET_NAMES = (
    "ftp_password",
    "mysql_password",
    "mysql_admin_password",
    "postgres_password",
    "postgres_admin_password",
    "pseudonym_key",
    "api_secret_key",
)
#: Servers and the number of neighbouring ports that each listens on.
PORT_COUNTS = {"ftp": 1, "ftp_passive": ports.PASSIVE_PORT_COUNT, "mysql": 1, "postgres": 1, "api": 1}

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")


class Settings:
    """Ports and passwords of one site, kept in a file that only its owner may read."""

    def __init__(self, path: Path, on_save: Callable[[], None]) -> None:
        """Name the file; nothing is read or written yet.

        Args:
            path: The file, JSON.
            on_save: Called after each change, so that what is derived from it follows.
        """
        self._path = path
        self._on_save = on_save
        self._ports: dict[str, int] = {}
        self._secrets: dict[str, str] = {}

    def read(self) -> bool:
        """Read the file; return False when there is none yet.

        Raises:
            ServerError: The file is not what we wrote, or cannot be read.
        """
        try:
            stored: dict[str, dict[str, object]] = json.loads(self._path.read_text(encoding="utf-8"))
            self._ports = {name: int(str(port)) for name, port in stored["ports"].items()}
            self._secrets = {name: str(secret) for name, secret in stored["secrets"].items()}
        except FileNotFoundError:
            return False
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ServerError(
                f"the local servers' settings {self._path} cannot be read ({type(error).__name__}): "
                "restore the file, or delete it (new ports and passwords are then made up)"
            ) from None
        return True

    def load(self) -> None:
        """Read the file; make up and save whatever is not in it.

        Raises:
            ServerError: The file cannot be read or written.
        """
        self.read()
        before = (dict(self._ports), dict(self._secrets))
        for name in SECRET_NAMES:
            self._secrets.setdefault(name, secrets.token_urlsafe(32))
        for name in PORT_COUNTS:
            if name not in self._ports:
                self._choose_port(name)
        if before != (self._ports, self._secrets):
            self.save()

    def port(self, name: str) -> int:
        """Return the (first) port of a server; 0 before the first start."""
        return self._ports.get(name, 0)

    def secret(self, name: str) -> str:
        """Return a password or the key; empty before the first start."""
        return self._secrets.get(name, "")

    def renew_port(self, name: str) -> int:
        """Choose another free port for a server, because its own is taken; return it."""
        self._choose_port(name)
        self.save()
        return self._ports[name]

    def save(self) -> None:
        """Write the file."""
        text = json.dumps({"ports": self._ports, "secrets": self._secrets}, indent=2)
        write_private(self._path, text + "\n")
        self._on_save()

    def _choose_port(self, name: str) -> None:
        taken = {
            port
            for other, first in self._ports.items()
            if other != name
            for port in range(first, first + PORT_COUNTS.get(other, 1))
        }
        # The one that turned out to be taken is not a candidate either, even if it is free again by now.
        self._ports[name] = ports.choose(PORT_COUNTS[name], taken | {self._ports.get(name, 0)})


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, at once: a reader sees the old text or the new one.

    Raises:
        ServerError: It cannot be written.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(path)
    except OSError as error:
        raise ServerError(
            f"{path} cannot be written ({error.strerror}): make room on the disk, or run this as the user to "
            "whom the folder belongs"
        ) from None


def dotenv(variables: Mapping[str, str]) -> str:
    """Return variables in the form of a `.env` file."""
    lines = []
    for name, value in variables.items():
        if not _PLAIN.fullmatch(value):
            value = "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
        lines.append(f"{name}={value}\n")
    return "".join(lines)
