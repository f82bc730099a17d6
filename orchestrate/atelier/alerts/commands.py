"""The commands about alerts."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

import psycopg2

from atelier.alerts import labels, notify
from atelier.alerts.books import WarehouseBook
from atelier.alerts.channels import DeliveryError
from atelier.alerts.mail import PartlyRefusedError
from atelier.alerts.messages import trial
from atelier.alerts.settings import AlertSettings
from atelier.connections import Warehouse, project_root, resolve
from atelier.errors import AtelierError
from atelier.ops import migrations
from atelier.warehouse import connect

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from atelier.alerts.channels import Channel
    from atelier.alerts.messages import Message


def _send(arguments: argparse.Namespace) -> str:
    variables = resolve(project_root(), arguments.environment, os.environ)
    summary = notify.run(variables, environment=arguments.environment)
    if summary.failures or summary.unwritten:
        raise AtelierError(summary.sentence)
    return summary.sentence


def _list(arguments: argparse.Namespace) -> str:
    variables = resolve(project_root(), arguments.environment, os.environ)
    settings = AlertSettings.of(variables)
    warehouse = Warehouse.of(variables)
    try:
        with closing(connect(warehouse)) as connection:
            migrations.apply(connection, warehouse)
            book = WarehouseBook(connection)
            alerts = book.alerts()
            incidents = book.load(datetime.now(timezone.utc))
    except psycopg2.Error as error:
        raise AtelierError(f"the alerts cannot be read from {warehouse.place} ({error.pgcode})") from None
    if alerts is None:
        raise AtelierError("there is no marts.fct_alerts yet: run `.venv/bin/meltano run transform`")
    told = {
        incident.alert.alert_id: max(notice.told_at for notice in incident.notices.values() if notice.told_at)
        for incident in incidents
        if incident.gone_at is None and any(notice.told_at for notice in incident.notices.values())
    }

    def moment(instant: datetime) -> str:
        return instant.astimezone(settings.zone).strftime(labels.DAY_AND_TIME)

    lines = []
    for alert in alerts:
        severity = labels.SEVERITIES.get(alert.severity, alert.severity)
        last = told.get(alert.alert_id)
        when_told = labels.TOLD.format(moment(last)) if last else labels.NOT_TOLD
        lines += [
            f"[{severity}] {alert.title} : {alert.subject}",
            f"  {labels.SINCE} : {moment(alert.since)} ({when_told})",
        ]
        if alert.details:
            lines.append(f"  {labels.DETAILS} : {alert.details}")
        lines.append(f"  {labels.WHAT_TO_DO} : {alert.what_to_do}")
    return "\n".join(lines) or labels.NONE_OPEN


def _test(arguments: argparse.Namespace) -> str:
    settings = AlertSettings.of(resolve(project_root(), arguments.environment, os.environ))
    channels = notify.channels_of(settings)
    if not channels:
        raise AtelierError(notify.UNCONFIGURED)
    message = trial(datetime.now(timezone.utc))
    failures = {channel.name: failure for channel in channels if (failure := _failure(channel, message))}
    sent = [channel.name for channel in channels if channel.name not in failures]
    if failures:
        raise AtelierError("; ".join([*failures.values(), *(f"{name} has taken it" for name in sent)]))
    return f"A test message was sent: {', '.join(sent)}."


def _failure(channel: Channel, message: Message) -> str:
    try:
        channel.send(message)
    except (DeliveryError, PartlyRefusedError) as error:
        return str(error)
    return ""


#: By name: what it does, and how.
COMMANDS: Final[dict[str, tuple[str, Callable[[argparse.Namespace], str]]]] = {
    "send": ("look what is wrong, and tell those who are to know", _send),
    "list": ("what is wrong now, and whether it was told", _list),
    "test": ("send a test message by every channel that is configured", _test),
}
