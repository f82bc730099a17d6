"""Real local servers: PostgreSQL, MariaDB and vsftpd on free loopback ports, with private data folders."""

from __future__ import annotations

from atelier_demo.servers.base import ServerStatus
from atelier_demo.servers.errors import ServerError
from atelier_demo.servers.site import Site

__all__ = ["ServerError", "ServerStatus", "Site"]
