"""Free ports of the loopback address."""

from __future__ import annotations

import random
import socket

from atelier_demo.servers.errors import ServerError

HOST = "127.0.0.1"
# Below the range that Linux hands out to outgoing connections (32768 and up): a port chosen there could be
# taken by any program's connection between two starts.
FIRST_PORT, LAST_PORT = 20000, 32700
PASSIVE_PORT_COUNT = 100
TRIES = 200


def is_free(port: int) -> bool:
    """Tell whether a server can listen on this port now; connections that still linger do not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose(count: int, taken: range | set[int]) -> int:
    """Return the first of `count` free neighbouring ports, none of them among `taken`.

    Raises:
        ServerError: No such ports were found.
    """
    dice = random.SystemRandom()
    for _ in range(TRIES):
        first = dice.randrange(FIRST_PORT, LAST_PORT - count)
        wanted = range(first, first + count)
        if all(port not in taken and is_free(port) for port in wanted):
            return first
    raise ServerError(
        f"no {count} free neighbouring ports on {HOST} between {FIRST_PORT} and {LAST_PORT}: "
        "stop some programs that listen there"
    )
