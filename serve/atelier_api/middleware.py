"""Around every request: its id, the size of its body, security headers, figures, one line in the log."""

from __future__ import annotations

import logging
import re
import time
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from atelier_api.errors import PROBLEM_TYPE, ProblemError, problem_body
from atelier_api.limits import LARGEST_BODY

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger("atelier_api.requests")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: A year: browsers then refuse to come without TLS.
_TRANSPORT_SECURITY = "max-age=31536000"


class _TooLargeError(Exception):
    """The body turned out to be longer than it may."""


class Edge:
    """The outermost layer. What fails in it or below it is answered as a problem as well."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = _HEADERS | ({"Strict-Transport-Security": _TRANSPORT_SECURITY} if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answer = MutableHeaders(scope=message)
                answer["X-Request-ID"] = request_id
                for name, value in self._headers.items():
                    answer.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, _limited(receive, headers.get("content-length", "0")), send_with_headers)
        except _TooLargeError:
            problem = ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have {LARGEST_BODY} bytes: send less"
            )
            if not status:
                await _answer(problem, scope, send_with_headers, request_id)
        except Exception as error:  # noqa: BLE001 # whatever it is, the client gets an answer
            # Its text may quote a row; its type and place do not.
            _log.exception("failed", exc_info=_without_text(error))
            problem = ProblemError(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                f"the server failed: tell its administrator this request's id, {request_id}",
            )
            if not status:
                await _answer(problem, scope, send_with_headers, request_id)
        finally:
            self._count(scope, status or 500, time.perf_counter() - started)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        # Not the address: everybody could make as many of those as they like.
        name = getattr(route, "path", "none")
        services = getattr(scope["app"].state, "services", None) if "app" in scope else None
        if services is not None:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            services.metrics.requests.labels(method, name, str(status)).inc()
            services.metrics.seconds.labels(name).observe(seconds)
        client = scope.get("client")
        _log.info(
            "%s %s %d %.1f ms %s %s",
            scope["method"][:16],
            _shown(scope["path"]),
            status,
            seconds * 1000,
            client[0] if client else "-",
            scope["state"]["request_id"],
        )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

#: What follows is a one-time secret.
_SECRET_PATH = re.compile(r"^(/setup/).+")


def _shown(path: str) -> str:
    """Return a path for the log: one line, without secrets."""
    return _SECRET_PATH.sub(r"\1…", path)[:300].encode("unicode_escape").decode("ascii")


def _without_text(error: BaseException) -> BaseException:
    return RuntimeError(type(error).__name__).with_traceback(error.__traceback__)


def _limited(receive: Receive, announced: str) -> Receive:
    """Return a way to receive a body that ends where it gets too long, announced or not."""
    too_large = announced.isascii() and announced.isdigit() and int(announced) > LARGEST_BODY
    received = 0

    async def limited() -> Message:
        nonlocal received
        if too_large:
            raise _TooLargeError
        message = await receive()
        if message["type"] == "http.request":
            received += len(message.get("body", b""))
            if received > LARGEST_BODY:
                raise _TooLargeError
        return message

    return limited


async def _answer(problem: ProblemError, scope: Scope, send: Send, request_id: str) -> None:
    body = problem_body(problem, scope["path"], request_id)
    headers = [
        (b"content-type", PROBLEM_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": int(problem.status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
