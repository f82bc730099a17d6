"""The program `atelier`: the checks that come before a run, and the report at its end."""

from __future__ import annotations

import argparse
import os
import sys

from atelier import checks, report
from atelier.errors import AtelierError
from atelier.last_words import FAILURE_MARK


def main() -> int:
    """Run a command; exit status 1 and one sentence when it fails."""
    parser = argparse.ArgumentParser(prog="atelier", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="can a source be read, and is it what it should be?")
    check.add_argument("source", choices=sorted(checks.CHECKS))
    commands.add_parser("report-problems", help="fail if a log file or folder could not be read")
    arguments = parser.parse_args()
    try:
        if arguments.command == "check":
            print(checks.CHECKS[arguments.source](os.environ))  # noqa: T201 # a command-line program
        else:
            print(report.report_problems(os.environ))  # noqa: T201 # a command-line program
    except AtelierError as error:
        print(f"{FAILURE_MARK}{error}", file=sys.stderr)  # noqa: T201 # a command-line program
        return 1
    return 0
