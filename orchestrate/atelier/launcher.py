"""The program `.venv/bin/meltano`: Meltano with Atelier's connections (docs/adr/0003).

Meltano reads its system database's address from a setting in which a password would have to be escaped, and
knows nothing of local servers on free ports. So this sets both up, then runs Meltano in the same process. A
`meltano run` holds the warehouse for itself; when it fails, its last line says why.
"""

from __future__ import annotations

import os
import sys
import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING

from atelier import redaction, roles, warehouse
from atelier.connections import Warehouse, project_root, resolve
from atelier.errors import AtelierError
from atelier.gdpr import store
from atelier.last_words import LastWords

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class

#: Commands that read or write the warehouse.
WORKING_COMMANDS = {
    "run",
    "invoke",
    "el",
    "elt",
    "state",
    "config",
    "select",
    "test",
    "schedule",
    "job",
    "logs",
}

#: Seconds that a run waits for another one to end before it gives up.
WAIT_SECONDS = 600.0


def environment_of(arguments: list[str]) -> str:
    """Return the name of the Meltano environment that a command line asks for."""
    for position, argument in enumerate(arguments):
        if argument.startswith("--environment="):
            return argument.partition("=")[2]
        if argument == "--environment" and position + 1 < len(arguments):
            return arguments[position + 1]
        if not argument.startswith("-") and argument in WORKING_COMMANDS:
            break
    return os.environ.get("MELTANO_ENVIRONMENT") or "dev"


def command_of(arguments: list[str]) -> str | None:
    """Return the Meltano command of a command line, or None where it only asks for help or the version."""
    if "--help" in arguments or "--version" in arguments:
        return None
    return next((argument for argument in arguments if argument in WORKING_COMMANDS), None)


def say(text: str) -> None:
    """Print a line of ours on standard error, where Meltano's log goes."""
    print(f"atelier: {text}", file=sys.stderr, flush=True)  # noqa: T201 # a command-line program


def main() -> int:
    """Run Meltano; return its exit status, or 1 when it could not start."""
    redaction.install()
    arguments = sys.argv[1:]
    command = command_of(arguments)
    try:
        root = project_root()
        if command is None:
            return _meltano(arguments)
        with ExitStack() as run:
            connection, target = _prepare(arguments, command, root, run)
            if command == "run":
                # The lock says that no other run is at work, whatever a killed one left in Meltano's tables.
                arguments.insert(arguments.index("run") + 1, "--force")
            status = _meltano(["--env-file", os.devnull, *arguments])
            if command == "run" and not status:
                # Some rights can only be given on tables that are there: those that this run has made.
                roles.settle(connection, target)
    except AtelierError as error:
        say(f"failed: {error}")
        return 1
    if status and command == "run":
        say(f"failed: {LastWords.sentence() or 'the reason is in the lines above'}")
    return status


def _prepare(arguments: list[str], command: str, root: Path, run: ExitStack) -> tuple[Connection, Warehouse]:
    # What Meltano and its plugins write meanwhile may hold passwords: their configuration does.
    os.umask(0o077)
    variables = resolve(root, environment_of(arguments), os.environ)
    target = Warehouse.of(variables)
    if command == "run" and target.warning:
        say(f"warning: {target.warning}")
    connection = warehouse.connect(target)
    run.callback(connection.close)
    warehouse.prepare(connection, target)
    store.prepare(connection, target)
    if command == "run":
        run.enter_context(warehouse.exclusive_run(connection, WAIT_SECONDS, say))
        warehouse.make_system_tables(connection, target)
    names = roles.settle(connection, target, say if command == "run" else None)
    os.environ.update(variables)
    os.environ.update(
        {
            **roles.variables(names),
            "MELTANO_DATABASE_URI": target.system_database_uri,
            "MELTANO_CLI_LOG_CONFIG": str(root / "orchestrate" / "logging.yaml"),
            # Steps of ours that a run starts work under its lock.
            warehouse.HELD: "1" if command == "run" else "",
            # The name of every session of this run: what a killed run leaves behind is found by it.
            "PGAPPNAME": warehouse.SESSION_PREFIX + uuid.uuid4().hex[:12],
        }
    )
    return connection, target


def _meltano(arguments: list[str]) -> int:
    sys.argv = ["meltano", *arguments]
    from meltano.cli import main as meltano_main

    # Meltano puts a hook there that breaks the lines of a traceback, and secrets with them.
    sys.excepthook = sys.__excepthook__
    try:
        meltano_main()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return int(end.code or 0)
        say(str(end.code))
        return 1
    return 0
