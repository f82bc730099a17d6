"""The program `atelier`: checks and the report of a run, the roles, the register of personal data."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import closing

from atelier import checks, report, roles
from atelier.connections import Warehouse, project_root, resolve
from atelier.errors import AtelierError
from atelier.gdpr.register import write_register
from atelier.last_words import FAILURE_MARK
from atelier.warehouse import connect


def main() -> int:
    """Run a command; exit status 1 and one sentence when it fails."""
    parser = argparse.ArgumentParser(prog="atelier", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="can a source be read, and is it what it should be?")
    check.add_argument("source", choices=sorted(checks.CHECKS))
    commands.add_parser("report-problems", help="fail if a log file or folder could not be read")
    show = commands.add_parser(
        "roles", help="who may do what in the warehouse, and how to make a log-in a member"
    )
    show.add_argument(
        "--sql", action="store_true", help="the SQL with which an administrator makes the roles"
    )
    show.add_argument(
        "--environment",
        default=os.environ.get("MELTANO_ENVIRONMENT") or "dev",
        help="the Meltano environment whose warehouse is meant",
    )
    commands.add_parser("gdpr-register", help="write the register of processing from the tags of the columns")
    arguments = parser.parse_args()
    try:
        if arguments.command == "check":
            print(checks.CHECKS[arguments.source](os.environ))  # noqa: T201 # a command-line program
        elif arguments.command == "roles":
            print(_roles(arguments.environment, sql=arguments.sql))  # noqa: T201 # a command-line program
        elif arguments.command == "gdpr-register":
            print(write_register(project_root()))  # noqa: T201 # a command-line program
        else:
            print(report.report_problems(os.environ))  # noqa: T201 # a command-line program
    except AtelierError as error:
        print(f"{FAILURE_MARK}{error}", file=sys.stderr)  # noqa: T201 # a command-line program
        return 1
    return 0


def _roles(environment: str, *, sql: bool) -> str:
    warehouse = Warehouse.of(resolve(project_root(), environment, os.environ))
    with closing(connect(warehouse)) as connection:
        return (roles.script if sql else roles.overview)(connection, warehouse)
