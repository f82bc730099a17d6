"""Names who holds a lock that a session of ours waits for.

PostgreSQL ends a wait that lasts too long without saying who was in the way, and afterwards it does not know.
So a thread looks while a session waits: one of this process, or one of a program that bears the run's name.
"""

from __future__ import annotations

import os
import re
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, ClassVar, Final

import psycopg2
from target_warehouse.sessions import LOCK_TIMEOUT_SECONDS

from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 # it is a class

#: What a statement fails with that did not get its lock.
LOCKED: Final = (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected)

LOOK_EVERY_SECONDS: Final = 1.0

#: A wait as long as this share of the limit has ended with it.
_WHOLE: Final = 0.8

#: A wait that is told of while it lasts.
_TOLD_AFTER_SECONDS: Final = 2.0

#: How a program of ours says that two sessions waited for each other, which ends after a second.
_DEADLOCK: Final = re.compile(r"\b40P01\b|deadlock detected|DeadlockDetected")

_IS_LOCKED: Final = "is locked by"

_WAITING: Final = """
    select pid from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
        and (application_name = %s or pid = any(%s))
"""

_BLOCKED: Final = """
    select
        waiting.pid,
        coalesce(
            nspname || '.' || relname,
            case waiting.locktype when 'advisory' then 'a lock of Atelier' else 'a row' end
        ) as place,
        classes.oid as relation,
        pg_blocking_pids(waiting.pid) as blocking_pids
    from pg_locks as waiting
    left join pg_locks as row_lock
        on row_lock.pid = waiting.pid and row_lock.granted and row_lock.locktype = 'tuple'
    left join pg_class as classes on classes.oid = coalesce(waiting.relation, row_lock.relation)
    left join pg_namespace as namespaces on namespaces.oid = classes.relnamespace
    where not waiting.granted and waiting.pid = any(%s)
"""

#: Of the sessions of others everyone sees who they are; since when, only whoever may read all statistics.
_HOLDERS: Final = """
    select pid, usename, application_name, xact_start, state, (
        select string_agg(distinct held.mode, ', ' order by held.mode) from pg_locks as held
        where held.pid = sessions.pid and held.granted and held.relation = %(relation)s
    )
    from pg_stat_activity as sessions
    where pid = any(%(pids)s) and application_name is distinct from %(own_name)s and pid <> all(%(own_pids)s)
    order by xact_start, pid
"""

#: A prepared transaction has no session: PostgreSQL calls its process 0.
_PREPARED: Final = """
    select prepared.gid, prepared.owner, prepared.prepared from pg_prepared_xacts as prepared
    where prepared.database = current_database() and (%(relation)s::oid is null or exists (
        select 1 from pg_locks as held
        inner join pg_locks as own on own.virtualtransaction = held.virtualtransaction and own.pid is null
        where held.relation = %(relation)s::oid and held.pid is null
            and own.transactionid::text = prepared.transaction::text
    ))
"""


@dataclass
class Wait:
    """A session of ours that waits, or has waited, for others."""

    #: What it waits for, such as `marts.fct_runs`.
    place: str
    #: Who is in the way, in words.
    holders: tuple[str, ...]
    began: float
    seen: float
    told: bool = False

    @property
    def seconds(self) -> float:
        """How long it has lasted at least."""
        return self.seen - self.began

    @property
    def sentence(self) -> str:
        """What is held, and by whom."""
        return f"{self.place} {_IS_LOCKED} {' and by '.join(self.holders)}"


