"""The commands `atelier backup` and `atelier restore`."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Final

from target_warehouse.plain_text import plain_lines

from atelier.backup import folders, making, manifest, restoring, seeds
from atelier.connections import project_root, require, resolve
from atelier.errors import AtelierError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from atelier.backup.manifest import Manifest

#: What stands for the newest backup.
LATEST: Final = "latest"


def _say(text: str) -> None:
    print(f"atelier: {plain_lines(text)}", file=sys.stderr, flush=True)  # noqa: T201 # a command-line program


def add_to(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    add_environment: Callable[[argparse.ArgumentParser], None],
) -> None:
    """Register the commands."""
    backup = commands.add_parser(
        "backup", help="back up the warehouse and the planner's files; or list backups"
    )
    backup.add_argument("what", nargs="?", choices=("make", "list"), default="make")
    add_environment(backup)
    backup.set_defaults(run=lambda given: (_list if given.what == "list" else _backup)(given))
    restore = commands.add_parser("restore", help="put a backup into an empty database")
    restore.add_argument("folder", help=f"the backup's folder, or its name in BACKUP_DIR, or {LATEST}")
    restore.add_argument("--replace", action="store_true", help="drop what the warehouse holds before")
    restore.add_argument("--seeds", action="store_true", help="put back the planner's files as well")
    restore.add_argument(
        manifest.UNSEALED,
        action="store_true",
        help="take a backup of a release that sealed none: only one that you know where it comes from",
    )
    add_environment(restore)
    restore.set_defaults(run=_restore)


def _backup(arguments: argparse.Namespace) -> str:
    root = project_root()
    variables = resolve(root, arguments.environment, os.environ)
    made = making.make(root, arguments.environment, variables, _say)
    removed = f"; {made.removed} older removed" if made.removed else ""
    return (
        f"Backed up: {made.manifest.rows:,} rows of {len(made.manifest.tables)} tables, "
        f"{_megabytes(made.size)} in {made.seconds:.0f} s, in {made.folder}{removed}. Copy it to another "
        "machine, and keep PSEUDONYM_KEY elsewhere: it is not in it."
    )


def _list(arguments: argparse.Namespace) -> str:
    root = project_root()
    variables = resolve(root, arguments.environment, os.environ)
    backups = folders.folder_of(root, arguments.environment, variables)
    require(variables, ("PSEUDONYM_KEY",), "the key of the pseudonyms")
    lines = []
    for folder in folders.names(backups):
        try:
            made = manifest.read(folder, variables["PSEUDONYM_KEY"])
        except AtelierError as error:
            lines.append(f"  {folder.name}  {error}")
            continue
        lines.append(
            f"  {folder.name}  {restoring.age(made)}, {made.rows:,} rows, "
            f"{_megabytes(_size(folder))}, Atelier {made.atelier_version}, "
            f"PostgreSQL {made.server_major}"
        )
    return "\n".join([f"Backups in {backups}:", *lines] if lines else [f"No backup in {backups}."])


def _restore(arguments: argparse.Namespace) -> str:
    root = project_root()
    variables = resolve(root, arguments.environment, os.environ)
    backups = folders.folder_of(root, arguments.environment, variables)
    folder = _chosen(arguments.folder, backups)
    done = restoring.restore(
        root,
        folder,
        (backups, folder.parent),
        variables,
        _say,
        replace=arguments.replace,
        accept_unsealed=arguments.unsealed,
    )
    instead = f" in the place of {done.replaced_rows:,} rows" if done.replaced_rows else ""
    told = [
        f"Restored: {done.made.rows:,} rows of {len(done.made.tables)} tables, as of "
        f"{done.made.made_at}, into {done.target.place}{instead}."
    ]
    if done.newer_suppressions:
        told.append(
            f"Erasures and periods newer than the backup were applied again: {done.newer_suppressions} "
            f"records, {sum(done.withheld.total(kind) for kind in ('deleted', 'anonymised')):,} rows."
        )
    told += _about_seeds(root, folder, done.made, put_back=arguments.seeds)
    told.append(
        f"Now run `.venv/bin/meltano --environment={arguments.environment} run elt`, which reads on where "
        "the backup stopped; then start the scheduler and the API again."
    )
    return "\n".join(told)


def _chosen(named: str, backups: Path) -> Path:
    if named == LATEST:
        there = folders.by_age(backups, folders.name_of(datetime.now(timezone.utc)))
        if not there:
            raise AtelierError(f"there is no backup in {backups}: name the folder of one")
        return there[-1]
    if not Path(named).is_dir() and (backups / named).is_dir():
        return backups / named
    return Path(named).expanduser().absolute()


def _about_seeds(root: Path, folder: Path, made: Manifest, *, put_back: bool) -> list[str]:
    names = seeds.differing(root, folder, made)
    if not names:
        return []
    if put_back:
        seeds.put_back(root, folder, made, names)
        return [f"The planner's files {', '.join(names)} are those of the backup again."]
    return [
        f"The planner's files {', '.join(names)} in transform/seeds are not those of the backup and were "
        f"left as they are: compare them with {folder / folders.SEEDS}, or add "
        "--seeds to take those of the backup."
    ]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
