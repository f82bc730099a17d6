"""The program `.venv/bin/meltano`: Meltano with Atelier's connections (docs/adr/0003).

Meltano reads its system database's address from a setting in which a password would have to be escaped, and
knows nothing of local servers on free ports. So this sets both up, then runs Meltano in the same process. A
`meltano run` holds the warehouse for itself and is recorded in its history; when it fails, its last line says
why.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import uuid
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
from target_warehouse import sessions
from target_warehouse.plain_text import plain_lines

from atelier import leftovers, locks, places, plugin_configuration, redaction, refusals, roles, warehouse
from atelier.connections import Warehouse, project_root, resolve, run_wait_seconds
from atelier.errors import AtelierError, of_system
from atelier.gdpr import store
from atelier.last_words import LastWords
from atelier.ops import logs, migrations, models, runs
from atelier.ops.steps import Watch, names_of, now
from atelier.ops.steps import check as check_blocks
from atelier.seeds import reading as seeds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType
    from typing import NoReturn

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

#: What writes into the warehouse without being a run: dbt's commands, and Meltano's on its state.
WRITING_DBT = {"build", "clone", "retry", "run", "run-operation", "seed", "snapshot"}
WRITING_STATE = {"clear", "copy", "edit", "merge", "move", "set"}

#: Options of `meltano run` that a word follows.
OPTIONS_WITH_VALUE = {"--run-id", "--state-id-suffix", "--state-strategy", "--timeout"}

#: Seconds that a run waits for another one to end before it gives up, unless RUN_WAIT_SECONDS says otherwise.
WAIT_SECONDS = 600


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


def blocks_of(arguments: list[str]) -> list[str]:
    """Return what `meltano run` is asked for: jobs, commands and plugins, without options."""
    after = iter(arguments[arguments.index("run") + 1 :])
    blocks = []
    for argument in after:
        if argument in OPTIONS_WITH_VALUE:
            next(after, None)
        elif not argument.startswith("-"):
            blocks.append(argument)
    return blocks


def writes(arguments: list[str]) -> bool:
    """Tell whether a command that is no run may write into the warehouse: it must not meet a run."""
    words = iter(arguments)
    command = next((word for word in words if word in WORKING_COMMANDS), None)
    names = [word for word in words if not word.startswith("-")]
    if command == "invoke" and names:
        plugin, _, wanted = names[0].partition(":")
        if plugin == "dbt":
            return bool(WRITING_DBT & {wanted, *names[1:]})
        return plugin.startswith("target-")
    if command == "state":
        return bool(WRITING_STATE & set(names[:1]))
    return command in {"el", "elt"}


def meltano_folder(root: Path, variables: Mapping[str, str]) -> Path:
    """Return the folder in which Meltano keeps its files."""
    return Path(variables.get("MELTANO_SYS_DIR_ROOT") or root / ".meltano")


def say(text: str) -> None:
    """Print a line of ours on standard error, where Meltano's log goes, and put it into the run's own log."""
    text = plain_lines(text)
    print(f"atelier: {text}", file=sys.stderr, flush=True)  # noqa: T201 # a command-line program
    if path := os.environ.get(logs.RUN_LOG):
        logs.write(Path(path), text)


def main() -> int:
    """Run Meltano; return its exit status, or 1 when it could not start."""
    redaction.install()
    arguments = sys.argv[1:]
    command = command_of(arguments)
    try:
        root = project_root()
        if command is None:
            return _meltano(arguments)
        environment = environment_of(arguments)
        variables = resolve(root, environment, os.environ)
        if command == "run":
            # Before anything is recorded: a slip of the keyboard is no failure of the pipeline.
            check_blocks(root, blocks_of(arguments))
        # What Meltano writes for its plugins meanwhile holds passwords.
        os.umask(0o077)
        # Meltano keeps a log of its own of each pipeline, below the home of whoever runs it: beside ours it
        # is removed with them.
        os.environ["XDG_STATE_HOME"] = str(places.log_folder(root, environment, variables))
        # A user without a home, as in containers: Meltano asks where its cache would be.
        if not Path(os.path.expanduser("~")).is_absolute():  # noqa: PTH111 # Path's own raises an error
            os.environ["HOME"] = str(places.state_folder(root, environment, variables))
        if command == "run" and "--dry-run" not in arguments:
            return _Run(arguments, root, environment, variables).status()
        target = Warehouse.of(variables)
        with _watched(target) as watch:
            return _command(arguments, root, variables, watch)
    except (AtelierError, OSError) as error:
        say(f"failed: {of_system(error) if isinstance(error, OSError) else error}")
        return 1


def _watched(target: Warehouse) -> AbstractContextManager[locks.Watch]:
    return locks.watched(lambda: warehouse.connect(target, warehouse.LOCK_WATCH), say)


def _command(arguments: list[str], root: Path, variables: dict[str, str], watch: locks.Watch) -> int:
    """Run a command of Meltano that is no run."""
    target = Warehouse.of(variables)
    try:
        with ExitStack() as held:
            held.enter_context(warehouse.breaks_told(target))
            connection = held.enter_context(closing(_connect(target)))
            if alone := writes(arguments):
                held.enter_context(
                    warehouse.exclusive_run(connection, run_wait_seconds(variables, WAIT_SECONDS), say)
                )
            _surround(connection, root, variables, holds_warehouse=alone)
            status = _meltano(["--env-file", os.devnull, *arguments])
    except AtelierError as error:
        raise AtelierError(watch.explained(str(error))) from None
    if status and (reason := watch.reason()):
        say(f"failed: {reason}")
    return status


def _connect(target: Warehouse) -> Connection:
    """Log in to a warehouse that has what Atelier itself needs in it."""
    connection = warehouse.connect(target)
    try:
        warehouse.prepare(connection, target)
        store.prepare(connection, target)
        migrations.apply(connection, target)
    except BaseException:
        connection.close()
        raise
    return connection


def _surround(
    connection: Connection, root: Path, variables: Mapping[str, str], *, holds_warehouse: bool
) -> None:
    """Give Meltano and its plugins their environment, and the warehouse its roles."""
    target = Warehouse.of(variables)
    names = roles.settle(connection, target, say if holds_warehouse else None)
    os.environ.update(variables)
    os.environ.update(
        {
            **roles.variables(names),
            "MELTANO_DATABASE_URI": target.system_database_uri,
            "MELTANO_CLI_LOG_CONFIG": str(root / "orchestrate" / "logging.yaml"),
            # Steps of ours that a run starts work under its lock.
            leftovers.HELD: "1" if holds_warehouse else "",
            # The name of every session of this run: what a killed run leaves behind is found by it.
            "PGAPPNAME": (leftovers.SESSION_PREFIX if holds_warehouse else leftovers.READING_PREFIX)
            + uuid.uuid4().hex[:12],
            **sessions.environment(os.environ, connection.server_version // 10_000),
        }
    )


@dataclass
class _Run:
    """One `meltano run`: alone in the warehouse, and recorded there."""

    arguments: list[str]
    root: Path
    environment: str
    variables: dict[str, str]

    def status(self) -> int:
        """Run it; return its exit status."""
        blocks = blocks_of(self.arguments)
        state = places.state_folder(self.root, self.environment, self.variables)
        folder = places.log_folder(self.root, self.environment, self.variables)
        run = runs.Run.of(" ".join(blocks), self.environment, os.environ)
        os.environ[logs.RUN_LOG] = str(logs.file_of(folder, run.run_id))
        keep_days = places.days(self.variables, "LOG_KEEP_DAYS", 90)
        for pattern in (logs.PATTERN, logs.MELTANO_PATTERN):
            places.remove_older(folder, pattern, keep_days)
        _stop_cleanly()
        target = Warehouse.of(self.variables)
        if target.warning:
            say(f"warning: {target.warning}")
        try:
            steps = names_of(self.root, blocks)
            Watch.begin(steps)
            with (
                _watched(target) as watch,
                self._recorded(run, target, state / "unrecorded", watch) as connection,
            ):
                _surround(connection, self.root, self.variables, holds_warehouse=True)
                if models.BUILD in steps:
                    # Before anything is loaded: a slip in a planner's file changes nothing.
                    seeds.check(self.root)
                os.environ.update(models.variables(connection, self.root, steps, say))
                # The lock says that no other run is at work, whatever a killed one left in Meltano's tables.
                self.arguments.insert(self.arguments.index("run") + 1, "--force")
                status = _meltano(["--env-file", os.devnull, *self.arguments])
                if status and LastWords.sentence() is None:
                    # What Meltano cannot explain may be that its connection broke, and ours with it.
                    warehouse.assert_held(connection, target)
                _succeed(status)
                # Some rights can only be given on tables that are there: those that this run has made.
                roles.settle(connection, target)
        except (_UnsuccessfulError, AtelierError) as error:
            say(f"failed: {run.message if run.ended_at else error}")
            _leave(error.status if isinstance(error, _UnsuccessfulError) else 1)
        return 0

    @contextmanager
    def _recorded(
        self, run: runs.Run, target: Warehouse, unrecorded: Path, watch: locks.Watch
    ) -> Iterator[Connection]:
        try:
            with closing(_connect(target)) as connection:
                with warehouse.exclusive_run(connection, run_wait_seconds(self.variables, WAIT_SECONDS), say):
                    leftovers.remove_configurations(meltano_folder(self.root, self.variables))
                    warehouse.make_system_tables(connection, target)
                    run.started_at = now()
                    keep_days = places.run_keep_days(self.variables)
                    runs.begin(connection, run, unrecorded, keep_days, say)
                    yield connection
                    # Whoever lost the lock on the way may have met another run.
                    warehouse.assert_held(connection, target)
                    run.end("succeeded", None, Watch.steps)
                    runs.record(connection, run)
        except BaseException as error:
            outcome, message = _outcome(error, target)
            if outcome == "failed":
                message = watch.explained(message)
            Watch.broken_off(outcome, message)
            run.end(outcome, message, Watch.steps)
            _record_anew(run, target, unrecorded)
            if isinstance(error, psycopg2.Error):
                raise AtelierError(message) from None
            raise


class _UnsuccessfulError(Exception):
    """Meltano ended with a status other than 0."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _leave(status: int) -> NoReturn:
    """Leave at once: what asyncio says of pipes that are still open would come after the last line."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


def _succeed(status: int) -> None:
    if status:
        raise _UnsuccessfulError(status)


def _outcome(error: BaseException, target: Warehouse) -> tuple[str, str]:
    if isinstance(error, _UnsuccessfulError) and error.status == runs.STOPPED:
        return "interrupted", "it was asked to stop"
    if isinstance(error, _UnsuccessfulError):
        return "failed", LastWords.sentence() or "the reason is in the lines above"
    if isinstance(error, psycopg2.Error):
        return "failed", str(refusals.of_statement(error, target))
    if isinstance(error, AtelierError):
        return "failed", str(error)
    if isinstance(error, OSError):
        return "failed", str(of_system(error))
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        return "interrupted", "it was asked to stop"
    return "failed", f"an error that nobody has foreseen ({type(error).__name__}): the lines above say more"


def _record_anew(run: runs.Run, target: Warehouse, unrecorded: Path) -> None:
    """Record a run whose own connection may be gone; where there is no way to, keep it for the next run."""
    try:
        with closing(warehouse.connect(target)) as connection:
            runs.record(connection, run)
    except (AtelierError, psycopg2.Error):
        runs.keep(unrecorded, run)


def _stop_cleanly() -> None:
    """Let a request to stop end the run as an error would: recorded, and without children left behind."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(runs.STOPPED)

    remove = asyncio.SelectorEventLoop.remove_signal_handler

    def remove_and_restore(loop: asyncio.SelectorEventLoop, number: int) -> bool:
        removed = remove(loop, number)
        if number == signal.SIGTERM:
            signal.signal(signal.SIGTERM, stop)
        return removed

    signal.signal(signal.SIGTERM, stop)
    # Meltano has a handler of its own while a tap and a loader work; what asyncio leaves when that is taken
    # away is none at all.
    asyncio.SelectorEventLoop.remove_signal_handler = remove_and_restore  # type: ignore[assignment,method-assign]


def _meltano(arguments: list[str]) -> int:
    sys.argv = ["meltano", *arguments]
    from meltano.cli import main as meltano_main

    plugin_configuration.keep_in_memory()
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
