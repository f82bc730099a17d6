"""The program `.venv/bin/atelier-dbt`: dbt, once the planner's files are checked."""

from __future__ import annotations

import os
import sys
from typing import Final

from atelier.connections import project_root
from atelier.errors import AtelierError
from atelier.last_words import FAILURE_MARK
from atelier.secret_files import SECRETS
from atelier.seeds import reading

#: Commands of dbt that load seeds: what is in the files is checked before anything is changed.
LOADING: Final = frozenset({"build", "seed"})


def main() -> None:
    """Run dbt; exit status 1 and one sentence when a file of the planner cannot be used."""
    check = reading.check if LOADING & set(sys.argv[1:]) else reading.check_folder
    try:
        check(project_root())
    except AtelierError as error:
        print(f"{FAILURE_MARK}{error}", file=sys.stderr)  # noqa: T201 # a command-line program
        sys.exit(1)
    # Of the secrets dbt needs one: no other can get into what it writes.
    for name in {*SECRETS} - {"POSTGRES_PASSWORD"}:
        os.environ.pop(name, None)
    # dbt takes seconds to load, and has nothing to do with a refusal.
    from atelier.seeds.dbt_reader import run

    run()


if __name__ == "__main__":
    main()
