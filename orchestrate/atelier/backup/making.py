"""Makes a backup: whole or not at all, of one moment, beside the older ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import psycopg2
from target_warehouse.sessions import LOCK_TIMEOUT_SECONDS

from atelier import files, leftovers, refusals, warehouse
from atelier.backup import folders, manifest, programs, schemas, seal, seeds, suppressions
from atelier.backup.manifest import Manifest
from atelier.connections import Warehouse, require
from atelier.errors import AtelierError
from atelier.gdpr import store
from atelier.gdpr.operations import WAIT_SECONDS
from atelier.ops import migrations, runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class

#: The job of Meltano's that makes backups.
JOB: Final = "backup"


@dataclass(frozen=True)
class Made:
    """A backup that is whole."""

    folder: Path
    manifest: Manifest
    size: int
    seconds: float
    #: Older ones that made room for it.
    removed: int


def make(root: Path, environment: str, variables: Mapping[str, str], say: Callable[[str], None]) -> Made:
    """Make a backup of the warehouse and of the planner's files.

    Raises:
        AtelierError: It could not be made. Nothing is left of it, and the older ones are as they were.
    """
    started = time.monotonic()
    require(variables, ("PSEUDONYM_KEY",), "the key of the pseudonyms")
    target, keep = Warehouse.of(variables), folders.kept(variables)
    backups = folders.folder_of(root, environment, variables)
    with ExitStack() as held:
        lock = held.enter_context(closing(warehouse.connect(target)))
        program = programs.find(
            "pg_dump",
            lock.server_version // 10_000,
            variables,
            f"the warehouse, {target.place}, is of that version",
        )
        held.enter_context(folders.held(backups))
        is_by_hand = not os.environ.get(leftovers.HELD)
        if is_by_hand:
            held.enter_context(warehouse.exclusive_run(lock, WAIT_SECONDS, say))
        store.prepare(lock, target)
        migrations.apply(lock, target)
        if is_by_hand:
            held.enter_context(_recorded(lock, environment))
        if folders.remove_leftovers(backups):
            say("removed what an interrupted backup had left")
        moment, name = _moment(backups)
        part = backups / (name + files.PART)
        try:
            part.mkdir(mode=0o700)
            made = _fill(part, moment, program, target, root, variables, say)
            files.settle(part)
            part.rename(backups / name)
            files.settle(backups)
        except OSError as error:
            raise folders.cannot_write(backups, error.strerror or str(error)) from None
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return _finish(backups, name, made, keep, started)


@contextmanager
def _recorded(connection: Connection, environment: str) -> Iterator[None]:
    """Record a backup that is made by hand as a run of the job is: alerts say how old the last one is."""
    run = runs.Run(JOB, environment)
    try:
        yield
        run.end("succeeded", None, [])
    except AtelierError as error:
        run.end("failed", str(error), [])
        raise
    finally:
        # The backup is what it is, whether or not the history says so.
        if run.ended_at is not None:
            with suppress(psycopg2.Error):
                runs.record(connection, run)


def _finish(backups: Path, name: str, made: Manifest, keep: int, started: float) -> Made:
    folder = backups / name
    try:
        removed = len(folders.prune(backups, keep, name))
        files.replace(backups / suppressions.FILE, (folder / suppressions.FILE).read_bytes())
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    except OSError as error:
        raise AtelierError(
            f"the backup {folder} is whole, but what lies beside it in {backups} could not be put in order "
            f"({error.strerror}): give this user the right to it"
        ) from None
    return Made(folder, made, size, time.monotonic() - started, removed)


def _moment(backups: Path) -> tuple[datetime, str]:
    while True:
        moment = datetime.now(timezone.utc)
        name = folders.name_of(moment)
        if not (backups / name).exists():
            return moment, name
        time.sleep(0.2)


def _fill(
    part: Path,
    moment: datetime,
    program: programs.Program,
    target: Warehouse,
    root: Path,
    variables: Mapping[str, str],
    say: Callable[[str], None],
) -> Manifest:
    key = variables["PSEUDONYM_KEY"]
    surroundings = programs.environment(target, variables)
    try:
        with closing(warehouse.connect(target, surroundings["PGAPPNAME"])) as connection:
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True, autocommit=False)
            with connection.cursor() as cursor:
                cursor.execute("select pg_export_snapshot()")
                (snapshot,) = cursor.fetchone() or ("",)
                # Counted at the very snapshot that is dumped.
                tables, recorded = schemas.rows(cursor), suppressions.read(cursor)
                named = schemas.there(cursor)
            _dump(program, target, surroundings, snapshot, named, part / folders.DUMP)
            server = _major(connection)
    except psycopg2.Error as error:
        why = f"it {refusals.reason(error)}"
        if isinstance(error, psycopg2.errors.LockNotAvailable):
            why = "a session keeps one of its tables busy: let it end, then start this again"
        raise AtelierError(
            f"the warehouse, {target.place}, could not be backed up; {why}. The backups that are there are "
            "as they were"
        ) from None
    files.write(part / suppressions.FILE, suppressions.content(recorded, key))
    copied = seeds.copy(root, part / folders.SEEDS, say)
    names = (folders.DUMP, suppressions.FILE, *(f"{folders.SEEDS}/{name}" for name in copied))
    made = Manifest(
        format=manifest.FORMAT,
        atelier_version=version("atelier"),
        made_at=moment.isoformat(timespec="seconds"),
        database=target.database,
        server_major=server,
        dump_major=program.major,
        plant_timezone=variables.get("PLANT_TIMEZONE") or "Europe/Paris",
        pseudonym_key=seal.fingerprint(key),
        files={name: _digest(part, name) for name in names},
        tables=tables,
    )
    manifest.write(part, made, key)
    return made


def _digest(folder: Path, name: str) -> str:
    with files.opened(folder, name) as file:
        return files.digest(file)


def _major(connection: Connection) -> int:
    return connection.server_version // 10_000


def _dump(
    program: programs.Program,
    target: Warehouse,
    surroundings: Mapping[str, str],
    snapshot: str,
    named: list[str],
    file: Path,
) -> None:
    words = [
        "--format=custom",
        # Roles bear the name of the database, which may be another one where this is restored: the rights
        # are given anew there.
        "--no-owner",
        "--no-privileges",
        "--no-password",
        # It does not keep to what its session says.
        f"--lock-wait-timeout={LOCK_TIMEOUT_SECONDS}s",
        f"--snapshot={snapshot}",
        f"--file={file}",
        *(f"--schema={schema}" for schema in named),
    ]
    done = subprocess.run(
        [str(program.path), *words],
        env=surroundings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        why = programs.reason(done.stderr) if done.returncode > 0 else "pg_dump was killed"
        if "write" in why or "space" in why:
            raise folders.cannot_write(file.parents[1], why)
        raise AtelierError(
            f"the warehouse, {target.place}, could not be dumped ({why}): mend that and start this again; "
            "the backups that are there are as they were"
        )
    file.chmod(0o600)
