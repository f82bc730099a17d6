"""How a message goes out: what the mail server and the webhook get, and what is said when they refuse."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from atelier.alerts.channels import DeliveryError
from atelier.alerts.incidents import Action, Alert, follow
from atelier.alerts.mail import Mail, PartlyRefusedError
from atelier.alerts.messages import Message, compose
from atelier.alerts.settings import MailSettings, WebhookSettings
from atelier.alerts.webhook import Webhook
from receivers import HookServer, MailServer, free_port, running
from security.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 5, 9, 0, tzinfo=timezone.utc)
SECRET = "a long secret of the webhook"  # noqa: S105 # of this test
PASSWORD = "p@ss:w/rd %#?$ 'x"  # noqa: S105 # of this test


@pytest.fixture
def message() -> Message:
    alert = Alert(
        "1", "clock_jump", "warning", "SU12", "SU12/20261105.LOG", NOW, "Horloge", "Régler", "12 min"
    )
    (incident,) = follow([], [alert], NOW, ["email"])
    return compose([(incident, Action.NEW)], "email", NOW, ZoneInfo("Europe/Paris"), "https://a.example")


def settings(mail: MailServer, **changes: object) -> MailSettings:
    plain = MailSettings("127.0.0.1", mail.port, "off", "atelier@plant.example", ("it@plant.example",))
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type] # what a test says


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "own")


@pytest.fixture
def secure(authority: Authority) -> Iterator[MailServer]:
    server = MailServer(certificate=authority.server("mail"), log_in=("atelier", PASSWORD))
    yield from running(server)


def test_starttls_and_log_in(authority: Authority, secure: MailServer, message: Message) -> None:
    right = settings(secure, tls="starttls", authority=authority.path, user="atelier", password=PASSWORD)
    Mail(right).send(message)
    assert secure.were_secret == [True]
    assert len(secure.take()) == 1


def test_tls_from_the_first_byte(authority: Authority, message: Message) -> None:
    for server in running(MailServer(certificate=authority.server("mail"), is_implicit=True)):
        Mail(settings(server, tls="implicit", authority=authority.path)).send(message)
        assert server.were_secret == [True]
        with pytest.raises(DeliveryError, match="is not trusted"):
            Mail(settings(server, tls="implicit")).send(message)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"authority": None}, "has a certificate that is not trusted"),
        ({"password": "wrong"}, "refuses the log-in: check SMTP_USER and SMTP_PASSWORD"),
        ({"password": "é"}, "must be of ASCII characters"),
        ({"tls": "implicit"}, "does not speak TLS as it is configured"),
        ({"host": "localhost"}, "has a certificate that is not trusted"),
    ],
)
def test_a_server_that_is_not_what_it_should_be_gets_no_password(
    authority: Authority, secure: MailServer, message: Message, changes: dict[str, object], reason: str
) -> None:
    right = {"tls": "starttls", "authority": authority.path, "user": "atelier", "password": PASSWORD}
    with pytest.raises(DeliveryError, match=reason) as failure:
        Mail(settings(secure, **{**right, **changes})).send(message)
    assert PASSWORD not in str(failure.value)
    assert secure.take() == []


def test_without_starttls_nothing_is_sent(mail: MailServer, message: Message) -> None:
    with pytest.raises(DeliveryError, match="offers no STARTTLS"):
        Mail(settings(mail, tls="starttls")).send(message)
    assert mail.take() == []


def test_what_a_mail_server_refuses_is_told(mail: MailServer, message: Message) -> None:
    mail.refusal = "452 mailbox full"
    with pytest.raises(DeliveryError, match=r"did not take the message \(code 452\)"):
        Mail(settings(mail)).send(message)
    mail.refusal, mail.unknown = "", frozenset({"it@plant.example"})
    with pytest.raises(DeliveryError, match="refuses all recipients: check ALERT_TO"):
        Mail(settings(mail)).send(message)
    both = settings(mail, recipients=("it@plant.example", "chef@plant.example"))
    with pytest.raises(PartlyRefusedError, match="refused 1 of the recipients"):
        Mail(both).send(message)
    (letter,) = mail.take()
    assert letter["X-Recipients"] == "chef@plant.example"


def test_a_mail_server_that_is_slow_away_or_has_no_name_is_told(mail: MailServer, message: Message) -> None:
    mail.delay_seconds = 1.0
    with pytest.raises(DeliveryError, match="broke off, or did not answer in time"):
        Mail(settings(mail), timeout_seconds=0.2).send(message)
    with pytest.raises(DeliveryError, match="cannot be reached"):
        Mail(settings(mail, port=free_port())).send(message)
    with pytest.raises(DeliveryError, match="does not resolve: check SMTP_HOST"):
        Mail(settings(mail, host="mail.invalid")).send(message)


def test_a_webhook_gets_json_and_a_signature(hook: HookServer, message: Message) -> None:
    Webhook(WebhookSettings(hook.url, SECRET)).send(message)
    ((headers, body),) = hook.posts
    signed = headers["X-Atelier-Timestamp"].encode() + b"." + body
    assert (
        headers["X-Atelier-Signature"]
        == "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    )
    (document,) = hook.take()
    assert headers["X-Atelier-Delivery"] == document["delivery_id"]
    assert "Horloge" in document["text"]
    (alert,) = document["alerts"]
    incident_id = alert.pop("incident_id")
    assert len(incident_id) == 36
    assert alert == {
        "status": "new",
        "alert_id": "1",
        "kind": "clock_jump",
        "severity": "warning",
        "machine_id": "SU12",
        "subject": "SU12/20261105.LOG",
        "since": "2026-11-05T09:00:00+00:00",
        "until": None,
        "title": "Horloge",
        "what_to_do": "Régler",
        "details": "12 min",
    }


@pytest.mark.parametrize(
    ("answers", "attempts", "reason"),
    [
        ([503, 429], 3, ""),
        ([500, 502, 503], 3, "answers 503"),
        ([404], 1, "answers 404"),
        ([307], 1, "answers 307"),
    ],
)
def test_a_webhook_is_tried_again_where_that_may_help(
    hook: HookServer, message: Message, answers: list[int], attempts: int, reason: str
) -> None:
    hook.answers = answers
    webhook = Webhook(WebhookSettings(hook.url), pauses_seconds=(0.0, 0.0))
    if reason:
        with pytest.raises(DeliveryError, match=reason) as failure:
            webhook.send(message)
        assert "a-secret-path" not in str(failure.value)
    else:
        webhook.send(message)
    assert hook.attempts == attempts
    assert "X-Atelier-Signature" not in (hook.posts[0][0] if hook.posts else {})


def test_a_webhook_that_is_slow_or_away_is_told_without_its_address(
    hook: HookServer, message: Message
) -> None:
    hook.delay_seconds = 1.0
    slow = Webhook(WebhookSettings(hook.url), timeouts_seconds=(1.0, 0.2), pauses_seconds=())
    with pytest.raises(DeliveryError, match=r"the webhook at 127\.0\.0\.1 does not answer"):
        slow.send(message)
    away = WebhookSettings(f"http://127.0.0.1:{free_port()}/a-secret-path", SECRET)
    with pytest.raises(DeliveryError, match="cannot be reached") as failure:
        Webhook(away, pauses_seconds=()).send(message)
    assert "a-secret-path" not in str(failure.value)
