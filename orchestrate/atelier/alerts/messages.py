"""What is said: incidents become a message, with a subject, a text, HTML and JSON."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from atelier.alerts import labels
from atelier.alerts.incidents import CRITICAL, Action

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from atelier.alerts.incidents import Incident

#: Beyond this many alerts in one section a message says how many more there are.
_SHOWN: Final = 50

_LONGEST_SUBJECT: Final = 150

#: Makes the same message have the same identity, whoever sends it again.
_NAMESPACE: Final = uuid.UUID("5f0c1a52-5c63-4f0b-9d0e-0a7b1c2d3e4f")

_TEMPLATES: Final = Environment(
    loader=PackageLoader("atelier.alerts", "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Item:
    """An incident as a message shows it."""

    incident: Incident
    action: Action
    title: str
    severity: str
    where: str
    since: str
    until: str
    details: str
    what_to_do: str

    @classmethod
    def of(cls, incident: Incident, action: Action, zone: ZoneInfo) -> Item:
        """Return its texts, with the times of the plant."""
        alert = incident.alert

        def moment(instant: datetime) -> str:
            return instant.astimezone(zone).strftime(labels.DAY_AND_TIME)

        is_over = action in (Action.OVER, Action.PASSED)
        return cls(
            incident,
            action,
            title=alert.title,
            severity=labels.SEVERITIES.get(alert.severity, alert.severity),
            where=alert.subject,
            since=moment(alert.since),
            until=moment(incident.gone_at) if is_over and incident.gone_at else "",
            details=alert.details,
            what_to_do="" if is_over else alert.what_to_do,
        )


@dataclass(frozen=True)
class Message:
    """One message to one channel."""

    delivery_id: str
    subject: str
    text: str
    html: str
    sent_at: datetime
    is_urgent: bool = False
    items: tuple[Item, ...] = ()
    #: Message-IDs of the e-mails that began what this one goes on with.
    threads: tuple[str, ...] = field(default=())

    @property
    def document(self) -> dict[str, Any]:
        """The message for programs (docs/alerts.md)."""
        return {
            "schema": "atelier.alerts/1",
            "delivery_id": self.delivery_id,
            "sent_at": self.sent_at.isoformat(),
            # What chat programs show.
            "text": self.text,
            "alerts": [
                {
                    "status": item.action.value,
                    "incident_id": item.incident.incident_id,
                    "alert_id": item.incident.alert.alert_id,
                    "kind": item.incident.alert.kind,
                    "severity": item.incident.alert.severity,
                    "machine_id": item.incident.alert.machine_id,
                    "subject": item.where,
                    "since": item.incident.alert.since.isoformat(),
                    "until": item.incident.gone_at.isoformat() if item.incident.gone_at else None,
                    "title": item.title,
                    "what_to_do": item.incident.alert.what_to_do,
                    "details": item.details,
                }
                for item in self.items
            ],
        }


def compose(
    told: Sequence[tuple[Incident, Action]], channel: str, now: datetime, zone: ZoneInfo, dashboard: str
) -> Message:
    """Return one message about all that a channel has to say now."""
    order = {severity: place for place, severity in enumerate(labels.SEVERITIES)}
    items = tuple(
        Item.of(incident, action, zone)
        for incident, action in sorted(
            told, key=lambda each: (order.get(each[0].alert.severity, 1), each[0].alert.since)
        )
    )
    sections = [
        (labels.HEADINGS[action], found[:_SHOWN], max(0, len(found) - _SHOWN))
        for action in Action
        if (found := [item for item in items if item.action is action])
    ]
    words = {"sections": sections, "labels": labels, "dashboard": dashboard}
    notices = [(item.incident.incident_id, item.incident.notices.get(channel)) for item in items]
    # The same things said for the same time: sent twice, it is the same message.
    identity = sorted(
        f"{key}:{item.action.value}:{notice.message_count if notice else 0}"
        for (key, notice), item in zip(notices, items, strict=True)
    )
    return Message(
        delivery_id=str(uuid.uuid5(_NAMESPACE, f"{channel} {' '.join(identity)}")),
        subject=_subject(items),
        text=_TEMPLATES.get_template("message.txt").render(words),
        html=_TEMPLATES.get_template("message.html").render(words),
        sent_at=now,
        is_urgent=any(
            item.incident.alert.severity == CRITICAL and item.action in (Action.NEW, Action.AGAIN)
            for item in items
        ),
        items=items,
        threads=tuple(
            dict.fromkeys(notice.thread_id for _, notice in notices if notice and notice.thread_id)
        ),
    )


def trial(now: datetime) -> Message:
    """Return the message by which somebody sees that messages arrive."""
    words = {"labels": labels}
    return Message(
        delivery_id=str(uuid.uuid4()),
        subject=labels.TEST_SUBJECT,
        text=_TEMPLATES.get_template("test.txt").render(words),
        html=_TEMPLATES.get_template("test.html").render(words),
        sent_at=now,
    )


def _subject(items: Sequence[Item]) -> str:
    if len(items) == 1:
        (item,) = items
        where = f" ({item.where})" if item.where else ""
        subject = f"{labels.PREFIXES[item.action]}{item.title}{where}"
    else:
        counts = [
            f"{count} {labels.COUNTS[action][count > 1]}"
            for action in Action
            if (count := sum(item.action is action for item in items))
        ]
        subject = f"{labels.ALERTS.format(count=len(items))} : {', '.join(counts)}"
    return subject if len(subject) <= _LONGEST_SUBJECT else subject[: _LONGEST_SUBJECT - 1] + "…"
