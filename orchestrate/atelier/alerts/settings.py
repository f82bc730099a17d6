"""How alerts are told, from the environment."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from atelier.alerts.incidents import QuietHours
from atelier.connections import port, require
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Mapping

TLS_MODES: Final = ("off", "starttls", "implicit")
_DEFAULT_PORTS: Final = {"off": "587", "starttls": "587", "implicit": "465"}
_LONGEST_REMINDER_HOURS: Final = 24 * 365
_SHORTEST_SECRET: Final = 16

#: An address as mail servers everywhere take it; no name beside it, no control character within.
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class MailSettings:
    """A mail server, who sends and who receives."""

    host: str
    port: int
    tls: str
    sender: str
    recipients: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)
    authority: Path | None = None

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class WebhookSettings:
    """An address that takes alerts as JSON; address and secret are not for the eyes of others."""

    url: str = field(repr=False)
    secret: str = field(default="", repr=False)

    @property
    def place(self) -> str:
        """Where it is, for messages: the path of such an address is often a secret."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True)
class AlertSettings:
    """Who is told, how, and when; `reminder` is None where nobody wants to be reminded."""

    mail: MailSettings | None
    webhook: WebhookSettings | None
    reminder: timedelta | None
    quiet_hours: QuietHours | None
    zone: ZoneInfo
    dashboard: str

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> AlertSettings:
        """Read them from the variables of the contract.

        Raises:
            AtelierError: One of them makes no sense; the sentence names it.
        """
        zone = _zone(variables.get("PLANT_TIMEZONE") or "Europe/Paris")
        return cls(
            mail=_mail(variables),
            webhook=_webhook(variables),
            reminder=_reminder(variables.get("ALERT_REMINDER_HOURS") or "24"),
            quiet_hours=_quiet_hours(variables.get("ALERT_QUIET_HOURS", "").strip(), zone),
            zone=zone,
            dashboard=variables.get("API_PUBLIC_URL", "").rstrip("/"),
        )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise AtelierError(
            f"PLANT_TIMEZONE is {name!r}, which is no time zone: give one such as Europe/Paris"
        ) from None


def _mail(variables: Mapping[str, str]) -> MailSettings | None:
    if not variables.get("SMTP_HOST") and not variables.get("ALERT_TO"):
        return None
    require(variables, ("SMTP_HOST", "ALERT_FROM", "ALERT_TO"), "the e-mail of alerts")
    tls = variables.get("SMTP_TLS") or "starttls"
    if tls not in TLS_MODES:
        raise AtelierError(f"SMTP_TLS is {tls!r}: set it to {', '.join(TLS_MODES[:-1])} or {TLS_MODES[-1]}")
    user, password = variables.get("SMTP_USER", ""), variables.get("SMTP_PASSWORD", "")
    if bool(user) != bool(password):
        raise AtelierError("of SMTP_USER and SMTP_PASSWORD only one is set: set both, or none")
    numbered = {"SMTP_PORT": variables.get("SMTP_PORT") or _DEFAULT_PORTS[tls]}
    recipients = tuple(part.strip() for part in variables["ALERT_TO"].split(",") if part.strip())
    if not recipients:
        raise AtelierError("ALERT_TO names nobody: give one address or several, separated by commas")
    return MailSettings(
        host=variables["SMTP_HOST"],
        port=port(numbered, "SMTP_PORT"),
        tls=tls,
        sender=_address("ALERT_FROM", variables["ALERT_FROM"].strip()),
        recipients=tuple(_address("ALERT_TO", recipient) for recipient in recipients),
        user=user,
        password=password,
        authority=_authority(variables.get("SMTP_TLS_CA", "")),
    )


def _address(name: str, text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise AtelierError(
            f"{name} has {text!r}, which is no e-mail address: give one such as atelier@example.com, without "
            "a name beside it"
        )
    return text


def _authority(text: str) -> Path | None:
    if text and not Path(text).is_file():
        raise AtelierError(f"SMTP_TLS_CA is {text}, where there is no file: name a PEM file")
    return Path(text) if text else None


def _webhook(variables: Mapping[str, str]) -> WebhookSettings | None:
    url, secret = variables.get("ALERT_WEBHOOK_URL", "").strip(), variables.get("ALERT_WEBHOOK_SECRET", "")
    if not url:
        return None
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        # The address may hold a secret, so it is not repeated.
        raise AtelierError(
            "ALERT_WEBHOOK_URL is no address of a web server: give one such as https://example.com/…"
        )
    if secret and len(secret) < _SHORTEST_SECRET:
        raise AtelierError(
            f"ALERT_WEBHOOK_SECRET is shorter than {_SHORTEST_SECRET} characters: take a long random one"
        )
    return WebhookSettings(url, secret)


def _reminder(text: str) -> timedelta | None:
    if not text.isascii() or not text.isdigit() or int(text) > _LONGEST_REMINDER_HOURS:
        raise AtelierError(
            f"ALERT_REMINDER_HOURS is {text!r}: give a whole number of hours, 0 for no reminder at all"
        )
    return timedelta(hours=int(text)) if int(text) else None


def _quiet_hours(text: str, zone: ZoneInfo) -> QuietHours | None:
    if not text:
        return None
    match = _HOURS.fullmatch(text)
    if not match or match.group(1, 2) == match.group(3, 4):
        raise AtelierError(
            f"ALERT_QUIET_HOURS is {text!r}: give two different times of day, such as 20:00-06:00, or nothing"
        )
    begin_hour, begin_minute, end_hour, end_minute = (int(group) for group in match.groups())
    return QuietHours(time(begin_hour, begin_minute), time(end_hour, end_minute), zone)
