"""Alerts as JSON to an address on the web."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import requests

from atelier.alerts.channels import DeliveryError

if TYPE_CHECKING:
    from atelier.alerts.messages import Message
    from atelier.alerts.settings import WebhookSettings

#: Seconds to connect, and to wait for the answer.
TIMEOUTS_SECONDS: Final = (10.0, 20.0)

#: Seconds before the second and third attempt.
PAUSES_SECONDS: Final = (1.0, 4.0)

_TOO_MANY: Final = 429


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return what the header `X-Atelier-Signature` has: HMAC-SHA-256 of time, a point, and the body."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Webhook:
    """Posts messages to an address."""

    settings: WebhookSettings
    timeouts_seconds: tuple[float, float] = TIMEOUTS_SECONDS
    pauses_seconds: tuple[float, ...] = PAUSES_SECONDS
    name: str = "webhook"

    def send(self, message: Message) -> str:
        """Send a message; see Channel."""
        body = json.dumps(message.document, ensure_ascii=False).encode()
        reason = ""
        for pause in (0.0, *self.pauses_seconds):
            time.sleep(pause)
            reason, may_pass = self._post(message, body)
            if not reason:
                return message.delivery_id
            if not may_pass:
                break
        raise DeliveryError(f"the webhook at {self.settings.place} {reason}")

    def _post(self, message: Message, body: bytes) -> tuple[str, bool]:
        """Return why it was not taken, "" if it was; and whether it may be another time."""
        timestamp = str(int(message.sent_at.timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "atelier-alerts",
            # A receiver that was told something twice knows it by this.
            "X-Atelier-Delivery": message.delivery_id,
            "X-Atelier-Timestamp": timestamp,
        }
        if self.settings.secret:
            headers["X-Atelier-Signature"] = signature(self.settings.secret, timestamp, body)
        try:
            # The answer's body is of no interest, however long; and nobody agreed to go elsewhere.
            with requests.post(
                self.settings.url,
                data=body,
                headers=headers,
                timeout=self.timeouts_seconds,
                allow_redirects=False,
                stream=True,
            ) as answer:
                status = answer.status_code
        except requests.exceptions.SSLError:
            return "has a certificate that is not trusted: check ALERT_WEBHOOK_URL", False
        except requests.exceptions.Timeout:
            return "does not answer: check ALERT_WEBHOOK_URL, the network and the firewall", True
        except requests.exceptions.RequestException:
            # Its text would name the address, which may be a secret.
            return "cannot be reached: check ALERT_WEBHOOK_URL, the network and the firewall", True
        if requests.codes.ok <= status < requests.codes.multiple_choices:
            return "", False
        may_pass = status == _TOO_MANY or status >= requests.codes.internal_server_error
        return f"answers {status}: check ALERT_WEBHOOK_URL and what receives it", may_pass
