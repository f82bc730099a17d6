"""What a run has to say at its end: the parts of a source that could not be read."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from tap_ftplogs.problems import advice, sentence

from atelier.connections import Warehouse
from atelier.errors import AtelierError
from atelier.warehouse import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMED: Final = 3

#: As fct_source_problems has it, which is not made anew in every job: what the last run that could read
#: has not met is over, though the state of the run that had met it was lost.
_OPEN_PROBLEMS: Final = """
select kind, path, reason, first_seen_at from raw_ftplogs.source_problems
where resolved_at is null and coalesce(last_seen_at, first_seen_at) >= coalesce(
    (
        select date_trunc('second', started_at) from meltano.runs
        where state = 'SUCCESS' and job_name like '%tap-ftplogs%'
        order by id desc limit 1
    ),
    first_seen_at
)
order by first_seen_at, path
"""


def report_problems(variables: Mapping[str, str]) -> str:
    """Say that everything on the FTP server could be read.

    Returns:
        A sentence.

    Raises:
        AtelierError: Something could not be read, archived or deleted; or the warehouse cannot be reached.
    """
    with closing(connect(Warehouse.of(variables))) as connection, connection.cursor() as cursor:
        cursor.execute(_OPEN_PROBLEMS)
        rows = cursor.fetchall()
    if not rows:
        return "Every log file and folder could be read."
    named = "; ".join(
        f"{sentence(kind, path, reason)} since {first_seen_at:%Y-%m-%d %H:%M} UTC"
        for kind, path, reason, first_seen_at in rows[:_NAMED]
    )
    more = f" (and {len(rows) - _NAMED} more in raw_ftplogs.source_problems)" if len(rows) > _NAMED else ""
    raise AtelierError(
        f"{named}{more} on the FTP server: "
        f"{advice((kind for kind, *_ in rows), variables.get('FTP_USER', ''))}; all else is loaded"
    )
