"""The demo from end to end: servers, sources, `meltano run elt`, the rest of the day, a summary."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from atelier_demo import summary
from atelier_demo.factory.fill import amounts, fill
from atelier_demo.factory.grow import grow
from atelier_demo.pipeline import run_meltano

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from atelier_demo.servers.site import Site


def run_demo(root: Path, site: Site, wanted: Mapping[str, int | None], say: Callable[[str], None]) -> None:
    """Run the demo; quick, and without any change, where it has been run before.

    Args:
        root: The project's folder.
        site: The local servers, running or not.
        wanted: How much of the sources is made (see `AMOUNTS`).
        say: Prints a line for the person who waits.

    Raises:
        AtelierError: The demo was made before, with other amounts.
        PipelineError: A run of Meltano failed.
        ServerError: A server cannot be started.
    """
    started = time.monotonic()
    log = site.folder / "log" / "meltano.log"
    made = amounts(site, wanted)
    variables = site.up(say)
    fill(site, made, progress=say)
    say("meltano run elt: extract, load, transform, test (about a minute the first time)")
    say(f"meltano run elt: done in {run_meltano(root, 'elt', log, say):.0f} s")
    if grow(site, progress=say):
        say("meltano run ftplogs-to-marts: loads what the machines have written since")
        say(f"meltano run ftplogs-to-marts: done in {run_meltano(root, 'ftplogs-to-marts', log, say):.0f} s")
    # Afresh, so that it is the program as it is installed now.
    site.api.stop()
    site.api.start(say)
    say("")
    for line in summary.lines(variables):
        say(line)
    say(f"""
All of it took {time.monotonic() - started:.0f} s. What next:
  {site.api.link()}
                               the dashboard: this link works once, for an hour; later {site.api.address}
  make docs                    what the tables and columns mean, and where they come from; then /docs there
  make demo-status             what runs where
  .venv/bin/meltano run elt    again: nothing new, nothing written
  make demo-down               stop the servers
The machines' files lie in {site.ftp_root}: append a line to one and run again.
How to log in to the warehouse, the ERP and the FTP server: {site.env_file}""")
