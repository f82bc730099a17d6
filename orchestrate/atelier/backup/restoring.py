"""Puts a backup in the place of a warehouse: in one transaction, or not at all."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import psycopg2
import sqlalchemy as sa
from psycopg2 import sql

from atelier import leftovers, refusals, roles, warehouse
from atelier.backup import folders, manifest, programs, schemas, script, suppressions
from atelier.backup.making import JOB
from atelier.connections import Warehouse, require
from atelier.errors import AtelierError
from atelier.gdpr import operations, orders
from atelier.gdpr.operations import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 # it is a class

    from atelier.backup.manifest import Manifest
    from atelier.gdpr.counts import Counts

#: Tables that are named where a warehouse is not empty.
_NAMED: Final = 3

_REASONS: Final[Mapping[str, str]] = {
    "42501": "user {user} may not create or drop something in it: `grant create on database {database} to "
    "{user}`, and what is there must be the user's own or its roles'",
    "55P03": "a session keeps one of its tables busy: stop what uses it, the API too",
}


@dataclass(frozen=True)
class Restored:
    """What a restore has done."""

    made: Manifest
    target: Warehouse
    #: Rows of what was dropped before; 0 in an empty database.
    replaced_rows: int
    #: Erased customers, their orders and ended periods that the backup did not know of.
    newer_suppressions: int
    #: Rows that went because of them.
    withheld: Counts


def restore(
    root: Path,
    folder: Path,
    lists_in: Sequence[Path],
    variables: Mapping[str, str],
    say: Callable[[str], None],
    *,
    replace: bool,
    accept_unsealed: bool = False,
) -> Restored:
    """Restore a backup into the warehouse of the variables.

    Args:
        root: The project's folder.
        folder: The backup.
        lists_in: Folders where newer lists of what is erased may lie.
        variables: Those of the contract.
        say: Takes a line of progress.
        replace: Drop what the warehouse holds, and nothing of anybody else, before.
        accept_unsealed: Take a backup, and lists of what is erased, that have no seal.

    Raises:
        AtelierError: It could not be done; the warehouse is as it was.
    """
    require(variables, ("PSEUDONYM_KEY",), "the key of the pseudonyms")
    target = Warehouse.of(variables)
    key = variables["PSEUDONYM_KEY"]
    made = manifest.read(folder, key, accept_unsealed=accept_unsealed)
    manifest.verify(folder, made)
    _check_fits(folder, made, variables)
    lists = suppressions.lists(key, folder, *lists_in, accept_unsealed=accept_unsealed)
    with ExitStack() as held:
        lock = held.enter_context(closing(warehouse.connect(target)))
        server = lock.server_version // 10_000
        if server < made.server_major:
            raise AtelierError(
                f"the backup {folder} comes from PostgreSQL {made.server_major}, and the warehouse, "
                f"{target.place}, is PostgreSQL {server}: restore "
                f"it to version {made.server_major} or newer"
            )
        program = programs.find(
            "pg_restore", made.dump_major, variables, "the backup was made by that version"
        )
        held.enter_context(warehouse.exclusive_run(lock, WAIT_SECONDS, say))
        done = _in_one_transaction(root, folder, made, program, target, lists, say, replace=replace)
        _settle(lock, target, say)
    return done


def _check_fits(folder: Path, made: Manifest, variables: Mapping[str, str]) -> None:
    zone = variables.get("PLANT_TIMEZONE") or "Europe/Paris"
    if zone != made.plant_timezone:
        raise AtelierError(
            f"PLANT_TIMEZONE is {zone}, and was {made.plant_timezone} when the backup {folder} was made: "
            "set that one; another zone is for a run to apply, not for a restore"
        )
    if _numbers(made.atelier_version) > _numbers(version("atelier")):
        raise AtelierError(
            f"the backup {folder} was made by Atelier {made.atelier_version}, and this is "
            f"{version('atelier')}: restore it with that version or a newer one"
        )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _in_one_transaction(
    root: Path,
    folder: Path,
    made: Manifest,
    program: programs.Program,
    target: Warehouse,
    lists: Sequence[tuple[Path, suppressions.Rows]],
    say: Callable[[str], None],
    *,
    replace: bool,
) -> Restored:
    def connect() -> Connection:
        # By this name it is found, and ended, if we are killed.
        connection = warehouse.connect(target, leftovers.SESSION_PREFIX + "restore")
        connection.autocommit = False
        return connection

    engine = sa.create_engine("postgresql+psycopg2://", creator=connect, poolclass=sa.NullPool)
    try:
        with engine.begin() as transaction:
            cursor = operations.cursor_of(transaction)
            replaced, recorded = _make_room(cursor, target, replace=replace)
            say(f"restoring {made.rows:,} rows into {target.place}")
            with manifest.verified(folder, made, folders.DUMP) as dump:
                script.play(cursor, program, dump, folder / folders.DUMP)
                # As long as it was read it could be written, too.
                manifest.check_digest(folder, made, folders.DUMP, dump)
            _compare(folder, made, schemas.rows(cursor))
            # The run of the job that made it was at work, and would seem to have been killed.
            cursor.execute(
                "update ops.runs set outcome = 'succeeded', ended_at = greatest(started_at, %s) "
                "where outcome = 'running' and job = %s",
                (made.made_at, JOB),
            )
            newer = sum(suppressions.merge(cursor, rows) for rows in (recorded, *(rows for _, rows in lists)))
            outcome = operations.Outcome()
            if newer:
                operations.withhold_all(transaction, root, outcome)
                outcome.counts.add(orders.remove_behind_raw(cursor))
    except (psycopg2.Error, sa.exc.DBAPIError) as error:
        original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        code = getattr(original, "pgcode", None) or ""
        # What PostgreSQL says may quote a row.
        why = _REASONS.get(code, f"it {refusals.reason(original)}").format(
            user=target.user, database=target.database
        )
        raise AtelierError(
            f"the backup {folder} could not be restored into {target.place}, which is as it was; {why}"
        ) from None
    return Restored(made, target, replaced, newer, outcome.counts)


def _make_room(cursor: Cursor, target: Warehouse, *, replace: bool) -> tuple[int, suppressions.Rows]:
    """Drop our schemas; return how many rows they had, and whom they recorded as erased.

    Raises:
        AtelierError: They hold rows and are not to be replaced, or others build on them.
    """
    held = {
        table: rows for table, rows in schemas.rows(cursor).items() if rows and table not in schemas.BOOKS
    }
    total = sum(held.values())
    if held and not replace:
        named = ", ".join(sorted(held, key=lambda table: -held[table])[:_NAMED])
        raise AtelierError(
            f"the warehouse, {target.place}, is not empty: {len(held)} tables of it hold {total:,} rows "
            f"(such as {named}); name an empty database in POSTGRES_DB, or add --replace to drop them"
        )
    recorded = suppressions.read(cursor)
    others = schemas.of_others(cursor)
    named_schemas = [sql.Identifier(name) for name in schemas.there(cursor)]
    if named_schemas:
        cursor.execute(sql.SQL("drop schema {} cascade").format(sql.SQL(", ").join(named_schemas)))
    lost = sorted(others - schemas.of_others(cursor))
    if lost:
        raise AtelierError(
            f"{', '.join(lost[:_NAMED])} in {target.place} is not Atelier's, but reads its tables and would "
            "go with them: drop it, and make it again afterwards; nothing was changed"
        )
    return total, recorded


def _compare(folder: Path, made: Manifest, found: Mapping[str, int]) -> None:
    differing = sorted(name for name in {*made.tables, *found} if made.tables.get(name) != found.get(name))
    if differing:
        name = differing[0]
        raise AtelierError(
            f"the backup {folder} should have {made.tables.get(name, 0)} rows of {name} and has "
            f"{found.get(name, 0)}: nothing was changed; take another backup"
        )


def _settle(connection: Connection, target: Warehouse, say: Callable[[str], None]) -> None:
    """Hand over to the roles of this database what was restored, and let PostgreSQL plan with it."""
    names = roles.settle(connection, target, say)
    try:
        with connection.cursor() as cursor:
            for role, schema in _readers(names, schemas.there(cursor)):
                cursor.execute(
                    sql.SQL("grant select on all tables in schema {} to {}").format(
                        sql.Identifier(schema), sql.Identifier(role)
                    )
                )
            for table in schemas.rows(cursor):
                cursor.execute(sql.SQL("analyze {}").format(sql.Identifier(*table.split(".", 1))))
    except psycopg2.Error as error:
        raise AtelierError(
            f"the backup is restored, but its tables could not be opened to the readers of {target.place} "
            f"({error.pgcode or type(error).__name__}): the next run does it"
        ) from None


def _readers(names: roles.Roles | None, there: Sequence[str]) -> list[tuple[str, str]]:
    """Return who reads all of which schema: what dbt gives with every build, until the next one."""
    if names is None:
        return []
    pairs = ((names.reader, "marts"), (names.dpo, "marts"), (names.dpo, "snapshots"))
    return [(role, schema) for role, schema in pairs if schema in there]


def age(made: Manifest) -> str:
    """Return how old a backup is, in words."""
    hours = (datetime.now(timezone.utc) - datetime.fromisoformat(made.made_at)).total_seconds() / 3600
    return f"{hours:.0f} h old" if hours < 48 else f"{hours / 24:.0f} days old"
