"""Around every request: its id, the sizes of its parts, security headers, figures, one line in the log."""

from __future__ import annotations

import logging
import re
import time
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders

from atelier_api.errors import PROBLEM_TYPE, ProblemError, problem_body
from atelier_api.limits import LARGEST_BODY, LARGEST_HEAD

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
    """A body is too long. No problem yet: those are answered further in, where this cannot be."""


class Edge:
    """The outermost layer. What fails in it or below it is answered as a problem as well."""

    def __init__(self, app: ASGIApp, *, https: bool, expects_proxy: bool) -> None:
        self._app = app
        self._may_warn = not expects_proxy
        self._headers = _HEADERS | ({"Strict-Transport-Security": _TRANSPORT_SECURITY} if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            # As GET; the server below leaves the body out.
            scope = {**scope, "method": "GET"}
        headers = Headers(scope=scope)
        if self._may_warn and ("x-forwarded-for" in headers or "forwarded" in headers):
            self._may_warn = False
            _log.warning(
                "requests come through a proxy at %s: name it in API_TRUSTED_PROXIES, else all people share "
                "one address, and wrong passwords of one lock out all",
                scope["client"][0] if scope.get("client") else "an unknown address",
            )
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 0
        body = _Body(receive, headers.get("content-length", "0"))

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                if body.is_too_large and message["status"] != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                    # Whoever read the body took its end for something else.
                    raise _TooLargeError
                status = message["status"]
                answer = MutableHeaders(scope=message)
                answer["X-Request-ID"] = request_id
                for name, value in self._headers.items():
                    answer.setdefault(name, value)
            await send(message)

        problem = None
        try:
            _check_head(scope)
            body.check()
            await self._app(scope, body.receive, send_with_headers)
        except ProblemError as error:
            problem = error
        except _TooLargeError:
            problem = ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have {LARGEST_BODY} bytes: send less"
            )
        except Exception as error:  # noqa: BLE001 # whatever it is, the client gets an answer
            # Its text may quote a row; its type and place do not.
            _log.exception("failed", exc_info=_without_text(error))
            problem = ProblemError(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                f"the server failed: tell its administrator this request's id, {request_id}",
            )
        if problem is not None and not status:
            await _answer(problem, scope, send_with_headers, request_id)
        self._count(scope, status, time.perf_counter() - started)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        services = getattr(scope["app"].state, "services", None) if "app" in scope else None
        if services is not None:
            services.metrics.count(scope["method"], route_of(scope), status, seconds)
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


def route_of(scope: Scope) -> str:
    """Return the template of the route that took a request, such as `/v1/machines/{machine_id}`.

    Never a part of the address itself: a client may make as many addresses as it likes.
    """
    for folder in ("/static", "/docs"):
        if "endpoint" in scope and scope["path"].startswith(f"{folder}/"):
            return folder
    route = scope.get("route")
    if route is None:
        return "none"
    # A route knows its path within the router that it was written for.
    version = VERSION_PATH if scope["path"].startswith(f"{VERSION_PATH}/") else ""
    return f"{version}{route.path_format}"


def _check_head(scope: Scope) -> None:
    size = len(scope["raw_path"]) + len(scope["query_string"])
    size += sum(len(name) + len(value) for name, value in scope["headers"])
    if size > LARGEST_HEAD:
        raise ProblemError(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"address and headers may have {LARGEST_HEAD} bytes: send less",
        )


#: Where the first version of the API lies.
VERSION_PATH: Final = "/v1"

#: What follows is a one-time secret.
_SECRET_PATH = re.compile(r"^(/setup/).+")


def _shown(path: str) -> str:
    """Return a path for the log: one line, without secrets."""
    return _SECRET_PATH.sub(r"\1…", path)[:300].encode("unicode_escape").decode("ascii")


def _without_text(error: BaseException) -> BaseException:
    return RuntimeError(type(error).__name__).with_traceback(error.__traceback__)


class _Body:
    """The body of a request, which ends where it gets too long, announced or not."""

    def __init__(self, receive: Receive, announced: str) -> None:
        self._receive = receive
        self._received = 0
        digits = announced.isascii() and announced.isdigit()
        self.is_too_large = digits and int(announced[:20]) > LARGEST_BODY

    def check(self) -> None:
        """Raise an error if it is too long."""
        if self.is_too_large:
            raise _TooLargeError

    async def receive(self) -> Message:
        """Receive a part."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            self.is_too_large = self._received > LARGEST_BODY
            self.check()
        return message


async def _answer(problem: ProblemError, scope: Scope, send: Send, request_id: str) -> None:
    body = problem_body(problem, scope["path"], request_id)
    headers = [
        (b"content-type", PROBLEM_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": int(problem.status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
