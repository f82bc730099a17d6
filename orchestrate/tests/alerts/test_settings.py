"""Settings that make no sense are told in a sentence that names the variable."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from atelier.alerts.settings import AlertSettings
from atelier.errors import AtelierError

MAIL = {"SMTP_HOST": "mail", "ALERT_FROM": "atelier@plant.example", "ALERT_TO": "it@plant.example"}


def test_nothing_is_needed() -> None:
    settings = AlertSettings.of({})
    assert settings.mail is None
    assert settings.webhook is None
    assert settings.reminder == timedelta(hours=24)
    assert settings.quiet_hours is None


def test_what_is_set_is_taken() -> None:
    settings = AlertSettings.of(
        {
            **MAIL,
            "ALERT_TO": " it@plant.example ,chef@plant.example,",
            "SMTP_TLS": "implicit",
            "ALERT_REMINDER_HOURS": "0",
            "ALERT_QUIET_HOURS": "20:00 - 06:00",
            "ALERT_WEBHOOK_URL": "https://hooks.example/services/secret",
            "API_PUBLIC_URL": "https://atelier.example/",
        }
    )
    assert settings.mail
    assert settings.mail.port == 465
    assert settings.mail.recipients == ("it@plant.example", "chef@plant.example")
    assert settings.reminder is None
    assert settings.quiet_hours
    assert (settings.quiet_hours.begins_at, settings.quiet_hours.ends_at) == (time(20), time(6))
    assert settings.webhook
    assert settings.webhook.place == "hooks.example"
    assert settings.dashboard == "https://atelier.example"
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"ALERT_TO": "it@plant.example"}, "set SMTP_HOST, ALERT_FROM"),
        ({"SMTP_HOST": "mail"}, "set ALERT_FROM, ALERT_TO"),
        ({**MAIL, "ALERT_FROM": "nobody"}, "ALERT_FROM has 'nobody', which is no e-mail address"),
        ({**MAIL, "ALERT_TO": "a@b.example;c@d.example"}, "ALERT_TO has 'a@b.example;c@d.example'"),
        ({**MAIL, "ALERT_TO": "a@b.example\nBcc: x@y.example"}, r"ALERT_TO has 'a@b.example\\nBcc"),
        ({**MAIL, "ALERT_TO": " , "}, "ALERT_TO names nobody"),
        ({**MAIL, "SMTP_PORT": "0"}, "SMTP_PORT is '0'"),
        ({**MAIL, "SMTP_TLS": "ssl"}, "SMTP_TLS is 'ssl': set it to off, starttls or implicit"),
        ({**MAIL, "SMTP_TLS_CA": "/nowhere.pem"}, "SMTP_TLS_CA is /nowhere.pem, where there is no file"),
        ({**MAIL, "SMTP_USER": "u"}, "of SMTP_USER and SMTP_PASSWORD only one is set"),
        ({"ALERT_REMINDER_HOURS": "-1"}, "ALERT_REMINDER_HOURS is '-1'"),
        ({"ALERT_REMINDER_HOURS": "daily"}, "ALERT_REMINDER_HOURS is 'daily'"),
        ({"ALERT_QUIET_HOURS": "20-6"}, "ALERT_QUIET_HOURS is '20-6'"),
        ({"ALERT_QUIET_HOURS": "20:00-24:00"}, "ALERT_QUIET_HOURS is"),
        ({"ALERT_QUIET_HOURS": "06:00-06:00"}, "give two different times"),
        ({"PLANT_TIMEZONE": "../etc/passwd"}, "PLANT_TIMEZONE is"),
        ({"ALERT_WEBHOOK_URL": "hooks.example/a"}, "ALERT_WEBHOOK_URL is no address"),
        ({"ALERT_WEBHOOK_URL": "file:///etc/passwd"}, "ALERT_WEBHOOK_URL is no address"),
        ({"ALERT_WEBHOOK_URL": "https://h.example:99999/"}, "ALERT_WEBHOOK_URL is no address"),
        ({"ALERT_WEBHOOK_URL": "https://h.example/", "ALERT_WEBHOOK_SECRET": "short"}, "shorter than 16"),
    ],
)
def test_what_makes_no_sense_is_refused(variables: dict[str, str], message: str) -> None:
    with pytest.raises(AtelierError, match=message):
        AlertSettings.of(variables)
