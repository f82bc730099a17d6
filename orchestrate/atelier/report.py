"""What a run has to say at its end: parts of a source that could not be read, and orders that nobody sees."""

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
_NAMED_STATUSES: Final = 10

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


#: As fct_alerts has it, but with all statuses; the seed has the names that count.
_UNKNOWN_STATUSES: Final = """
select status, count(*) from marts.fct_order_selection
where not is_status_known and status is not null
group by status
order by count(*) desc, status collate "C"
"""
_DATA_PROBLEMS: Final = """
select table_name || '.' || column_name, count(*) from marts.fct_data_problems
group by table_name, column_name
order by count(*) desc, 1
"""
_EMPTY_LIST: Final = """
select not (select has_orders from ops.order_list_changes order by change_number desc limit 1)
    and exists (select 1 from ops.order_list_changes where has_orders)
"""


def report_orders(variables: Mapping[str, str]) -> str:
    """Say which orders are in no list because of what the ERP holds; none of it fails a run.

    Returns:
        Sentences.

    Raises:
        AtelierError: The warehouse cannot be reached.
    """
    with closing(connect(Warehouse.of(variables))) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select to_regclass('marts.fct_order_selection') is not null "
            "and to_regclass('marts.fct_data_problems') is not null"
        )
        if cursor.fetchone() != (True,):
            return "No orders have been computed yet."
        cursor.execute(_UNKNOWN_STATUSES)
        statuses = cursor.fetchall()
        cursor.execute(_DATA_PROBLEMS)
        problems = cursor.fetchall()
        cursor.execute(_EMPTY_LIST)
        has_become_empty = cursor.fetchone() == (True,)
    sentences = []
    if statuses:
        sentences.append(
            f"warning: {_counted(len(statuses), 'status is', 'statuses are')} not in "
            f"transform/seeds/order_statuses.csv, so their orders are not in the list: "
            f"{_listed(statuses, _NAMED_STATUSES)}; add a row for each"
        )
    if problems:
        rows = sum(count for _, count in problems)
        sentences.append(
            f"warning: {_counted(rows, 'value', 'values')} of the ERP cannot be used"
            f" ({_listed(problems, _NAMED_STATUSES)}): marts.fct_data_problems names the rows"
        )
    if has_become_empty:
        sentences.append("warning: no roller-shutter order is left to plan, and there were some before")
    return ". ".join(sentences) + "." if sentences else "Every status of an order is known."


def _counted(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"


def _listed(rows: list[tuple[str, int]], most: int) -> str:
    named = ", ".join(f"{name!r} ({count:,})" for name, count in rows[:most])
    return named + (f" and {len(rows) - most} more" if len(rows) > most else "")


def report_problems(variables: Mapping[str, str]) -> str:
    """Say that everything on the FTP server could be read,, after what `report_orders` says.

    Returns:
        A sentence.

    Raises:
        AtelierError: Something could not be read, archived or deleted; or the warehouse cannot be reached.
    """
    # Before what may fail: it is told either way.
    print(report_orders(variables))  # noqa: T201 # a command-line program
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
