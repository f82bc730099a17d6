"""What the server is told: the variables of the contract and those that begin with `API_`."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from atelier.connections import (
    Warehouse,
    complete,
    port,
    project_root,
    read_dotenv,
    require,
    resolve,
)
from atelier.errors import AtelierError

from atelier_api.handbook.build import folder_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Fewer characters could be guessed by trying.
SHORTEST_SECRET = 32

API_DEFAULTS = {"API_HOST": "127.0.0.1", "API_PORT": "8000", "API_RATE_LIMIT": "600"}


@dataclass(frozen=True)
class Settings:
    """One server's settings."""

    warehouse: Warehouse
    host: str
    port: int
    #: Scheme, host and port under which people reach the server, without a slash at the end.
    public_url: str
    #: Signs tokens, cursors and forms; never shown.
    secret_key: str = field(repr=False)
    #: Web pages of other origins that may read the API.
    cors_origins: tuple[str, ...]
    #: Addresses or networks of proxies whose `X-Forwarded-For` is believed.
    trusted_proxies: tuple[str, ...]
    #: Requests a minute that one user, key or address may make.
    rate_limit: int
    timezone: ZoneInfo
    #: Where `make docs` puts the documentation's pages.
    docs_folder: Path

    @property
    def is_https(self) -> bool:
        """Whether people reach the server by TLS, so that cookies are for TLS alone."""
        return self.public_url.startswith("https://")

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Settings:
        """Read the settings from the variables.

        Raises:
            AtelierError: One is missing or makes no sense; the sentence names it, never a secret.
        """
        given = {**API_DEFAULTS, **{name: value for name, value in variables.items() if value}}
        require(given, ("API_SECRET_KEY",), "the server of the API")
        if len(given["API_SECRET_KEY"]) < SHORTEST_SECRET:
            raise AtelierError(
                f"API_SECRET_KEY has fewer than {SHORTEST_SECRET} characters: take a long random text, as "
                'python3 -c "import secrets; print(secrets.token_urlsafe(48))" prints'
            )
        number = port(given, "API_PORT")
        host = given["API_HOST"]
        shown = f"[{host}]" if ":" in host else host
        return cls(
            warehouse=Warehouse.of(given),
            host=host,
            port=number,
            public_url=_origin("API_PUBLIC_URL", given.get("API_PUBLIC_URL") or f"http://{shown}:{number}"),
            secret_key=given["API_SECRET_KEY"],
            cors_origins=tuple(
                _origin("API_CORS_ORIGINS", word) for word in _words(given.get("API_CORS_ORIGINS", ""))
            ),
            trusted_proxies=tuple(
                _network("API_TRUSTED_PROXIES", word) for word in _words(given.get("API_TRUSTED_PROXIES", ""))
            ),
            rate_limit=_positive("API_RATE_LIMIT", given["API_RATE_LIMIT"]),
            timezone=timezone_of(given["PLANT_TIMEZONE"]),
            docs_folder=folder_of(project_root(), given),
        )


def variables_of(environment: str, env_file: Path | None) -> dict[str, str]:
    """Return the variables that hold: those of a file, or those of a Meltano environment.

    Args:
        environment: Name of the Meltano environment.
        env_file: A file in the form of `.env` that wins over everything, or None.

    Raises:
        AtelierError: The file is not there, or the environment's servers were never started.
    """
    if env_file is None:
        return resolve(project_root(), environment, os.environ)
    if not env_file.is_file():
        raise AtelierError(f"there is no file {env_file}: name the file with the server's variables")
    return complete(project_root(), os.environ, read_dotenv(env_file))


def _words(text: str) -> list[str]:
    return [word for word in text.replace(",", " ").split() if word]


def _origin(name: str, text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/") or parts.query:
        raise AtelierError(
            f"{name} names {text!r}: give scheme, host and port, as in https://atelier.example:8443"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _network(name: str, text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise AtelierError(f"{name} names {text!r}: give IP addresses or networks, as in 10.0.0.5") from None


def _positive(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise AtelierError(f"{name} is {text!r}: give a number of requests a minute, 1 or more")
    return int(text)


def timezone_of(name: str) -> ZoneInfo:
    """Return the plant's time zone; raises AtelierError where PLANT_TIMEZONE names none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise AtelierError(f"PLANT_TIMEZONE is {name!r}, which is no time zone: as in Europe/Paris") from None
