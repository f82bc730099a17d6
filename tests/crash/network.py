"""How a plant's servers are reached by way of a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atelier_demo.servers.site import Site

#: The variable that says where a server is.
HOSTS: Final = {"postgres": "POSTGRES_HOST", "mysql": "MYSQL_HOST", "ftp": "FTP_HOST"}


def ports(site: Site, name: str) -> tuple[int, Iterable[int]]:
    """Return a server's port, and those of its data connections."""
    if name == "postgres":
        return site.postgres.port, ()
    if name == "mysql":
        return site.mysql.port, ()
    return site.ftp.port, site.ftp.passive_ports
