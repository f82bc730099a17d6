"""Who is erased and what is too old, kept beside the backups: no restore of an older one brings it back.

The list is a file of the folder of the backups, written with each erasure, each retention and each backup;
every backup has the list of its moment as well.
"""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

import psycopg2
import psycopg2.extras

from atelier import files, warehouse
from atelier.backup import folders, seal
from atelier.backup.manifest import UNSEALED
from atelier.connections import Warehouse, require
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from psycopg2.extensions import cursor as Cursor  # noqa: N812 # it is a class

FILE: Final = folders.SUPPRESSIONS

_KIND: Final = "suppressions"
_LARGEST_BYTES: Final = 100_000_000

#: By table of the schema `gdpr`: the columns that count, and what happens to a row that is there already.
#: Proofs come last: they alone make no difference to what is withheld.
_TABLES: Final[Mapping[str, tuple[str, str]]] = {
    "suppressed_customers": ("customer_key, suppressed_at", "nothing"),
    "suppressed_orders": ("order_id, order_number, extension, suppressed_at", "nothing"),
    "cutoffs": (
        "retention_key, before_date, set_at",
        "update set before_date = excluded.before_date, set_at = excluded.set_at "
        "where held.before_date < excluded.before_date",
    ),
    "operations": (
        "operation_id, kind, requested_by, reference, finished_at, row_counts, tool_version",
        "nothing",
    ),
}
_KEYS: Final = {
    "suppressed_customers": "customer_key",
    "suppressed_orders": "order_id, order_number, extension",
    "cutoffs": "retention_key",
    "operations": "operation_id",
}

Rows = dict[str, list[dict[str, Any]]]


def read(cursor: Cursor) -> Rows:
    """Return what the warehouse has recorded; nothing where it has not."""
    found: Rows = {}
    for table, (columns, _) in _TABLES.items():
        cursor.execute("select to_regclass(%s) is not null", (f"gdpr.{table}",))
        if cursor.fetchone() == (True,):
            rows = f"select {columns} from gdpr.{table} order by 1"  # noqa: S608 # ours
            cursor.execute(f"select to_jsonb(held) from ({rows}) as held")  # noqa: S608 # ours
            found[table] = [row for (row,) in cursor.fetchall()]
    return found


def merge(cursor: Cursor, rows: Rows) -> int:
    """Add what is recorded elsewhere; return how many customers, orders and periods that has changed."""
    changed = 0
    for table, (columns, otherwise) in _TABLES.items():
        cursor.execute(
            f"insert into gdpr.{table} as held ({columns}) "  # noqa: S608 # ours
            f"select {columns} from jsonb_populate_recordset(null::gdpr.{table}, %s) "
            f"on conflict ({_KEYS[table]}) do {otherwise}",
            (psycopg2.extras.Json(rows.get(table, [])),),
        )
        if table != "operations":
            changed += cursor.rowcount
    return changed


def content(rows: Rows, key: str) -> bytes:
    """Return the list as the content of a file."""
    document = {
        "made_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "pseudonym_key": seal.fingerprint(key),
        "tables": rows,
    }
    return folders.as_json(seal.sealed(_KIND, document, key))


def keep(root: Path, environment: str, variables: Mapping[str, str]) -> None:
    """Write the list of today beside the backups.

    Raises:
        AtelierError: The warehouse cannot be read, or the folder cannot be written.
    """
    require(variables, ("PSEUDONYM_KEY",), "the key of the pseudonyms")
    backups = folders.folder_of(root, environment, variables)
    try:
        with closing(warehouse.connect(Warehouse.of(variables))) as connection:
            with connection.cursor() as cursor:
                rows = read(cursor)
        backups.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.replace(backups / FILE, content(rows, variables["PSEUDONYM_KEY"]))
    except (OSError, psycopg2.Error) as error:
        why = error.strerror if isinstance(error, OSError) else getattr(error, "pgcode", None)
        raise AtelierError(
            f"what is erased could not be written down beside the backups, in {backups / FILE} "
            f"({why or type(error).__name__}): make the folder writable and run `.venv/bin/atelier backup "
            f"--environment={environment}`, or the restore of an older backup would bring it back"
        ) from None


def lists(key: str, *places: Path, accept_unsealed: bool) -> list[tuple[Path, Rows]]:
    """Return the lists that lie in folders and in the backups in them.

    Args:
        key: PSEUDONYM_KEY.
        places: The folders; links in them do not count.
        accept_unsealed: Take lists that have no seal; one with a broken seal is refused all the same.

    Raises:
        AtelierError: One cannot be read, was made with another key, or is not what was sealed.
    """
    folders_of_lists = {
        folder.resolve() for place in places for folder in (place, *folders.names(place)) if place.is_dir()
    }
    found = []
    for folder in sorted(folders_of_lists):
        path = folder / FILE
        try:
            with files.opened(folder, FILE) as file:
                told = json.loads(file.read(_LARGEST_BYTES))
            rows = told["tables"]
            _check(path, told, key, accept_unsealed=accept_unsealed)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise AtelierError(
                f"{path}, a list of what is erased, cannot be read: restore it from a copy, or move it away "
                "if whatever it holds may come back"
            ) from None
        found.append((path, rows))
    return found


def _check(path: Path, told: dict[str, Any], key: str, *, accept_unsealed: bool) -> None:
    try:
        seal.check(_KIND, told, key)
    except (seal.UnsealedError, seal.BrokenSealError) as error:
        if not seal.is_key(key, told["pseudonym_key"]):
            raise AtelierError(
                f"{path}, a list of what is erased, was made with another PSEUDONYM_KEY: move it away if it "
                "belongs to another warehouse"
            ) from None
        if isinstance(error, seal.BrokenSealError):
            raise AtelierError(
                f"{path}, a list of what is erased, is not what was written (its seal is broken): restore it "
                "from a copy, and find out who can write to that folder"
            ) from None
        if not accept_unsealed:
            raise AtelierError(
                f"{path}, a list of what is erased, has no seal: it was made by an older release, or by "
                f"someone else. Only if you know where it comes from, restore with {UNSEALED}"
            ) from None
