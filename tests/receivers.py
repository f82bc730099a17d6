"""Real servers on this machine that take what is sent, or refuse it as they are told."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@dataclass
class MailServer:
    """An SMTP server of this machine; what it took is in `letters`."""

    port: int = field(default_factory=free_port)
    certificate: Path | None = None
    is_implicit: bool = False
    log_in: tuple[str, str] | None = None
    #: What it answers to a message in place of taking it.
    refusal: str = ""
    #: Recipients that it does not know.
    unknown: frozenset[str] = frozenset()
    delay_seconds: float = 0.0
    #: Who sends is killed as soon as the message is taken, before that is said.
    kills: list[int] = field(default_factory=list)
    letters: list[EmailMessage] = field(default_factory=list)
    were_secret: list[bool] = field(default_factory=list)
    _controller: Controller | None = None

    def start(self) -> None:
        options: dict[str, Any] = {"hostname": "127.0.0.1", "port": self.port}
        if self.certificate and self.is_implicit:
            options.update(ssl_context=_context(self.certificate))
        elif self.certificate:
            options.update(tls_context=_context(self.certificate), require_starttls=True)
        if self.log_in:
            options.update(auth_required=True, authenticator=self._authenticate)
            options.update(auth_require_tls=self.certificate is not None)
        self._controller = Controller(self, **options)
        self._controller.start()

    def stop(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None

    def _authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == self.log_in, handled=given == self.log_in)

    async def handle_RCPT(  # noqa: N802 # aiosmtpd calls it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.unknown:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 # same
        time.sleep(self.delay_seconds)
        if self.refusal:
            return self.refusal
        content = envelope.content
        assert isinstance(content, bytes)
        letter = message_from_bytes(content, policy=policy.default)
        letter["X-Recipients"] = ",".join(envelope.rcpt_tos)
        self.letters.append(letter)
        self.were_secret.append(self.is_implicit or session.ssl is not None)
        if self.kills:
            os.kill(self.kills.pop(), signal.SIGKILL)
        return "250 OK"

    def take(self) -> list[EmailMessage]:
        """Return what has come since this was asked last."""
        letters = self.letters[:]
        self.letters.clear()
        return letters


def text_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def html_of(letter: EmailMessage) -> str:
    body = letter.get_body(("html",))
    assert body is not None
    return str(body.get_content())


@dataclass
class HookServer:
    """An HTTP server of this machine that takes JSON; what it took is in `posts`."""

    #: What it answers, one after the other; then 200.
    answers: list[int] = field(default_factory=list)
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    attempts: int = 0
    delay_seconds: float = 0.0
    _server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.attempts += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(hook.delay_seconds)
                status = hook.answers.pop(0) if hook.answers else 200
                if status < 300:
                    hook.posts.append((dict(self.headers), body))
                self.send_response(status)
                if status == 307:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        assert self._server
        return f"http://127.0.0.1:{self._server.server_address[1]}/hooks/a-secret-path"

    def take(self) -> list[dict[str, Any]]:
        """Return what has come since this was asked last."""
        documents = [json.loads(body) for _, body in self.posts]
        self.posts.clear()
        return documents


def running(server: MailServer | HookServer) -> Iterator[Any]:
    """Run a server for a fixture."""
    server.start()
    try:
        yield server
    finally:
        server.stop()
