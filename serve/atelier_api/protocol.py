"""HTTP on the wire: bounds in bytes, seconds and connections, before a request reaches the application."""

from __future__ import annotations

import time
from asyncio import TimerHandle
from http import HTTPStatus
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from atelier_api.errors import PROBLEM_TYPE, ProblemError, problem_body
from atelier_api.limits import (
    ANSWER_SECONDS,
    BODY_SECONDS,
    HEAD_SECONDS,
    LARGEST_HEAD,
    LARGEST_REQUEST,
    most_connections,
)

if TYPE_CHECKING:
    from asyncio import Transport


class Protocol(HttpToolsProtocol):
    """Uvicorn's protocol with bounds, and with problem details in the place of plain text."""

    #: Since when it waits for its client, by a clock that never goes back; None while it does not.
    waiting_since: float | None = None

    _is_in_head = False
    _is_in_request = False
    _head_bytes = 0
    _request_bytes = 0
    _timer: TimerHandle | None = None
    _write_timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin to wait for the first head, where there is room for one more connection."""
        super().connection_made(transport)
        self._wait(HEAD_SECONDS, "head")
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        self._stop_writing_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, unless a head or a request has had too many."""
        super().data_received(data)
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD:
                self._refuse_head()
        if self._is_in_request:
            # What is neither head nor body has no end of its own: trailers, extensions of chunks.
            self._request_bytes += len(data)
            if self._request_bytes > LARGEST_REQUEST:
                self._refuse(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    f"a request may have {LARGEST_REQUEST} bytes with all that is around its body: send less",
                )

    def on_message_begin(self) -> None:
        """Count the bytes of a head and of a request from here."""
        super().on_message_begin()
        self._is_in_head = self._is_in_request = True
        self._head_bytes = self._request_bytes = 0
        if self._timer is None:
            self._wait(HEAD_SECONDS, "head")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. One that follows the body counts as a part of the head, and is used for nothing."""
        if self._is_in_head:
            super().on_header(name, value)
            return
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > LARGEST_HEAD:
            self._refuse_head()

    def on_headers_complete(self) -> None:
        """Begin to wait for the body."""
        self._is_in_head = False
        self._stop_waiting()
        self._wait(BODY_SECONDS, "body")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Wait for the client no longer: it is for the application to answer."""
        self._is_in_request = False
        self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request; uvicorn ends the connection when none comes."""
        super().on_response_complete()
        if not self.pipeline and self._timer is None:
            self.waiting_since = time.monotonic()

    def pause_writing(self) -> None:
        """Wait for a client that does not read its answer, and not for ever."""
        super().pause_writing()
        self.waiting_since = time.monotonic()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(ANSWER_SECONDS, self._give_up)

    def resume_writing(self) -> None:
        """The client reads on."""
        self._stop_writing_timer()
        if self._timer is None:
            self.waiting_since = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._refuse(HTTPStatus.BAD_REQUEST, f"{msg.rstrip('.')}: this is no HTTP that can be read")

    def _make_room(self) -> None:
        """Where there are too many connections, end the one that has waited longest for its client."""
        open_ones = [each for each in self.connections if not each.transport.is_closing()]
        if len(open_ones) <= most_connections():
            return
        waiting = [
            (each.waiting_since, each)
            for each in open_ones
            if isinstance(each, Protocol) and each is not self and each.waiting_since is not None
        ]
        if waiting:
            min(waiting, key=lambda pair: pair[0])[1].transport.abort()
        else:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "the server is busy: wait a little")

    def _wait(self, seconds: float, part: str) -> None:
        self.waiting_since = time.monotonic()
        self._timer = self.loop.call_later(seconds, self._too_slow, part)

    def _stop_waiting(self) -> None:
        self.waiting_since = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop_writing_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _too_slow(self, part: str) -> None:
        self._timer = None
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"the {part} of the request did not come in time")

    def _give_up(self) -> None:
        self._write_timer = None
        self.transport.abort()

    def _refuse_head(self) -> None:
        self._refuse(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"address and headers may have {LARGEST_HEAD} bytes: send less",
        )

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        transport = self.transport
        if transport.is_closing():
            return
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            # Another answer is on its way; nothing may be written into it.
            transport.abort()
            return
        body = problem_body(ProblemError(status, detail), "", "")
        again = "retry-after: 5\r\n" if status == HTTPStatus.SERVICE_UNAVAILABLE else ""
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: {PROBLEM_TYPE}\r\n{again}"
            f"content-length: {len(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        transport.write(head.encode() + body)
        transport.close()
