"""What a run is made of while it lasts, and what of it is still there when it is over."""

from __future__ import annotations

import contextlib
import time
from contextlib import closing
from typing import TYPE_CHECKING

import psutil
from atelier.leftovers import SESSION_PREFIX
from atelier.warehouse import LAUNCHER, RUN_LOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.plant import Plant

#: By this variable of its environment every process of a run is known, wherever it ends up.
MARK = "MELTANO_SYS_DIR_ROOT"

_SESSIONS = """
    select pid, application_name from pg_stat_activity
    where datname = %s and application_name like %s order by pid
"""
_LOCKS = """
    select pid from pg_locks
    where locktype = 'advisory' and database = (select oid from pg_database where datname = %s)
    and (classid::bigint << 32 | objid::bigint) = %s
"""
#: Temporary tables are no trace of ours once their session is gone, which is looked
#: for by itself: what a killed one leaves, PostgreSQL's autovacuum removes.
_TEMPORARY = "select 'file ' || name from pg_ls_tmpdir()"
#: Tables that the loader and dbt make on their way and that are gone when they have arrived.
_UNFINISHED = """
    select schemaname || '.' || tablename from pg_tables
    where tablename ~ '__dbt_(tmp|backup)|^[0-9a-f]{8}_[0-9a-f]{4}_' and schemaname !~ '^pg_'
"""


def processes(plant: Plant) -> list[psutil.Process]:
    """Return the processes of a plant's runs, be their parents alive or not."""
    wanted = plant.folders[MARK]
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARK) == wanted and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def sessions(plant: Plant) -> list[int]:
    """Return the backends of a plant's runs, the launcher's own among them."""
    with closing(plant.site.admin_postgres()) as connection, connection.cursor() as cursor:
        cursor.execute(_SESSIONS, (plant.variables["POSTGRES_DB"], "atelier-%"))
        return [pid for pid, name in cursor.fetchall() if name == LAUNCHER or name.startswith(SESSION_PREFIX)]


def left_behind(plant: Plant) -> list[str]:
    """Return what is left of runs that are over, in words; empty when there is nothing."""
    database = plant.variables["POSTGRES_DB"]
    found = [f"process {process.pid}" for process in processes(plant)]
    found += [f"session {pid}" for pid in sessions(plant)]
    with closing(plant.site.admin_postgres(database)) as connection, connection.cursor() as cursor:
        cursor.execute(_LOCKS, (database, RUN_LOCK))
        found += [f"lock of session {pid}" for (pid,) in cursor.fetchall()]
        cursor.execute(_TEMPORARY)
        found += [f"temporary {name}" for (name,) in cursor.fetchall()]
        cursor.execute(_UNFINISHED)
        found += [f"unfinished table {name}" for (name,) in cursor.fetchall()]
    return found + [f"file {path}" for path in temporary_files(plant)]


def temporary_files(plant: Plant) -> Iterator[Path]:
    """Yield what runs have left in the folder for temporary files that the plant gives them."""
    yield from sorted(plant.temporary.rglob("*"))


def assert_nothing_left(plant: Plant) -> None:
    """Hold that nothing is left; sessions and processes get a moment to end."""
    assert wait_for(lambda: not left_behind(plant), 10), left_behind(plant)


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until something holds; say whether it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
