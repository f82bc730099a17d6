"""How a plant's servers are reached by way of a proxy, and how much goes by there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reliability.proxy import Faults, Proxy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atelier_demo.servers.site import Site
    from pipeline.plant import Plant

    from crash.sources import Sources

#: The variable that says where a server is.
HOSTS: Final = {"postgres": "POSTGRES_HOST", "mysql": "MYSQL_HOST", "ftp": "FTP_HOST"}


def ports(site: Site, name: str) -> tuple[int, Iterable[int]]:
    """Return a server's port, and those of its data connections."""
    if name == "postgres":
        return site.postgres.port, ()
    if name == "mysql":
        return site.mysql.port, ()
    return site.ftp.port, site.ftp.passive_ports


def bytes_of_a_run(far: Plant, sources: Sources, name: str, job: str) -> int:
    """Run a job twice, the sources having grown before each; return how many bytes the second run takes.

    The first one reads everything, which the next ones never do of logs.
    """
    for _ in range(2):
        sources.grow()
        with Proxy(*ports(far.site, name), Faults(), 0) as proxy:
            far.run_well(job)
    return proxy.counts["bytes"]
