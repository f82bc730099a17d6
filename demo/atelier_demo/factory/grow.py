"""The command `grow`: let the machines finish the day whose logs are still being written."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING

from atelier.errors import AtelierError

from atelier_demo.factory.fill import logs_note
from atelier_demo.factory.logs import grow_logs
from atelier_demo.factory.manifests import read_arguments

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from atelier_demo.servers.site import Site


def grow(site: Site, *, progress: Callable[[str], None] | None = None) -> int:
    """Complete the logs that `fill` left half written; a second call changes nothing.

    Returns:
        The number of files that grew.

    Raises:
        AtelierError: the site's logs were never filled.
    """
    filled = read_arguments(logs_note(site))
    if filled is None:
        raise AtelierError(f"{site.folder} holds no logs that could grow: run `atelier-demo fill` first")
    grown = grow_logs(
        site.ftp_root,
        seed=filled["seed"],
        until=date.fromisoformat(filled["until"]),
        now=filled.get("now") or math.inf,
        machines=filled["machines"],
        oddities=filled["oddities"],
    )
    if progress is not None:
        end = "up to now" if filled.get("now") else "to the end of the day"
        progress(f"machine logs of {filled['until']}: {grown} files grew {end}")
    return grown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `grow`: none, it continues what `fill` did."""
    del parser


def run(args: argparse.Namespace) -> int:
    """Let the site's logs grow, and return exit status 0; the servers need not run."""
    from atelier_demo.cli import say, site_of  # the command line imports this module

    grow(site_of(args), progress=say)
    return 0
