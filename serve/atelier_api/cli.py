"""The program `atelier-api`: the server, and what its administrator does on the command line."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop
from atelier import redaction
from atelier.connections import project_root
from atelier.errors import AtelierError

from atelier_api import commands
from atelier_api.app import routes
from atelier_api.errors import ProblemError
from atelier_api.handbook.build import build, folder_of
from atelier_api.server import serve
from atelier_api.settings import Settings, timezone_of, variables_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; exit status 1 and one sentence when it fails."""
    options = parser().parse_args(arguments)
    redaction.install()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    try:
        variables = variables_of(options.environment, options.env_file)
        if options.function is _docs:
            # Made by the pipeline's service, which has no key of the API.
            _docs(variables, options.environment)
        else:
            uvloop.run(options.function(Settings.of(variables), options))
    except (AtelierError, ProblemError) as error:
        sys.stderr.write(f"atelier-api: {error}\n")
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    top = argparse.ArgumentParser(prog="atelier-api", description=__doc__)
    top.add_argument(
        "--environment",
        default=os.environ.get("MELTANO_ENVIRONMENT") or "dev",
        help="the Meltano environment whose warehouse is meant (default: dev)",
    )
    top.add_argument(
        "--env-file", type=Path, metavar="FILE", help="take the variables from this file, in the form of .env"
    )
    subcommands = top.add_subparsers(metavar="COMMAND", required=True)
    command = subcommands.add_parser("serve", help="serve the API and the dashboard until it is stopped")
    command.set_defaults(function=_serve)
    command = subcommands.add_parser(
        "docs", help="make the documentation's pages, docs/site, which the server has under /docs"
    )
    command.set_defaults(function=_docs)
    commands.add_to(subcommands)
    return top


async def _serve(settings: Settings, _options: argparse.Namespace) -> None:
    if settings.warehouse.warning:
        logging.getLogger("atelier_api").warning(settings.warehouse.warning)
    sys.stdout.write(f"Atelier: {settings.public_url}\n")
    sys.stdout.flush()
    await serve(settings)


def _docs(variables: Mapping[str, str], environment: str) -> None:
    root = project_root()
    folder = folder_of(root, variables)
    # The server of the API, a user of its own, reads what is made here by its group.
    os.umask(0o027)
    build(
        root,
        folder,
        variables,
        target=environment,
        description=routes().openapi(),
        timezone=timezone_of(variables["PLANT_TIMEZONE"]),
    )
    sys.stdout.write(f"The documentation is in {folder}; the server has it under /docs\n")
