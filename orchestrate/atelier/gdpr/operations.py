"""What the data protection officer asks for: erasing, retention; each in one transaction, with a proof."""

from __future__ import annotations

import json
import os
import re
import uuid
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from importlib.metadata import version
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import psycopg2
import sqlalchemy as sa
import yaml
from psycopg2 import sql
from target_warehouse.sinks import pseudonym

from atelier import refusals, roles, warehouse
from atelier.connections import Warehouse, require
from atelier.errors import AtelierError
from atelier.gdpr import line_digests, logs, orders, store
from atelier.gdpr.counts import Counts
from atelier.gdpr.register import retentions
from atelier.leftovers import HELD
from atelier.ops import migrations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from psycopg2.extensions import connection as RawConnection  # noqa: N812 # it is a class
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 # it is a class

#: Seconds that an operation waits for a run to end.
WAIT_SECONDS: Final = 600.0

#: What is too old is told by the clock: of two that differ more than this, one is wrong.
MOST_CLOCK_DIFFERENCE: Final = timedelta(hours=1)

#: Who asks for the operation that the scheduler starts.
SCHEDULER: Final = "planification"


@dataclass(frozen=True)
class Request:
    """Why an operation is done, as its proof will say: who asked, and which file of theirs it belongs to."""

    requested_by: str
    reference: str

    @classmethod
    def of(cls, variables: Mapping[str, str], number: str) -> Request:
        """Read it from REQUESTED_BY and REFERENCE.

        Raises:
            AtelierError: One is missing, or holds the customer's number, which no proof may hold.
        """
        require(variables, ("REQUESTED_BY", "REFERENCE"), "who asks, and for which request,")
        request = cls(variables["REQUESTED_BY"].strip(), variables["REFERENCE"].strip())
        told = f"{request.requested_by} {request.reference}"
        if re.search(rf"(?<!\w){re.escape(number)}(?!\w)", told, re.IGNORECASE):
            raise AtelierError(
                "REQUESTED_BY or REFERENCE holds the customer's number, which the proof must not keep: name "
                "the request by a number of your own"
            )
        return request


@dataclass
class Outcome:
    """What an operation has done."""

    operation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    counts: Counts = field(default_factory=Counts)
    #: Orders that have no date by which they could be too old.
    undated_orders: int = 0
    #: The days before which the periods have ended, by their keys.
    cutoffs: dict[str, date] = field(default_factory=dict)


def customer_number(variables: Mapping[str, str]) -> str:
    """Return CUSTOMER.

    Raises:
        AtelierError: It is missing.
    """
    number = variables.get("CUSTOMER", "").strip()
    if not number:
        raise AtelierError("no customer is named: set CUSTOMER to the customer's number in the ERP")
    return number


def customer_key(number: str, variables: Mapping[str, str]) -> str:
    """Return the pseudonym of a customer's number; raises AtelierError without PSEUDONYM_KEY."""
    require(variables, ("PSEUDONYM_KEY",), "the key of the pseudonyms")
    return pseudonym(number, variables["PSEUDONYM_KEY"])


def erase(
    variables: Mapping[str, str], root: Path, number: str, request: Request, say: Callable[[str], None]
) -> Outcome:
    """Erase a customer from raw, snapshots and all that was made of them, for good.

    Raises:
        AtelierError: The warehouse cannot be used.
    """
    outcome = Outcome()
    key = customer_key(number, variables)
    target = Warehouse.of(variables)
    with working(variables, say) as connection:
        cursor = cursor_of(connection)
        cursor.execute(
            "insert into gdpr.suppressed_customers (customer_key) values (%s) on conflict do nothing", (key,)
        )
        withhold_all(connection, root, outcome)
        outcome.counts.add(orders.remove_behind_raw(cursor))
        prove(cursor, "erase", request, outcome)
    _vacuum(target, outcome.counts)
    return outcome


def retain(variables: Mapping[str, str], root: Path, say: Callable[[str], None]) -> Outcome:
    """Record what is too old today, by the seed's periods, and take it out of raw and snapshots.

    Raises:
        AtelierError: The warehouse cannot be used, its clock says something else, or the seed makes no sense.
    """
    outcome = Outcome()
    zone = variables.get("PLANT_TIMEZONE") or "Europe/Paris"
    today = datetime.now(ZoneInfo(zone)).date()
    target = Warehouse.of(variables)
    with working(variables, say) as connection:
        cursor = cursor_of(connection)
        _check_clock(cursor, target)
        for key, days in periods(root).items():
            # A period that was made longer does not bring back what is gone: it counts once it is reached.
            cursor.execute(
                "insert into gdpr.cutoffs as known (retention_key, before_date) values (%s, %s) "
                "on conflict (retention_key) do update set before_date = excluded.before_date, "
                "set_at = now() where known.before_date < excluded.before_date",
                (key, today - timedelta(days=days)),
            )
        cursor.execute("select retention_key, before_date from gdpr.cutoffs order by 1")
        outcome.cutoffs = dict(cursor.fetchall())
        withhold_all(connection, root, outcome)
        prove(cursor, "retention", Request(SCHEDULER, "durées de conservation"), outcome)
    return outcome


