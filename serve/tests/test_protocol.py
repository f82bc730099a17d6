"""What a hostile client may cost before a request reaches the application: bytes, seconds, connections."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest
import uvicorn
from atelier_api import protocol
from atelier_api.limits import LARGEST_BODY, LARGEST_HEAD, LARGEST_REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

#: Far more than the buffers of both ends hold.
ENDLESS_BYTES = 64 * 1024 * 1024

HEAD = b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
GET = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads a body and says which headers came; or answers without an end."""
    size = 0
    while scope["path"] == "/body":
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    names = b" ".join(name for name, _ in scope["headers"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while scope["path"] == "/endless":
        await send({"type": "http.response.body", "body": bytes(65536), "more_body": True})
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b"%d %s" % (size, names)})


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """Where a server with our protocol listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as place:
        config = uvicorn.Config(application, http=protocol.Protocol, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([place],), daemon=True)
        thread.start()
        yield place.getsockname()
        server.force_exit = server.should_exit = True
        thread.join(30)


def sent_until_refused(address: tuple[str, int], begin: bytes, part: bytes) -> tuple[int, bytes]:
    """Send a part again and again; return how many bytes went out, and the answer."""
    with socket.create_connection(address, 20) as wire:
        wire.sendall(begin)
        sent = 0
        try:
            while sent < ENDLESS_BYTES:
                sent += wire.send(part)
        except OSError:
            pass
        try:
            return sent, wire.recv(65536)
        except OSError:
            return sent, b""


@pytest.mark.security(
    attack="trailers, headers, chunks without end",
    rule="a request has 544 KB, its head with trailers 32 KB",
)
@pytest.mark.parametrize(
    ("begin", "part"),
    [
        (HEAD + b"0\r\n", b"X-Trailer: " + b"a" * 1000 + b"\r\n"),
        (HEAD + b"0\r\nX-Trailer: ", b"a" * 65536),
        (HEAD + b"0\r\n", b"a" * 65536),
        (HEAD + b"1;name=", b"a" * 65536),
        (HEAD, b"1;a=b\r\nx\r\n" * 5000),
        (HEAD, b"0" * 65536),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nX: ", b"a" * 65536),
        (b"GET /", b"a" * 65536),
        (b"", b"X" * 65536),
    ],
    ids=[
        "trailers",
        "a trailer",
        "the name of a trailer",
        "an extension",
        "small chunks",
        "the size of a chunk",
        "a header",
        "an address",
        "a method",
    ],
)
def test_what_has_no_end_is_ended(address: tuple[str, int], begin: bytes, part: bytes) -> None:
    sent, answer = sent_until_refused(address, begin, part)
    # What both ends hold of a connection comes on top of the bound.
    assert sent < ENDLESS_BYTES / 4
    assert answer == b"" or answer.split()[1] in {b"400", b"408", b"413", b"431"}, answer


def exchange(address: tuple[str, int], sent: bytes) -> bytes:
    with socket.create_connection(address, 20) as wire:
        wire.sendall(sent)
        return wire.recv(65536)


@pytest.mark.security(
    attack="an Authorization in a trailer",
    rule="trailers are used for nothing",
)
def test_what_follows_a_body_is_no_header(address: tuple[str, int]) -> None:
    body = b"3\r\nabc\r\n0\r\nAuthorization: Bearer x\r\n\r\n"
    assert exchange(address, HEAD + body).count(b"\r\n3 host transfer-encoding\r\n") == 1


def test_a_body_in_chunks_of_a_byte_is_taken(address: tuple[str, int]) -> None:
    assert LARGEST_HEAD + LARGEST_BODY * len(b"1\r\nx\r\n") < LARGEST_REQUEST
    assert (
        exchange(address, HEAD + b"1\r\nx\r\n" * 9 + b"0\r\n\r\n").count(b"\r\n9 host transfer-encoding\r\n")
        == 1
    )


@pytest.mark.security(
    attack="heads and bodies of a byte a minute",
    rule="20 s for each",
)
@pytest.mark.parametrize("begin", [b"", b"G", HEAD, HEAD + b"1\r\n", GET + HEAD], ids=repr)
def test_a_head_or_body_that_does_not_come_is_not_waited_for(
    address: tuple[str, int], begin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.3)
    with socket.create_connection(address, 20) as wire:
        wire.sendall(begin)
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    assert answer.split(b"HTTP/1.1 ")[-1].startswith(b"408")


@pytest.mark.security(
    attack="answers that are not read",
    rule="60 s without progress",
)
def test_a_client_that_does_not_read_its_answer_is_not_waited_for(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "ANSWER_SECONDS", 0.3)
    with socket.create_connection(address, 20) as wire:
        wire.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(1.5)
        assert ends(wire)


def ends(wire: socket.socket) -> bool:
    """Read what was sent before the connection ended; False where it goes on."""
    read = 0
    try:
        while data := wire.recv(1 << 20):
            read += len(data)
            if read > ENDLESS_BYTES:
                return False
    except ConnectionResetError:
        pass
    return True


@pytest.mark.security(
    attack="more connections than there may be",
    rule="the one that has waited longest for its client ends",
)
def test_idle_connections_make_room_for_others(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "most_connections", lambda: 20)
    with ExitStack() as idle:
        for number in range(60):
            wire = idle.enter_context(socket.create_connection(address, 20))
            # In the head, in the body, between two requests.
            wire.sendall((b"G", HEAD + b"1\r\n", GET)[number % 3])
        for _ in range(5):
            assert b"\r\n0 host\r\n" in exchange(address, GET)


def test_where_every_connection_is_answered_others_are_told_to_wait(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "most_connections", lambda: 2)
    with ExitStack() as busy:
        wires = [busy.enter_context(socket.create_connection(address, 20)) for _ in range(2)]
        over = threading.Event()

        def read(wire: socket.socket) -> None:
            while not over.is_set() and wire.recv(1 << 20):
                pass

        readers = [threading.Thread(target=read, args=(wire,)) for wire in wires]
        for wire, reader in zip(wires, readers, strict=True):
            wire.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
            reader.start()
        time.sleep(0.3)
        statuses = {exchange(address, GET).split()[1] for _ in range(20)}
        over.set()
        for wire, reader in zip(wires, readers, strict=True):
            reader.join()
            wire.close()
    assert b"503" in statuses