@dataclass
class Watch:
    """Looks at the sessions of this process and of its programs, as long as they work."""

    #: Server processes of this process's own sessions.
    own_pids: ClassVar[set[int]] = set()

    connect: Callable[[], Connection]
    say: Callable[[str], None]
    limit_seconds: float
    look_every_seconds: float
    _waits: dict[int, Wait] = field(default_factory=dict, init=False)
    _ended: list[Wait] = field(default_factory=list, init=False)
    _over: threading.Event = field(default_factory=threading.Event, init=False)

    def run(self) -> None:
        """Look until it is over; a warehouse that cannot be asked is for others to tell of."""
        while not self._over.wait(self.look_every_seconds):
            if not self.own_pids:
                continue
            try:
                with closing(self.connect()) as connection, connection.cursor() as cursor:
                    while not self._over.is_set():
                        self.look(cursor)
                        self._over.wait(self.look_every_seconds)
            except (AtelierError, psycopg2.Error):
                return

    def look(self, cursor: Cursor) -> None:
        """Note who waits now, for whom."""
        now = time.monotonic()
        own_name = os.environ.get("PGAPPNAME") or None
        pids = self.own_pids - {cursor.connection.info.backend_pid}
        cursor.execute(_WAITING, (own_name, list(pids)))
        waiting = [pid for (pid,) in cursor.fetchall()]
        found = {}
        if waiting:
            cursor.execute(_BLOCKED, (waiting,))
            for pid, place, relation, blocking_pids in cursor.fetchall():
                known = {
                    "relation": relation,
                    "pids": blocking_pids,
                    "own_name": own_name,
                    "own_pids": list(pids),
                }
                if holders := tuple(_holders(cursor, known)):
                    found[pid] = Wait(place, holders, now, now)
        for pid, wait in list(self._waits.items()):
            if pid not in found or found[pid].place != wait.place:
                self._ended.append(self._waits.pop(pid))
        for pid, wait in found.items():
            begun = self._waits.setdefault(pid, wait)
            begun.seen = now
            if not begun.told and begun.seconds >= _TOLD_AFTER_SECONDS:
                begun.told = True
                self.say(f"waiting for a lock: {begun.sentence}")

    def end(self) -> None:
        """Look no more."""
        self._over.set()

    def reason(self, told: str = "") -> str | None:
        """Return who was in the way of what has failed, and what to do; None where no lock was the reason.

        Args:
            told: What is said of the failure.
        """
        waits = [*self._ended, *self._waits.values()]
        if not _DEADLOCK.search(told):
            waits = [wait for wait in waits if wait.seconds >= _WHOLE * self.limit_seconds]
        if not waits:
            return None
        sentences = dict.fromkeys(wait.sentence for wait in waits)
        return f"{'; '.join(sentences)}: let that end, or end it, then start this again"

    def explained(self, told: str) -> str:
        """Return what is said of a failure, with who was in the way if a lock was the reason."""
        reason = self.reason(told)
        # A program that was watched itself has said it already.
        return f"{told}; {reason}" if reason and _IS_LOCKED not in told else told


def _holders(cursor: Cursor, known: Mapping[str, object]) -> Iterator[str]:
    cursor.execute(_HOLDERS, known)
    for pid, user, application, since, state, modes in cursor.fetchall():
        named = f"session {pid} of user {user}" if user else f"process {pid} of the server itself"
        began = f"since {_clock(since)}" if since else f"since before {_clock(datetime.now(timezone.utc))}"
        parts = [
            f"application {application!r}" if application else "",
            f"in a transaction {began}",
            "idle" if str(state).startswith("idle") else "",
            f"holds {modes}" if modes else "",
        ]
        ending = f"; select pg_terminate_backend({pid}) ends it" if user else ", such as an autovacuum"
        yield f"{named} ({', '.join(part for part in parts if part)}{ending})"
    pids = known["pids"]
    if isinstance(pids, list) and 0 in pids:
        cursor.execute(_PREPARED, known)
        for gid, owner, since in cursor.fetchall():
            yield (
                f"the prepared transaction {gid!r} of user {owner} (since {_clock(since)}; "
                "commit prepared or rollback prepared ends it)"
            )


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC"


@contextmanager
def watched(
    connect: Callable[[], Connection],
    say: Callable[[str], None],
    *,
    limit_seconds: float = LOCK_TIMEOUT_SECONDS,
    look_every_seconds: float = LOOK_EVERY_SECONDS,
) -> Iterator[Watch]:
    """Watch the sessions of this process and of its programs while they work.

    Args:
        connect: Logs in for the looking; called once somebody works.
        say: Takes a sentence about a wait that lasts.
        limit_seconds: How long a session waits for a lock.
        look_every_seconds: How often to look.
    """
    watch = Watch(connect, say, limit_seconds, look_every_seconds)
    thread = threading.Thread(target=watch.run, name="locks", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.end()
