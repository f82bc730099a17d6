"""The command `fill`: give a site's FTP server its machine logs and its MariaDB the ERP."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from atelier_demo.factory.erp import ErpManifest, make_erp
from atelier_demo.factory.logs import LogsManifest, make_logs
from atelier_demo.factory.shifts import PLANT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from atelier_demo.servers.site import Site

PIPELINE_TABLES = ("a_kopf", "a_logbuch", "p_zubeh", "a_vorgang", "p_artikel", "a_kopffreie")
"""What the pipeline may read of the ERP: all but the addresses."""


@dataclass(frozen=True)
class Filled:
    """What a site's two sources hold."""

    logs: LogsManifest
    erp: ErpManifest


def logs_note(site: Site) -> Path:
    """Give the file in which a site remembers how its logs were made."""
    return site.folder / "factory" / "logs.json"


def erp_note(site: Site) -> Path:
    """Give the file in which a site remembers how its ERP was made."""
    return site.folder / "factory" / "erp.json"


def last_half_day() -> date:
    """Give the last day at the plant whose noon has passed: up to there "today's" logs are written."""
    return (datetime.now(PLANT) - timedelta(hours=12)).date()


def fill(
    site: Site,
    *,
    seed: int = 1,
    days: int = 30,
    machines: int = 3,
    orders: int = 2000,
    until: date | None = None,
    oddities: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Filled:
    """Make both sources of a running site; the same call again changes nothing.

    Args:
        site: The local servers, started.
        seed: Names one of the many possible plants.
        days: Calendar days of logs, up to and with `until`.
        machines: Machining centres (with oddities one more appears in the last third of the days).
        orders: Orders in the ERP.
        until: The last day; its logs end at about noon. By default the last day whose noon has passed.
        oddities: Whether the logs hold everything odd that was seen at the customer's.
        progress: Takes a line of text for the person who waits.

    Returns:
        Counts of what there is.
    """
    say = progress or (lambda _: None)
    until = until or last_half_day()
    logs = make_logs(
        site.ftp_root,
        seed=seed,
        machines=machines,
        days=days,
        until=until,
        oddities=oddities,
        manifest=logs_note(site),
    )
    say(
        f"machine logs until {until}: {logs.files:,} files with {logs.lines:,} lines "
        f"of {len(logs.machines)} machines, {len(logs.oddities)} kinds of oddities"
    )
    with site.admin_mysql(None) as connection:
        erp = make_erp(connection, seed=seed, orders=orders, until=until, manifest=erp_note(site))
    site.grant_erp_reader(PIPELINE_TABLES)
    say(
        f"ERP until {until}: {erp.rows['a_kopf']:,} orders with {sum(erp.rows.values()):,} rows, "
        f"{erp.shutter_orders:,} of them roller-shutter orders to plan"
    )
    return Filled(logs, erp)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `fill`."""
    parser.add_argument("--days", type=_count, default=30, help="calendar days of machine logs (30)")
    parser.add_argument("--machines", type=_count, default=3, help="machining centres (3)")
    parser.add_argument("--orders", type=_count, default=2000, help="orders in the ERP (2000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes another plant (1)")
    parser.add_argument(
        "--until",
        type=date.fromisoformat,
        metavar="YYYY-MM-DD",
        help="the last day of the logs, written up to noon (default: the last day whose noon has passed)",
    )


def run(args: argparse.Namespace) -> int:
    """Start the site's servers where they do not run, fill the sources, and return exit status 0."""
    from atelier_demo.cli import say, site_of  # the command line imports this module

    site = site_of(args)
    site.up(say)
    fill(
        site,
        seed=args.seed,
        days=args.days,
        machines=args.machines,
        orders=args.orders,
        until=args.until,
        progress=say,
    )
    return 0


def _count(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)
