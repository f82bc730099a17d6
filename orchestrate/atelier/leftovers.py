"""What a killed run leaves behind: programs that work on, sessions in the warehouse, files with passwords."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class

#: Begins the application name of every session of a run; the run's own number follows.
SESSION_PREFIX: Final = "atelier-run-"

#: Begins that of every session of a command which holds no warehouse, as `meltano invoke dbt:test`: it only
#: reads, so that a run beside it does not end it.
READING_PREFIX: Final = "atelier-command-"

#: Environment variable that the launcher sets for the steps of a run: it holds the warehouse already.
HELD: Final = "ATELIER_HOLDS_WAREHOUSE"

#: A program reads its configuration when it starts, which is soon after Meltano has written it.
CONFIGURATION_SECONDS: Final = 60.0

#: How often it is looked whether sessions that were ended are gone, a tenth of a second apart.
END_TRIES = 100

_PROC: Final = Path("/proc")


def end_leftovers(connection: Connection, say: Callable[[str], None]) -> None:
    """End what an earlier run has left working on the warehouse whose lock the caller holds.

    The programs first: dbt logs in again when its session is ended. They are found on this machine only,
    where there is /proc, and only those of this user; a session is found wherever its program runs.

    Raises:
        AtelierError: A session does not end.
    """
    programs = _end_programs(connection)
    sessions = _end_sessions(connection)
    if programs or sessions:
        say(f"ended {programs} program(s) and {sessions} session(s) that an interrupted run had left working")


def remove_configurations(folder: Path) -> None:
    """Remove the configurations of programs that a killed run has left.

    They are links to memory that is gone; those of older releases are files with passwords.

    Args:
        folder: Meltano's own, such as `.meltano`.
    """
    now = time.time()
    for path in folder.glob("run/*/*.config.json"):
        with contextlib.suppress(OSError):
            # Of a time to come as well: the clock was put back since.
            if abs(now - path.lstat().st_mtime) > CONFIGURATION_SECONDS:
                path.unlink()


def _end_programs(connection: Connection) -> int:
    ended = 0
    place = connection.get_dsn_parameters()
    names = {"POSTGRES_HOST": place.get("host"), "POSTGRES_PORT": place.get("port")}
    names["POSTGRES_DB"] = place.get("dbname")
    own = os.environ.get("PGAPPNAME", "")
    for pid, variables in _environments():
        run = variables.get("PGAPPNAME", "")
        if not run.startswith(SESSION_PREFIX) or run == own or variables.get(HELD) != "1":
            continue
        if all(variables.get(name) == value for name, value in names.items()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                ended += 1
    return ended


def _environments() -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the processes of this user, each with the environment that it was started in."""
    for folder in _PROC.glob("[0-9]*"):
        # A process that has just ended, or another user's.
        with contextlib.suppress(OSError):
            entries = (folder / "environ").read_bytes().split(b"\0")
            pairs = (os.fsdecode(entry).partition("=") for entry in entries)
            yield int(folder.name), {name: value for name, _, value in pairs}


def _end_sessions(connection: Connection) -> int:
    query = (
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
        "and usename = current_user and application_name like %s and application_name <> %s"
    )
    # A command of ours that Meltano has invoked must not end Meltano.
    own = os.environ.get("PGAPPNAME", "")
    ended = 0
    with connection.cursor() as cursor:
        # A session that is ended may take a moment to roll back; nothing may start before it is gone.
        for _ in range(END_TRIES):
            cursor.execute(query, (SESSION_PREFIX + "%", own))
            rows = cursor.fetchall()
            if not rows:
                return ended
            ended = max(ended, len(rows))
            time.sleep(0.1)
    raise AtelierError(
        f"{len(rows)} session(s) of an interrupted run have not ended (pg_stat_activity, "
        f"application_name {SESSION_PREFIX}…): end the program that logs in again and again, or let the "
        "server roll back what they did, and start this again"
    )
