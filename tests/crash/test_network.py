"""Connections that are cut or fall silent after some bytes, between us and each of the three servers."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from reliability.figures import CRASHES
from reliability.proxy import HOST, Faults, Proxy

from crash.compare import Twin, assert_nothing_happened
from crash.network import HOSTS, bytes_of_a_run, ports
from crash.sources import Sources
from crash.victims import assert_told
from extract.tap_mysql.tests.certificates import make_certificate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from atelier_demo.servers.site import Site
    from pipeline.plant import Plant

# Slow: dozens of whole runs.
pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(7200)]

SEED = 8
CUTS = 5
STALL_SECONDS = 20.0


@pytest.fixture
def tls(site: Site, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Let the FTP server demand TLS; yield the variables by which it is reached."""
    certificate = make_certificate(tmp_path, "server", HOST)
    wanted = {
        "ssl_enable": "YES",
        "allow_anon_ssl": "YES",
        # The fixture of the servers logs in without.
        "force_anon_logins_ssl": "NO",
        "force_anon_data_ssl": "NO",
        "require_ssl_reuse": "YES",
        "ssl_ciphers": "HIGH",
        "rsa_cert_file": str(certificate),
    }
    site.ftp.stop()
    site.ftp.options.update(wanted)
    site.ftp.start()
    yield {"FTP_TLS": "explicit", "FTP_TLS_CA": str(certificate)}
    site.ftp.stop()
    for name in wanted:
        del site.ftp.options[name]
    site.ftp.start()


# Of a source only the part of a run that reads it; the marts are made of it at the end.
@pytest.mark.parametrize(
    ("name", "job"),
    [("postgres", "elt"), ("mysql", "erp"), ("ftp", "ftplogs"), ("ftp over TLS", "ftplogs")],
)
def test_a_connection_that_is_cut_or_stalled(
    site: Site, new_plant: Callable[..., Plant], request: pytest.FixtureRequest, name: str, job: str
) -> None:
    server = name.partition(" ")[0]
    plant = new_plant(f"cut_{name.replace(' ', '_').lower()}", evening=True)
    sources = Sources(plant, SEED, CUTS + 3)
    twin = Twin(plant)
    variables = {HOSTS[server]: HOST}
    if "TLS" in name:
        variables |= request.getfixturevalue("tls")
    far = plant.reached_by(**variables)
    size = bytes_of_a_run(far, sources, server, job)
    dice = random.Random(SEED)  # noqa: S311 # to be repeated, not to be secret
    failed = recovered = breaks = 0
    for number in range(CUTS + 1):
        sources.grow()
        # The last time it only falls silent, and everything waits.
        is_stall = number == CUTS
        after = dice.randrange(size // 50, size * 2 // 3)
        faults = Faults(break_after_bytes=after, break_by_stall=is_stall, stall_seconds=STALL_SECONDS)
        with Proxy(*ports(site, server), faults, SEED) as proxy:
            status, output = far.run(job)
        breaks += proxy.counts["breaks"]
        last = output.splitlines()[-1]
        print(f"{name} {'stalled' if is_stall else 'cut'} after {after:,} of {size:,} bytes: {status} {last}")  # noqa: T201
        if status:
            failed += 1
            assert_told(status, output)
            assert not is_stall, output[-3000:]
        else:
            recovered += 1
    assert breaks == CUTS + 1
    rows = assert_nothing_happened(plant, sources, twin)
    CRASHES.keep(
        "Connections broken during a run",
        f"{name}, during `{job}`, seed {SEED}",
        **{
            "times": breaks,
            "runs that failed and said so": failed,
            "runs that got by": recovered,
            "rows compared": f"{rows:,}",
        },
    )
