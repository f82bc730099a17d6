"""Where incidents are written down: in the warehouse, and in a file for what must be known without it."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

import psycopg2
from psycopg2.extras import execute_values

from atelier.alerts.incidents import Alert, Incident, Notice
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class

#: An all-clear that could not be sent for so long is not sent any more.
REMEMBERED: Final = timedelta(days=14)

#: Key of the advisory lock that a sender holds: any number, the same for ever.
_SENDER_LOCK: Final = 7_021_955_234

_ALERT: Final = (
    "alert_id",
    "kind",
    "severity",
    "machine_id",
    "subject",
    "since",
    "title",
    "what_to_do",
    "details",
)
_INCIDENT: Final = ("opened_at", "seen_at", "gone_at", "times_reopened")
_NOTICE: Final = ("state", "told_at", "thread_id", "message_count")


def _upsert(table: str, key: Sequence[str], columns: Sequence[str]) -> str:
    updates = ", ".join(f"{name} = excluded.{name}" for name in columns)
    return (
        f"insert into ops.{table} ({', '.join((*key, *columns))}) values %s "  # noqa: S608 # constants
        f"on conflict ({', '.join(key)}) do update set {updates}"
    )


_WRITE_INCIDENTS: Final = _upsert("alert_incidents", ("incident_id",), (*_ALERT, *_INCIDENT))
_WRITE_NOTICES: Final = _upsert("alert_notices", ("incident_id", "channel"), _NOTICE)


#: What somebody has tried by hand and has never worked is theirs to know.
_FAILED_JOBS: Final = """
select job, ended_at, coalesce(message, '')
from (
    select
        job, ended_at, message, outcome,
        row_number() over (partition by job order by ended_at desc, run_id) as recency,
        bool_or(schedule is not null or outcome = 'succeeded') over (partition by job) as is_expected
    from ops.runs
    -- Of a clock that was ahead is no news.
    where outcome <> 'running' and ended_at <= now()
) as runs
where
    recency = 1 and outcome <> 'succeeded' and is_expected
    and not exists (select 1 from ops.runs where outcome = 'running')
order by ended_at, job
"""


class UnwritableError(AtelierError):
    """The file of incidents cannot be written."""


class Book(Protocol):
    """Keeps incidents."""

    def load(self, now: datetime) -> list[Incident]:
        """Return those that last and those that ended lately."""

    def save(self, incidents: Sequence[Incident]) -> None:
        """Write them down, all or none."""


class WarehouseBook:
    """The tables `ops.alert_incidents` and `ops.alert_notices`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Hold the right to send, on whatever machine; yield whether it could be had."""
        with self._connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(%s)", (_SENDER_LOCK,))
            has_lock = cursor.fetchone() == (True,)
            try:
                yield has_lock
            finally:
                # A connection that is lost has given it up.
                if has_lock:
                    with suppress(psycopg2.Error):
                        cursor.execute("select pg_advisory_unlock(%s)", (_SENDER_LOCK,))

    def alerts(self) -> list[Alert] | None:
        """Return the alerts that are open now; None while there is no such mart, as before the first run."""
        with self._connection.cursor() as cursor:
            cursor.execute("select to_regclass('marts.fct_alerts') is not null")
            if cursor.fetchone() != (True,):
                return None
            cursor.execute(
                f"select {', '.join(_ALERT[:-1])}, coalesce(details, '') "  # noqa: S608 # constants
                "from marts.fct_alerts order by since, alert_id"
            )
            return [Alert(*row) for row in cursor.fetchall()]

    def failed_jobs(self) -> list[tuple[str, datetime, str]]:
        """Return each job whose last run has failed, when, and what it said; none while a run is at work.

        For as long as there is no mart that says so, by the same rules.
        """
        with self._connection.cursor() as cursor:
            cursor.execute(_FAILED_JOBS)
            found: list[tuple[str, datetime, str]] = cursor.fetchall()
            return found

    def load(self, now: datetime) -> list[Incident]:
        """Return those that last and those that ended lately."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                f"select cast(incident_id as text), {', '.join((*_ALERT, *_INCIDENT))} "  # noqa: S608 # constants
                "from ops.alert_incidents where gone_at is null or gone_at > %s",
                (now - REMEMBERED,),
            )
            found = {
                incident_id: Incident(
                    Alert(*values[: len(_ALERT)]),
                    **dict(zip(_INCIDENT, values[len(_ALERT) :], strict=True)),
                    incident_id=incident_id,
                )
                for incident_id, *values in cursor.fetchall()
            }
            cursor.execute(
                f"select cast(incident_id as text), channel, {', '.join(_NOTICE)} "  # noqa: S608 # constants
                "from ops.alert_notices where incident_id = any(%s::uuid[])",
                (list(found),),
            )
            for incident_id, channel, *values in cursor.fetchall():
                found[incident_id].notices[channel] = Notice(*values)
        return list(found.values())

    def save(self, incidents: Sequence[Incident]) -> None:
        """Write them down, all or none."""
        if not incidents:
            return
        with self._connection.cursor() as cursor:
            cursor.execute("begin")
            try:
                execute_values(
                    cursor,
                    _WRITE_INCIDENTS,
                    [
                        (
                            incident.incident_id,
                            *(getattr(incident.alert, name) for name in _ALERT),
                            *(getattr(incident, name) for name in _INCIDENT),
                        )
                        for incident in incidents
                    ],
                )
                notices = [
                    (incident.incident_id, channel, *(getattr(notice, name) for name in _NOTICE))
                    for incident in incidents
                    for channel, notice in incident.notices.items()
                ]
                if notices:
                    execute_values(
                        cursor,
                        _WRITE_NOTICES,
                        notices,
                    )
                cursor.execute("commit")
            except BaseException:
                if not self._connection.closed:
                    cursor.execute("rollback")
                raise

    def forget(self, before: datetime) -> None:
        """Remove incidents that ended before a moment."""
        with self._connection.cursor() as cursor:
            cursor.execute("delete from ops.alert_incidents where gone_at < %s", (before,))


