"""A line of a given length: passes TCP connections on, every byte as late as a far network would.

Bytes, ends and new connections leave on the other side half a round trip after they came in; nothing limits
how many are on their way but a buffer as large as a generous TCP window. A program of its own:
`python bench/delay.py 127.0.0.2 127.0.0.1 0.010 21 30000 30001` serves these ports until it is stopped.

The caller's connect() returns at once, which on a true line takes a round trip. What matters is when the
server sees the connection: after one and a half, as on a true line; so whatever waits for an answer takes as
long.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
from collections import deque

#: On their way in one direction of one connection.
WINDOW_BYTES = 8 * 1024 * 1024

#: A timer that comes so much early is due.
_SLACK_SECONDS = 0.00002


class _Pipe:
    """One direction: what came in waits for its time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, delay: float) -> None:
        self._loop = loop
        self._delay = delay
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._held = 0
        self._timer: asyncio.TimerHandle | None = None
        self._is_full_behind = False
        self.source: asyncio.Transport | None = None
        self.sink: asyncio.Transport | None = None

    def put(self, data: bytes) -> None:
        """Take what came in; nothing is its end."""
        self._waiting.append((self._loop.time() + self._delay, data))
        self._held += len(data)
        if self._held > WINDOW_BYTES and self.source is not None:
            self.source.pause_reading()
        self.go_on()

    def hold(self, *, is_held: bool) -> None:
        """Stop delivering, or go on: the receiver is slow."""
        self._is_full_behind = is_held
        self.go_on()

    def go_on(self) -> None:
        """Wait for the time of what comes next."""
        if self._timer is None and self._waiting and self.sink is not None and not self._is_full_behind:
            self._timer = self._loop.call_at(self._waiting[0][0], self._deliver)

    def _deliver(self) -> None:
        self._timer = None
        now = self._loop.time() + _SLACK_SECONDS
        while self._waiting and self._waiting[0][0] <= now and not self._is_full_behind:
            _, data = self._waiting.popleft()
            self._held -= len(data)
            if self.sink is None or self.sink.is_closing():
                continue
            if data:
                self.sink.write(data)
            elif self.sink.can_write_eof():
                self.sink.write_eof()
        if self._held <= WINDOW_BYTES // 2 and self.source is not None and not self.source.is_closing():
            self.source.resume_reading()
        self.go_on()


class _End(asyncio.Protocol):
    """One end of a connection: reads into one pipe, and is the sink of the other."""

    def __init__(self, reads: _Pipe, writes: _Pipe) -> None:
        self._reads = reads
        self._writes = writes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._reads.source = self._writes.sink = transport
            self._writes.go_on()

    def data_received(self, data: bytes) -> None:
        self._reads.put(data)

    def eof_received(self) -> bool:
        self._reads.put(b"")
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        other = self._reads.sink
        # A connection whose two ends were passed on is closed by asyncio itself; this one broke.
        if other is not None and not other.is_closing():
            asyncio.get_running_loop().call_later(0.1, other.close)

    def pause_writing(self) -> None:
        self._writes.hold(is_held=True)

    def resume_writing(self) -> None:
        self._writes.hold(is_held=False)


class _NearEnd(_End):
    """The caller's end: the connection to the server is made when the handshake would be over."""

    def __init__(self, target: tuple[str, int], round_trip: float) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(_Pipe(loop, round_trip / 2), _Pipe(loop, round_trip / 2))
        self._target = target
        self._handshake = 1.5 * round_trip
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._task = asyncio.get_running_loop().create_task(self._connect(transport))

    async def _connect(self, transport: asyncio.BaseTransport) -> None:
        await asyncio.sleep(self._handshake)
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: _End(self._writes, self._reads), *self._target)
        except OSError:
            transport.close()


async def serve(address: str, target: str, round_trip: float, ports: list[int]) -> None:
    """Pass on connections to these ports until cancelled; prints a line once it listens."""
    loop = asyncio.get_running_loop()
    for port in ports:
        await loop.create_server(
            lambda port=port: _NearEnd((target, port), round_trip),  # type: ignore[misc]
            address,
            port,
        )
    print("ready", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve."""
    address, target, round_trip, *ports = sys.argv[1:]
    # select() waits to the microsecond, epoll to the millisecond.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    loop.run_until_complete(serve(address, target, float(round_trip), [int(port) for port in ports]))


if __name__ == "__main__":
    main()