def _check_clock(cursor: Cursor, target: Warehouse) -> None:
    """Refuse to believe a clock by which too much would be deleted, for good.

    Raises:
        AtelierError: The warehouse's clock and ours differ.
    """
    here = datetime.now(timezone.utc)
    cursor.execute("select clock_timestamp()")
    (there,) = cursor.fetchone() or (here,)
    if abs(here - there) > MOST_CLOCK_DIFFERENCE:
        raise AtelierError(
            f"the clock of this machine says {here:%Y-%m-%d %H:%M} UTC and that of the warehouse, "
            f"{target.place}, {there:%Y-%m-%d %H:%M}: nothing was deleted; set the wrong one, then start "
            "this again"
        )


def enforce(variables: Mapping[str, str], say: Callable[[str], None]) -> Outcome:
    """Apply what is recorded to what a load has brought beside the ERP's tables: log lines, the history.

    Raises:
        AtelierError: The warehouse cannot be used.
    """
    outcome = Outcome()
    with working(variables, say) as connection:
        cursor = cursor_of(connection)
        cursor.execute(
            "select exists (select 1 from gdpr.suppressed_orders) or exists (select 1 from gdpr.cutoffs)"
        )
        if cursor.fetchone() == (True,):
            outcome.counts.add(orders.forget_history(cursor))
            outcome.counts.add(logs.enforce(cursor))
    return outcome


def periods(root: Path) -> dict[str, int]:
    """Return the days of the seed's periods that end.

    Raises:
        AtelierError: A number of days is none.
    """
    found = {}
    for key, period in retentions(root).items():
        if period.action == "keep":
            continue
        if not period.days.isascii() or not period.days.isdigit() or not 0 < int(period.days) < 100_000:
            raise AtelierError(
                f"the seed retention_periods has {period.days!r} days for {key}: give a whole number of days"
            )
        found[key] = int(period.days)
    return found


def planned_note(root: Path) -> str:
    """Return the words by which a journal note says that an order is planned: dbt's variable."""
    project = yaml.safe_load((root / "transform" / "dbt_project.yml").read_text(encoding="utf-8"))
    return str(project["vars"]["planned_note"])


def withhold_all(connection: sa.Connection, root: Path, outcome: Outcome) -> None:
    """Take out of raw and snapshots what is recorded as erased or too old, in the caller's transaction."""
    counts, outcome.undated_orders = orders.withhold(connection, planned_note(root))
    outcome.counts.add(counts)
    cursor = cursor_of(connection)
    outcome.counts.add(orders.forget_history(cursor))
    outcome.counts.add(logs.enforce(cursor))


def prove(cursor: Cursor, kind: str, request: Request, outcome: Outcome) -> None:
    """Write the proof of an operation, in its transaction."""
    cursor.execute(
        "insert into gdpr.operations (operation_id, kind, requested_by, reference, row_counts, tool_version) "
        "values (%s, %s, %s, %s, %s, %s)",
        (
            outcome.operation_id,
            kind,
            request.requested_by,
            request.reference,
            json.dumps(outcome.counts),
            version("atelier"),
        ),
    )


def cursor_of(connection: sa.Connection) -> Cursor:
    """Return a cursor of the driver in the transaction of `working`."""
    cursor: Cursor = connection.connection.cursor()  # type: ignore[assignment] # the driver's own
    return cursor


@contextmanager
def working(variables: Mapping[str, str], say: Callable[[str], None]) -> Iterator[sa.Connection]:
    """Hold the warehouse and work in one transaction: all of it is done, or nothing.

    Before, and in transactions of its own, every log line gets its digest: its text may be overwritten now.

    A step of a run works under the lock of the run and under its name, by which it is found if the run is
    killed.

    Raises:
        AtelierError: The warehouse cannot be used, or another run does not end.
    """
    target = Warehouse.of(variables)
    with ExitStack() as held:
        if not os.environ.get(HELD):
            lock = held.enter_context(closing(warehouse.connect(target)))
            held.enter_context(warehouse.exclusive_run(lock, WAIT_SECONDS, say))
            store.prepare(lock, target)
            migrations.apply(lock, target)
            roles.settle(lock, target)

        def connect() -> RawConnection:
            connection = warehouse.connect(target, os.environ.get("PGAPPNAME") or warehouse.LAUNCHER)
            connection.autocommit = False
            return connection

        engine = sa.create_engine("postgresql+psycopg2://", creator=connect, poolclass=sa.NullPool)
        try:
            with closing(connect()) as filling:
                filling.autocommit = True
                line_digests.fill(filling, variables, say)
            with engine.begin() as transaction:
                yield transaction
        except (psycopg2.Error, sa.exc.DBAPIError) as error:
            original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
            # What PostgreSQL says may quote a row.
            raise AtelierError(
                f"the warehouse, {target.place}, is as it was, as it {refusals.reason(original)}"
            ) from None


def _vacuum(target: Warehouse, counts: Counts) -> None:
    """Let the database overwrite what was deleted: until then the rows are still in its files."""
    try:
        with closing(warehouse.connect(target)) as connection, connection.cursor() as cursor:
            for table in counts:
                cursor.execute(sql.SQL("vacuum {}").format(sql.Identifier(*table.split(".", 1))))
    except psycopg2.Error as error:
        raise AtelierError(
            f"the customer is erased, but the rows are still in the files of the warehouse, {target.place} "
            f"({error.pgcode or type(error).__name__}): let an administrator run `vacuum` on it"
        ) from None


def has_marts(target: Warehouse) -> bool:
    """Whether a run has ever built the marts."""
    with closing(warehouse.connect(target)) as connection, connection.cursor() as cursor:
        cursor.execute("select exists (select 1 from pg_tables where schemaname = 'marts')")
        return bool(cursor.fetchone() == (True,))
