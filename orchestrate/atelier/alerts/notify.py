"""Tells what is due: the entry for the scheduler and for `atelier alerts send`."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

import psycopg2

from atelier import places
from atelier.alerts.books import Book, LocalBook, UnwritableError, WarehouseBook
from atelier.alerts.channels import Channel, DeliveryError
from atelier.alerts.incidents import Action, due, follow, told
from atelier.alerts.kinds import RUN_FAILED, SCHEDULER_PROBLEM, WAREHOUSE_UNREACHABLE, local_alert
from atelier.alerts.mail import Mail, PartlyRefusedError
from atelier.alerts.messages import compose
from atelier.alerts.settings import AlertSettings
from atelier.alerts.webhook import Webhook
from atelier.connections import Warehouse, project_root
from atelier.errors import AtelierError
from atelier.ops import migrations
from atelier.warehouse import connect

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class

    from atelier.alerts.incidents import Alert, Incident

#: Files in the state folder.
BOOK: Final = "alerts.json"
LOCK: Final = "alerts.lock"

#: Classes of what PostgreSQL says of values, not of itself: what it was asked for holds a wrong one.
_WRONG_VALUES: Final = ("21", "22", "23")

_UNASKABLE: Final = (
    "marts.fct_alerts cannot be asked (PostgreSQL says {}): a seed or table that it reads holds a wrong "
    "value, which `meltano run transform` names; no other alert is told until then"
)

#: A server that is being restarted is not one that is gone.
CONNECT_PAUSES_SECONDS: Final = (2.0, 5.0)

UNCONFIGURED: Final = (
    "nobody is told of alerts: set SMTP_HOST, ALERT_FROM and ALERT_TO, or ALERT_WEBHOOK_URL (see "
    ".env.example); until then they are in marts.fct_alerts"
)


@dataclass(frozen=True)
class Problem:
    """Something that the scheduler itself has to say: where, since when, in one sentence."""

    subject: str
    since: datetime
    details: str


@dataclass
class Summary:
    """What was found and told."""

    open_count: int = 0
    #: Alerts told, by channel.
    told: dict[str, int] = field(default_factory=dict)
    #: Why a channel did not take its message; it is due again next time.
    failures: list[str] = field(default_factory=list)
    #: What could not be written down.
    unwritten: list[str] = field(default_factory=list)
    #: What else whoever reads the log should know.
    notes: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        parts = [f"{self.open_count} alert{'' if self.open_count == 1 else 's'} open"]
        parts += [f"{count} told by {channel}" for channel, count in self.told.items()]
        parts += [f"not told, due again next time: {failure}" for failure in self.failures]
        return "; ".join([*parts, *dict.fromkeys(self.unwritten), *self.notes])


def run(
    variables: Mapping[str, str],
    now: datetime | None = None,
    problems: Sequence[Problem] | None = None,
    environment: str | None = None,
) -> Summary:
    """Look what is wrong, and tell those who are to know.

    A mail server or warehouse that cannot be reached is no error, nor is a full disk: the summary says so,
    and what is due goes next time. Two senders never work at once: the second one leaves it to the first.

    Args:
        variables: Those of the contract.
        now: The moment, for tests.
        problems: What is wrong with the scheduler itself, all of it; None where the caller does not know.
        environment: The Meltano environment; by default the one of the variables.

    Raises:
        AtelierError: A setting makes no sense, or the state folder cannot be used.
    """
    settings = AlertSettings.of(variables)
    root = project_root()
    name = environment or variables.get("MELTANO_ENVIRONMENT") or "dev"
    state = places.state_folder(root, name, variables)
    with places.alone(state / LOCK) as is_alone:
        if not is_alone:
            return Summary(notes=["another sender is at work: left to it"])
        book = LocalBook.open(state / BOOK)
        sender = _Sender(settings, root, now or datetime.now(timezone.utc), book, channels_of(settings))
        return sender.run(variables, problems)


def channels_of(settings: AlertSettings) -> list[Channel]:
    """Return the channels that are configured."""
    channels: list[Channel] = []
    if settings.mail:
        channels.append(Mail(settings.mail))
    if settings.webhook:
        channels.append(Webhook(settings.webhook))
    return channels


@dataclass
class _Sender:
    settings: AlertSettings
    root: Path
    now: datetime
    local: LocalBook
    channels: Sequence[Channel]
    summary: Summary = field(default_factory=Summary)

    def run(self, variables: Mapping[str, str], problems: Sequence[Problem] | None) -> Summary:
        with ExitStack() as stack:
            connection, reason = self._connected(Warehouse.of(variables))
            followed: WarehouseBook | None = None
            found: list[Alert] = []
            judged = {WAREHOUSE_UNREACHABLE}
            if connection is not None:
                stack.callback(connection.close)
                book = WarehouseBook(connection)
                if not stack.enter_context(book.alone()):
                    return Summary(notes=["a sender on another machine is at work: left to it"])
                try:
                    found += self._follow_warehouse(book)
                    followed = book
                    judged.add(RUN_FAILED)
                except psycopg2.Error as error:
                    reason = _lost(error)
            if reason:
                self.summary.notes.append(reason)
                found.append(self._unreachable(variables, reason))
            if problems is not None:
                judged.add(SCHEDULER_PROBLEM)
                found += [
                    self._local(SCHEDULER_PROBLEM, each.subject, each.since, each.details)
                    for each in problems
                ]
            self._follow_local(found, judged)
            self._tell([self.local, followed] if followed else [self.local])
            if followed:
                # Last: whatever is wrong with the number of days, those who are to know have been told.
                with self._noted():
                    followed.forget(self.now - timedelta(days=places.run_keep_days(variables)))
        return self.summary

    def _connected(self, target: Warehouse) -> tuple[Connection | None, str]:
        reason = ""
        for pause in (0.0, *CONNECT_PAUSES_SECONDS):
            time.sleep(pause)
            connection = None
            try:
                connection = connect(target)
                migrations.apply(connection, target)
            except (AtelierError, psycopg2.Error) as error:
                reason = str(error) if isinstance(error, AtelierError) else _lost(error)
                if connection is not None:
                    connection.close()
            else:
                return connection, ""
        return None, reason

    def _follow_warehouse(self, book: WarehouseBook) -> list[Alert]:
        """Follow the mart of the alerts; return what is told in its place while it cannot be asked."""
        try:
            alerts = book.alerts()
        except psycopg2.Error as error:
            if (error.pgcode or "")[:2] not in _WRONG_VALUES:
                raise
            self.summary.notes.append(f"marts.fct_alerts cannot be asked ({error.pgcode})")
            return [self._local(RUN_FAILED, "marts.fct_alerts", self.now, _UNASKABLE.format(error.pgcode))]
        if alerts is None:
            self.summary.notes.append("there is no marts.fct_alerts yet: a run of elt or transform makes it")
            return [self._local(RUN_FAILED, job, since, said) for job, since, said in book.failed_jobs()]
        self.summary.open_count += len(alerts)
        book.save(follow(book.load(self.now), alerts, self.now, self._channel_names))
        return []

    def _follow_local(self, alerts: Sequence[Alert], judged: Collection[str]) -> None:
        self.summary.open_count += len(alerts)
        known = self.local.load(self.now)
        changed = follow(known, alerts, self.now, self._channel_names, lambda alert: alert.kind in judged)
        if changed:
            with self._noted():
                self.local.save(changed)

    def _unreachable(self, variables: Mapping[str, str], reason: str) -> Alert:
        subject = f"{variables.get('POSTGRES_HOST', '')}:{variables.get('POSTGRES_PORT', '')}"
        return self._local(WAREHOUSE_UNREACHABLE, subject, self.now, reason)

    def _local(self, kind: str, subject: str, since: datetime, details: str) -> Alert:
        alert, fault = local_alert(self.root, kind, subject, since, details)
        if fault:
            self.summary.notes.append(fault)
        return alert

    def _tell(self, books: Sequence[Book]) -> None:
        if not self.channels:
            if not self.local.has_said_unconfigured:
                self.summary.notes.append(UNCONFIGURED)
                self._note_unconfigured(is_said=True)
            return
        if self.local.has_said_unconfigured:
            self._note_unconfigured(is_said=False)
        known = []
        for book in books:
            with self._noted():
                known += [(book, incident) for incident in book.load(self.now)]
        for channel in self.channels:
            self._tell_by(channel, known)

    def _tell_by(self, channel: Channel, known: Sequence[tuple[Book, Incident]]) -> None:
        quiet = self.settings.quiet_hours
        is_quiet = quiet is not None and quiet.hold(self.now)
        found: list[tuple[Book, Incident, Action]] = []
        for book, incident in known:
            action = due(incident, channel.name, self.now, self.settings.reminder, is_quiet=is_quiet)
            if action is not None:
                found.append((book, incident, action))
        if not found:
            return
        items = [(incident, action) for _, incident, action in found]
        message = compose(items, channel.name, self.now, self.settings.zone, self.settings.dashboard)
        try:
            message_id = channel.send(message)
        except DeliveryError as error:
            self.summary.failures.append(str(error))
            return
        except PartlyRefusedError as error:
            self.summary.notes.append(str(error))
            message_id = error.message_id
        self.summary.told[channel.name] = len(items)
        # After the message, so that none is lost: whoever is killed in between says this one again.
        touched: dict[int, tuple[Book, list[Incident]]] = {}
        for book, incident, action in found:
            told(incident, channel.name, action, self.now, message_id)
            touched.setdefault(id(book), (book, []))[1].append(incident)
        for book, incidents in touched.values():
            with self._noted("; what was just told may be told once more"):
                book.save(incidents)

    def _note_unconfigured(self, *, is_said: bool) -> None:
        self.local.has_said_unconfigured = is_said
        with self._noted():
            self.local.save(())

    @contextmanager
    def _noted(self, consequence: str = "") -> Iterator[None]:
        """Say it in the summary if the warehouse is lost meanwhile, or the disk is full."""
        try:
            yield
        except UnwritableError as error:
            self.summary.unwritten.append(str(error))
        except psycopg2.Error as error:
            self.summary.notes.append(f"{_lost(error)}{consequence}")

    @property
    def _channel_names(self) -> list[str]:
        return [channel.name for channel in self.channels]


def _lost(error: psycopg2.Error) -> str:
    code = f" ({error.pgcode})" if error.pgcode else ""
    return (
        f"the warehouse did not answer as it should{code}: check that PostgreSQL runs, and see its log; the "
        "next look at the alerts tries again"
    )
