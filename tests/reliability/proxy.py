"""A TCP proxy before a server that cuts, stalls and refuses as a bad network does.

It listens on 127.0.0.2 at the very ports that the server has on 127.0.0.1, data connections included.
An FTP client that takes only the port from the server's PASV reply, as ftplib does, comes by here every time.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

SERVER = "127.0.0.1"
HOST = "127.0.0.2"

#: What is passed on at once; each such block of a data connection may be the last.
BLOCK_BYTES = 8192


@dataclass(frozen=True)
class Faults:
    """How often what goes wrong: shares from 0 to 1, of data blocks or of connections."""

    cut_blocks: float = 0.0
    cut_replies: float = 0.0
    stall_blocks: float = 0.0
    stall_seconds: float = 3.0
    refuse: float = 0.0
    reply_421: float = 0.0
    pause_per_block: float = 0.0
    #: After so many bytes, of both ways and all connections, the network breaks once: all connections are
    #: cut, or nothing passes for `stall_seconds`, or what is to happen instead happens.
    break_after_bytes: int | None = None
    break_by_stall: bool = False
    instead: Callable[[], None] | None = None


class Proxy:
    """Runs in a thread of its own from `with` to the end; `counts` has what it did."""

    def __init__(self, control_port: int, data_ports: Iterable[int], faults: Faults, seed: int) -> None:
        self.control_port = control_port
        self.faults = faults
        self.counts: Counter[str] = Counter()
        self._ports = [control_port, *data_ports]
        self._dice = random.Random(seed)  # noqa: S311 # to be repeated, not to be secret
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[asyncio.Server] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._stalled_until = 0.0

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _do(self, work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> None:
        for port in self._ports:
            self._servers.append(
                await asyncio.start_server(
                    lambda reader, writer, port=port: self._connection(reader, writer, port),  # type: ignore[misc]
                    HOST,
                    port,
                )
            )

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.sleep(0.05)

    async def _connection(
        self, client_reader: asyncio.StreamReader, client_writer: asyncio.StreamWriter, port: int
    ) -> None:
        is_data = port != self.control_port
        self.counts["data connections" if is_data else "control connections"] += 1
        if self._happens(self.faults.refuse, "refused"):
            client_writer.transport.abort()
            return
        if not is_data and self._happens(self.faults.reply_421, "421"):
            client_writer.write(b"421 There are too many connected users, please try later.\r\n")
            client_writer.close()
            return
        try:
            server_reader, server_writer = await asyncio.open_connection(SERVER, port)
        except OSError:
            # The server is down: so are we.
            client_writer.transport.abort()
            return
        writers = (client_writer, server_writer)
        self._writers.update(writers)
        ways = [
            asyncio.ensure_future(self._pass_on(server_reader, client_writer, is_data=is_data)),
            asyncio.ensure_future(self._pass_on(client_reader, server_writer, is_data=None)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.ALL_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for writer in writers:
                writer.transport.abort()
                self._writers.discard(writer)

    def _break(self) -> None:
        """Let the network break, once."""
        self.counts["breaks"] += 1
        if self.faults.instead is not None:
            self.faults.instead()
            return
        if self.faults.break_by_stall:
            self._stalled_until = time.monotonic() + self.faults.stall_seconds
            return
        for writer in self._writers:
            writer.transport.abort()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_data: bool | None
    ) -> None:
        """Pass bytes on to their end; `is_data` is None for the way to the server, which is left alone."""
        faults = self.faults
        try:
            while block := await reader.read(BLOCK_BYTES):
                self.counts["bytes"] += len(block)
                most = faults.break_after_bytes
                if most is not None and self.counts["bytes"] >= most and not self.counts["breaks"]:
                    self._break()
                await asyncio.sleep(max(0.0, self._stalled_until - time.monotonic()))
                if is_data:
                    self.counts["data blocks"] += 1
                    self.counts["data bytes"] += len(block)
                    if faults.pause_per_block:
                        await asyncio.sleep(faults.pause_per_block)
                    if self._happens(faults.stall_blocks, "stalls"):
                        await asyncio.sleep(faults.stall_seconds)
                    if self._happens(faults.cut_blocks, "cuts"):
                        # A part of the block arrives; then a reset, or an end that looks like a good one.
                        writer.write(block[: self._dice.randrange(len(block))])
                        await writer.drain()
                        self._cut(writer)
                        return
                elif is_data is not None and self._happens(faults.cut_replies, "cut replies"):
                    writer.write(block[: self._dice.randrange(len(block))])
                    self._cut(writer)
                    return
                writer.write(block)
                await writer.drain()
            writer.close()
        except OSError:
            # One end is gone, as of a killed server: the other must hear of it, or would wait for ever.
            writer.transport.abort()

    def _cut(self, writer: asyncio.StreamWriter) -> None:
        if self._dice.random() < 0.5:
            writer.transport.abort()
        else:
            writer.close()

    def _happens(self, share: float, what: str) -> bool:
        if share and self._dice.random() < share:
            self.counts[what] += 1
            return True
        return False
