"""Those who are told: a mail server and a web address, both real."""

from __future__ import annotations

import email
import email.policy
import json
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller

if TYPE_CHECKING:
    from email.message import Message

    from aiosmtpd.smtp import SMTP, Envelope, Session


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Mailbox:
    """A mail server on this machine that keeps what it takes."""

    def __init__(self) -> None:
        """Start it."""
        self.messages: list[Message] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self._controller.start()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 # aiosmtpd's
        """Take a message."""
        assert isinstance(envelope.content, bytes)
        self.messages.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 taken"

    @property
    def variables(self) -> dict[str, str]:
        """What leads a sender here."""
        return {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self._controller.port),
            "SMTP_TLS": "off",
            "ALERT_FROM": "atelier@usine.example",
            "ALERT_TO": "production@usine.example",
        }

    def stop(self) -> None:
        """Stop it."""
        self._controller.stop()


@dataclass
class Address:
    """A web address on this machine that keeps what is posted to it."""

    documents: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start it."""
        documents = self.documents

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                documents.append(json.loads(self.rfile.read(length)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def variables(self) -> dict[str, str]:
        """What leads a sender here."""
        return {"ALERT_WEBHOOK_URL": f"http://127.0.0.1:{self._server.server_address[1]}/alerts"}

    def stop(self) -> None:
        """Stop it."""
        self._server.shutdown()
        self._server.server_close()
