"""A client that asks the same thing again and again over kept connections, and costs next to nothing."""

from __future__ import annotations

import asyncio
import time


async def timed_requests(
    host: str, port: int, request: bytes, clients: int, seconds: float
) -> tuple[list[float], float, int]:
    """Ask for some seconds, each client the next time when it has its answer.

    Args:
        host: Where the server is.
        port: Its port.
        request: The whole request.
        clients: How many ask at once.
        seconds: How long; with 0 each asks once.

    Returns:
        What each answer took, how long it all took, and the bytes of an answer.

    Raises:
        OSError: The server is not there, or answered by another status than 200.
    """
    times: list[float] = []
    size = 0

    async def ask(until: float) -> None:
        nonlocal size
        reader, writer = await asyncio.open_connection(host, port, limit=2**20)
        try:
            while True:
                began = time.perf_counter()
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                if b" 200 " not in head[:16]:
                    raise OSError(f"the server answered {head[:60]!r}")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                times.append(time.perf_counter() - began)
                size = len(head) + length
                if time.perf_counter() >= until:
                    return
        finally:
            writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(ask(started + seconds) for _ in range(clients)))
    return times, time.perf_counter() - started, size
