"""Alerts by e-mail (SMTP)."""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from atelier.alerts import labels
from atelier.alerts.channels import DeliveryError

if TYPE_CHECKING:
    from atelier.alerts.messages import Message
    from atelier.alerts.settings import MailSettings

#: For each answer of the server; a server may look at a message for a while before it takes it.
TIMEOUT_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Mail:
    """Sends messages through a mail server."""

    settings: MailSettings
    timeout_seconds: float = TIMEOUT_SECONDS
    name: str = "email"

    def send(self, message: Message) -> str:
        """Send a message; see Channel."""
        letter = letter_of(message, self.settings)
        try:
            with closing(self._connected()) as server:
                if self.settings.user:
                    server.login(self.settings.user, self.settings.password)
                refused = server.send_message(letter)
                # It has the message: how it says goodbye must not make us send it again.
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise DeliveryError(f"the mail server {self.settings.place} {self._reason(error)}") from None
        if refused:
            # The others have it: to send it again would be twice for them.
            raise PartlyRefusedError(len(refused), self.settings.place, str(letter["Message-ID"]))
        return str(letter["Message-ID"])

    def _connected(self) -> smtplib.SMTP:
        place = (self.settings.host, self.settings.port)
        if self.settings.tls == "off":
            return smtplib.SMTP(*place, timeout=self.timeout_seconds)
        context = ssl.create_default_context(cafile=self.settings.authority)
        if self.settings.tls == "implicit":
            return smtplib.SMTP_SSL(*place, timeout=self.timeout_seconds, context=context)
        server = smtplib.SMTP(*place, timeout=self.timeout_seconds)
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server

    def _reason(self, error: Exception) -> str:
        if isinstance(error, UnicodeError):
            return "takes no such log-in: SMTP_USER and SMTP_PASSWORD must be of ASCII characters"
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return "refuses the log-in: check SMTP_USER and SMTP_PASSWORD"
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            return "refuses all recipients: check ALERT_TO, and whether it relays for this machine"
        if isinstance(error, smtplib.SMTPSenderRefused):
            return (
                f"refuses the sender (code {error.smtp_code}): check ALERT_FROM, SMTP_USER and SMTP_PASSWORD"
            )
        if isinstance(error, smtplib.SMTPNotSupportedError):
            if self.settings.tls == "starttls" and "STARTTLS" in str(error):
                return "offers no STARTTLS: check SMTP_PORT, or set SMTP_TLS to implicit, or off"
            return "does not take a log-in as it is configured: check SMTP_PORT, SMTP_TLS and SMTP_USER"
        if isinstance(error, ssl.SSLCertVerificationError):
            reason = error.verify_message
            return f"has a certificate that is not trusted ({reason}): check SMTP_HOST and SMTP_TLS_CA"
        if isinstance(error, ssl.SSLError):
            return "does not speak TLS as it is configured: check SMTP_PORT and SMTP_TLS"
        if isinstance(error, smtplib.SMTPResponseException):
            return f"did not take the message (code {error.smtp_code}): see its log"
        if isinstance(error, socket.gaierror):
            return "has a name that does not resolve: check SMTP_HOST"
        if isinstance(error, TimeoutError):
            return "does not answer: check SMTP_HOST, SMTP_PORT, SMTP_TLS and the firewall"
        if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
            return (
                f"cannot be reached ({error.strerror or type(error).__name__}): check SMTP_HOST and SMTP_PORT"
            )
        return "broke off, or did not answer in time: check SMTP_PORT and SMTP_TLS, and see its log"


class PartlyRefusedError(Exception):
    """Some of the recipients were refused, the others have the message."""

    def __init__(self, count: int, place: str, message_id: str) -> None:
        super().__init__(f"the mail server {place} refused {count} of the recipients: check ALERT_TO")
        self.message_id = message_id


def letter_of(message: Message, settings: MailSettings) -> EmailMessage:
    """Return a message as an e-mail."""
    local, _, domain = settings.sender.rpartition("@")
    letter = EmailMessage()
    letter["Subject"] = f"[{labels.SENDER}] {message.subject}"
    letter["From"] = Address(labels.SENDER, local, domain)
    letter["To"] = ", ".join(settings.recipients)
    letter["Date"] = format_datetime(message.sent_at)
    letter["Message-ID"] = f"<{message.delivery_id}@{domain}>"
    if message.threads:
        letter["In-Reply-To"] = message.threads[0]
        letter["References"] = " ".join(message.threads)
    # No holiday notice and no other robot shall answer.
    letter["Auto-Submitted"] = "auto-generated"
    letter["X-Auto-Response-Suppress"] = "All"
    if message.is_urgent:
        letter["Importance"] = "high"
    letter.set_content(message.text, cte="quoted-printable")
    letter.add_alternative(message.html, subtype="html", cte="quoted-printable")
    return letter
