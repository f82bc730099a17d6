"""The program `atelier`: checks, alerts, scheduler, schedules, roles, personal data, backups."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg2
from target_warehouse.plain_text import plain_lines

from atelier import checks, locks, redaction, refusals, report, roles
from atelier.alerts import commands as alerts
from atelier.backup import commands as backup
from atelier.connections import Warehouse, complete, project_root, resolve
from atelier.errors import AtelierError, of_system
from atelier.gdpr import commands as gdpr
from atelier.last_words import FAILURE_MARK
from atelier.scheduler import commands as scheduler
from atelier.schedules import commands as schedules
from atelier.warehouse import LOCK_WATCH, connect

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> int:
    """Run a command; exit status 1 and one sentence when it fails."""
    arguments = _parser().parse_args()
    run: Callable[[argparse.Namespace], str] = arguments.run
    redaction.install()
    with locks.watched(lambda: connect(_warehouse_of(arguments), LOCK_WATCH), _tell) as watch:
        if arguments.command == "scheduler":
            # It works for months, and what it starts watches itself.
            watch.end()
        try:
            print(run(arguments))  # noqa: T201 # a command-line program
        except AtelierError as error:
            return _failed(error, watch)
        except OSError as error:
            return _failed(of_system(error), watch)
        except psycopg2.Error as error:
            return _failed(refusals.of_statement(error, _warehouse_of(arguments)), watch)
    return 0


def _tell(text: str) -> None:
    print(plain_lines(text), file=sys.stderr)  # noqa: T201 # a command-line program


def _failed(error: AtelierError, watch: locks.Watch) -> int:
    _tell(f"{FAILURE_MARK}{watch.explained(str(error))}")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="atelier", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="can a source be read, and is it what it should be?")
    check.add_argument("source", choices=sorted(checks.CHECKS))
    check.set_defaults(run=lambda arguments: checks.CHECKS[arguments.source](_given()))
    problems = commands.add_parser("report-problems", help="fail if a log file or folder could not be read")
    problems.set_defaults(run=lambda _: report.report_problems(_given()))
    listed = commands.add_parser(
        "report-orders", help="orders that are in no list because of what the ERP holds"
    )
    listed.set_defaults(run=lambda _: report.report_orders(_given()))
    show = commands.add_parser(
        "roles", help="who may do what in the warehouse, and how to make a log-in a member"
    )
    show.add_argument(
        "--sql", action="store_true", help="the SQL with which an administrator makes the roles"
    )
    _add_environment(show)
    show.set_defaults(run=_roles)
    service = commands.add_parser("scheduler", help="starts runs when Meltano's schedules say so")
    verbs = service.add_subparsers(dest="part", required=True)
    for name, (help_text, operation) in scheduler.COMMANDS.items():
        verb = verbs.add_parser(name, help=help_text)
        _add_environment(verb)
        verb.set_defaults(run=operation)
    schedules.add_arguments(
        commands.add_parser("schedules", help="Meltano's schedules: when, and for whom"), _add_environment
    )
    personal = commands.add_parser("gdpr", help="personal data: register, erasure, access, retention")
    parts = personal.add_subparsers(dest="part", required=True)
    for name, (help_text, operation) in gdpr.COMMANDS.items():
        part = parts.add_parser(name, help=help_text)
        _add_environment(part)
        part.set_defaults(run=operation)
    told = commands.add_parser("alerts", help="what is wrong now, and who is told")
    alert_parts = told.add_subparsers(dest="part", required=True)
    for name, (help_text, operation) in alerts.COMMANDS.items():
        part = alert_parts.add_parser(name, help=help_text)
        _add_environment(part)
        part.set_defaults(run=operation)
    backup.add_to(commands, _add_environment)
    return parser


def _given() -> dict[str, str]:
    """Return the variables of a step of a run: those that it was given."""
    return complete(project_root(), os.environ)


def _add_environment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--environment",
        default=os.environ.get("MELTANO_ENVIRONMENT") or "dev",
        help="the Meltano environment whose warehouse is meant",
    )


def _warehouse_of(arguments: argparse.Namespace) -> Warehouse:
    """Return the warehouse that is meant; a step of a run has it in its own environment."""
    environment = getattr(arguments, "environment", None)
    return Warehouse.of(resolve(project_root(), environment, os.environ) if environment else os.environ)


def _roles(arguments: argparse.Namespace) -> str:
    warehouse = _warehouse_of(arguments)
    with closing(connect(warehouse)) as connection:
        return (roles.script if arguments.sql else roles.overview)(connection, warehouse)
