"""The command `fill`: give a site's FTP server its machine logs and its MariaDB the ERP."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Final

from atelier.errors import AtelierError

from atelier_demo.factory.ending import Ending, remembered
from atelier_demo.factory.erp import ErpManifest, make_erp
from atelier_demo.factory.logs import LogsManifest, make_logs
from atelier_demo.factory.manifests import read_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from atelier_demo.servers.site import Site

PIPELINE_TABLES = ("a_kopf", "a_logbuch", "p_zubeh", "a_vorgang", "p_artikel", "a_kopffreie")
"""What the pipeline may read of the ERP: all but the addresses."""


@dataclass(frozen=True)
class Amount:
    """How much of something is made: by default, at least, at most."""

    default: int
    least: int
    greatest: int
    meaning: str


AMOUNTS: Final = {
    "days": Amount(30, 1, 3650, "calendar days of machine logs"),
    "machines": Amount(4, 1, 100, "machining centres; the fourth comes later and has accents"),
    "orders": Amount(2000, 1, 200_000, "orders in the ERP"),
    "seed": Amount(1, 0, 999_999_999, "another seed makes another plant"),
}


@dataclass(frozen=True)
class Filled:
    """What a site's two sources hold."""

    logs: LogsManifest
    erp: ErpManifest


def logs_note(site: Site) -> Path:
    """Give the file in which a site remembers how its logs were made."""
    return site.folder / "factory" / "logs.json"


def last_moment_note(site: Site) -> Path:
    """Give the file in which a site remembers until when its sources were made."""
    return site.folder / "last-day"


def erp_note(site: Site) -> Path:
    """Give the file in which a site remembers how its ERP was made."""
    return site.folder / "factory" / "erp.json"


def fill(
    site: Site,
    made: Mapping[str, int],
    *,
    ending: Ending | None = None,
    oddities: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Filled:
    """Make both sources of a running site; the same call again changes nothing.

    Args:
        site: The local servers, started.
        made: How much of everything (see `AMOUNTS`).
        ending: Until when; by default until the moment at which the site was filled first.
        oddities: Whether the logs hold everything odd that was seen at the customer's.
        progress: Takes a line of text for the person who waits.

    Returns:
        Counts of what there is.
    """
    say = progress or (lambda _: None)
    ending = ending or remembered(last_moment_note(site))
    logs = make_logs(
        site.ftp_root,
        seed=made["seed"],
        machines=made["machines"],
        days=made["days"],
        until=ending.day,
        now=ending.now,
        oddities=oddities,
        manifest=logs_note(site),
    )
    say(
        f"machine logs until {ending.day}: {logs.files:,} files with {logs.lines:,} lines "
        f"of {len(logs.machines)} machines, {len(logs.oddities)} kinds of oddities"
    )
    with site.admin_mysql(None) as connection:
        erp = make_erp(
            connection,
            seed=made["seed"],
            orders=made["orders"],
            until=ending.erp_day,
            manifest=erp_note(site),
        )
    site.grant_erp_reader(PIPELINE_TABLES)
    say(
        f"ERP until {ending.erp_day}: {erp.rows['a_kopf']:,} orders with {sum(erp.rows.values()):,} rows, "
        f"{erp.shutter_orders:,} of them roller-shutter orders to plan"
    )
    return Filled(logs, erp)


def amounts(site: Site, wanted: Mapping[str, int | None]) -> dict[str, int]:
    """Return how much of everything is made: what is wanted, else what there is, else the default.

    Raises:
        AtelierError: There is something already, and not as much as is wanted.
    """
    made = (read_arguments(logs_note(site)) or {}) | (read_arguments(erp_note(site)) or {})
    for name, number in wanted.items():
        if number is not None and made.get(name, number) != number:
            raise AtelierError(
                f"the demo was made with {name.upper()}={made[name]}, not {number}: leave it out, "
                "or run `make demo-reset` first, which deletes the demo's data"
            )
    given = {name: number for name, number in wanted.items() if number is not None}
    return {name: (made | given).get(name, amount.default) for name, amount in AMOUNTS.items()}


def add_amounts(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how much is made; they may be set in the environment as well."""
    for name, amount in AMOUNTS.items():
        parser.add_argument(
            f"--{name}",
            type=partial(_number, name, amount),
            default=os.environ.get(name.upper()) or None,
            help=f"{amount.meaning} (default: {amount.default}, or as it was made before)",
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `fill`."""
    add_amounts(parser)
    parser.add_argument(
        "--until",
        type=date.fromisoformat,
        metavar="YYYY-MM-DD",
        help="the last day of the logs, written up to noon (default: up to now)",
    )


def run(args: argparse.Namespace) -> int:
    """Start the site's servers where they do not run, fill the sources, and return exit status 0."""
    from atelier_demo.cli import say, site_of  # the command line imports this module

    site = site_of(args)
    made = amounts(site, {name: getattr(args, name) for name in AMOUNTS})
    site.up(say)
    fill(site, made, ending=Ending.of_day(args.until) if args.until else None, progress=say)
    return 0


def _number(name: str, amount: Amount, text: str) -> int:
    """Read how much is to be made of something."""
    if text.isascii() and text.isdigit() and amount.least <= int(text) <= amount.greatest:
        return int(text)
    raise argparse.ArgumentTypeError(
        f"{name.upper()} is {text!r}: give a whole number from {amount.least} to {amount.greatest}"
    )
