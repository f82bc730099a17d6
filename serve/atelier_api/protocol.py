"""HTTP on the wire: heads that are too long or never end are refused before they fill the memory."""

from __future__ import annotations

from asyncio import TimerHandle
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from atelier_api.errors import PROBLEM_TYPE, ProblemError, problem_body
from atelier_api.limits import LARGEST_HEAD

if TYPE_CHECKING:
    from asyncio import Transport

#: A head that takes longer comes from somebody who wants to keep connections busy.
HEAD_SECONDS: Final = 20.0


class Protocol(HttpToolsProtocol):
    """Uvicorn's protocol with limits, and with problem details in the place of plain text."""

    _reading_head = False
    _head_bytes = 0
    _timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, unless a head has had too many."""
        super().data_received(data)
        if self._reading_head:
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD:
                self._refuse(
                    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                    f"address and headers may have {LARGEST_HEAD} bytes: send less",
                )

    def on_message_begin(self) -> None:
        """Count the bytes of a head from here."""
        super().on_message_begin()
        self._reading_head, self._head_bytes = True, 0
        if self._timer is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._reading_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._refuse(HTTPStatus.BAD_REQUEST, f"{msg.rstrip('.')}: this is no HTTP that can be read")

    def _wait(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, "the head of the request did not come in time")

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        transport = self.transport
        if transport.is_closing():
            return
        body = problem_body(ProblemError(status, detail), "", "")
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: {PROBLEM_TYPE}\r\n"
            f"content-length: {len(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        transport.write(head.encode() + body)
        transport.close()
