"""What has happened to an alert and what has to be said about it: rules alone, no input or output."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from target_warehouse.plain_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from zoneinfo import ZoneInfo

#: An alert that returns within this time was never over: its incident is opened again.
REOPEN_WITHIN: Final = timedelta(hours=2)

CRITICAL: Final = "critical"

UNTOLD: Final = "untold"
OPEN: Final = "open"
OVER: Final = "over"


@dataclass(frozen=True)
class Alert:
    """Something that is wrong now: a row of `marts.fct_alerts`, or what only the sender knows."""

    alert_id: str
    kind: str
    severity: str
    machine_id: str | None
    subject: str
    since: datetime
    title: str
    what_to_do: str
    details: str

    def __post_init__(self) -> None:
        """Take no text as it comes: names of files are as someone has made them."""
        for name in ("subject", "title", "what_to_do", "details"):
            object.__setattr__(self, name, plain_text(getattr(self, name)))


@dataclass
class Notice:
    """What one channel has told of an incident, and when."""

    state: str = UNTOLD
    told_at: datetime | None = None
    thread_id: str | None = None
    message_count: int = 0


@dataclass
class Incident:
    """An alert from when it was first seen until it is gone; `gone_at` is None while it lasts."""

    alert: Alert
    opened_at: datetime
    seen_at: datetime
    gone_at: datetime | None = None
    times_reopened: int = 0
    incident_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    notices: dict[str, Notice] = field(default_factory=dict)


class Action(Enum):
    """Why an incident is in a message; the order is that of the message."""

    NEW = "new"
    AGAIN = "again"
    REMINDER = "reminder"
    OVER = "over"
    #: It came and went before it could be told.
    PASSED = "passed"


@dataclass(frozen=True)
class QuietHours:
    """The hours in which only what is critical is told, by the plant's clock."""

    begins_at: time
    ends_at: time
    zone: ZoneInfo

    def hold(self, now: datetime) -> bool:
        """Return whether it is quiet now; hours that begin later than they end run past midnight."""
        clock = now.astimezone(self.zone).time()
        if self.begins_at < self.ends_at:
            return self.begins_at <= clock < self.ends_at
        return clock >= self.begins_at or clock < self.ends_at


def follow(
    incidents: Iterable[Incident],
    alerts: Iterable[Alert],
    now: datetime,
    channels: Iterable[str],
    is_judged: Callable[[Alert], bool] = lambda _: True,
) -> list[Incident]:
    """Bring incidents up to date with the alerts that are open now.

    Args:
        incidents: Those that last, and those that ended lately; they are changed.
        alerts: What is wrong now, each with an `alert_id` of its own.
        now: The moment at which that was asked.
        channels: Those that shall tell of new incidents.
        is_judged: Whether `alerts` would have an incident's alert, were it still there.

    Returns:
        The incidents that were opened, seen again, or have ended.
    """
    known = sorted(incidents, key=lambda incident: incident.opened_at)
    lasting = {incident.alert.alert_id: incident for incident in known if incident.gone_at is None}
    ended = {incident.alert.alert_id: incident for incident in known if incident.gone_at is not None}
    changed: dict[str, Incident] = {}
    for alert in alerts:
        incident = lasting.get(alert.alert_id) or _returned(ended.get(alert.alert_id), now)
        if incident is None:
            notices = {channel: Notice() for channel in channels}
            incident = Incident(alert, now, now, notices=notices)
        # Since when is what was said first: some alerts know no more than the last look.
        incident.alert = replace(alert, since=min(alert.since, incident.alert.since))
        incident.seen_at = now
        changed[alert.alert_id] = incident
    for alert_id, incident in lasting.items():
        if alert_id not in changed and is_judged(incident.alert):
            incident.gone_at = now
            changed[alert_id] = incident
    return list(changed.values())


def _returned(incident: Incident | None, now: datetime) -> Incident | None:
    if incident is None or incident.gone_at is None or now - incident.gone_at > REOPEN_WITHIN:
        return None
    incident.gone_at = None
    incident.times_reopened += 1
    return incident


def due(
    incident: Incident, channel: str, now: datetime, reminder: timedelta | None, *, is_quiet: bool
) -> Action | None:
    """Return what a channel has to say about an incident now, if anything."""
    notice = incident.notices.get(channel)
    action = _due(incident, notice, now, reminder)
    if action is not None and is_quiet:
        comes_through = action in (Action.NEW, Action.AGAIN, Action.OVER)
        return action if comes_through and incident.alert.severity == CRITICAL else None
    return action


def _due(
    incident: Incident, notice: Notice | None, now: datetime, reminder: timedelta | None
) -> Action | None:
    gone_at = incident.gone_at
    if notice is None:
        # The channel was configured later: it tells what lasts, and no history.
        return Action.NEW if gone_at is None else None
    if notice.state == UNTOLD:
        return Action.NEW if gone_at is None else Action.PASSED
    if notice.state == OVER:
        return Action.AGAIN if gone_at is None else None
    if gone_at is not None:
        # What has returned once may do so again: then it is over when it has stayed away.
        is_settled = not incident.times_reopened or now - gone_at > REOPEN_WITHIN
        return Action.OVER if is_settled else None
    is_late = reminder is not None and notice.told_at is not None and now - notice.told_at >= reminder
    return Action.REMINDER if is_late else None


def told(incident: Incident, channel: str, action: Action, now: datetime, message_id: str) -> None:
    """Note that a channel has told it."""
    notice = incident.notices.setdefault(channel, Notice())
    notice.state = OVER if action in (Action.OVER, Action.PASSED) else OPEN
    notice.told_at = now
    notice.thread_id = notice.thread_id or message_id
    notice.message_count += 1