@dataclass
class LocalBook:
    """A file: the warehouse itself may be what is missing.

    What a full disk does not take is remembered by the process, so that a scheduler does not tell it anew at
    every look.
    """

    #: Of each file, the incidents that this process could not write to it.
    _unwritten: ClassVar[dict[Path, dict[str, Incident]]] = {}

    path: Path
    #: Whether it was said that nobody is told.
    has_said_unconfigured: bool = False
    _incidents: dict[str, Incident] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> LocalBook:
        """Read the file; one that is missing or spoilt is an empty one."""
        book = cls(path)
        incidents: list[Incident] = []
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            content = json.loads(path.read_text(encoding="utf-8"))
            book.has_said_unconfigured = bool(content["has_said_unconfigured"])
            incidents = [_incident_of(fields) for fields in content["incidents"]]
        book._incidents = {incident.incident_id: incident for incident in incidents}
        lasting = {incident.alert.alert_id for incident in incidents if incident.gone_at is None}
        for key, incident in cls._unwritten.get(path, {}).items():
            # Unless another process has met the same alert meanwhile, and could write.
            if key in book._incidents or incident.alert.alert_id not in lasting:
                book._incidents[key] = incident
        return book

    def load(self, now: datetime) -> list[Incident]:
        """Return those that last and those that ended lately."""
        self._incidents = {
            key: incident
            for key, incident in self._incidents.items()
            if incident.gone_at is None or incident.gone_at > now - REMEMBERED
        }
        return list(self._incidents.values())

    def save(self, incidents: Sequence[Incident]) -> None:
        """Write them down, all or none.

        Raises:
            UnwritableError: The file cannot be written; until it can, this process remembers them.
        """
        saved = {incident.incident_id: incident for incident in incidents}
        self._incidents.update(saved)
        content = {
            "has_said_unconfigured": self.has_said_unconfigured,
            "incidents": [asdict(incident) for incident in self._incidents.values()],
        }
        partial = self.path.with_suffix(".partial")
        try:
            with partial.open("w", encoding="utf-8") as file:
                json.dump(content, file, ensure_ascii=False, indent=1, default=datetime.isoformat)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.path)
        except OSError as error:
            self._unwritten.setdefault(self.path, {}).update(saved)
            raise UnwritableError(
                f"the file {self.path} cannot be written ({error.strerror}): make room, give this user the "
                "right to it, or name another folder in ATELIER_STATE_DIR; until then another process may "
                "tell the same again"
            ) from None
        self._unwritten.pop(self.path, None)


def _incident_of(fields: dict[str, Any]) -> Incident:
    def moment(text: str | None) -> datetime | None:
        return datetime.fromisoformat(text) if text else None

    alert = Alert(**{**fields["alert"], "since": datetime.fromisoformat(fields["alert"]["since"])})
    notices = {
        channel: Notice(**{**notice, "told_at": moment(notice["told_at"])})
        for channel, notice in fields["notices"].items()
    }
    return Incident(
        alert=alert,
        opened_at=datetime.fromisoformat(fields["opened_at"]),
        seen_at=datetime.fromisoformat(fields["seen_at"]),
        gone_at=moment(fields["gone_at"]),
        times_reopened=int(fields["times_reopened"]),
        incident_id=fields["incident_id"],
        notices=notices,
    )
