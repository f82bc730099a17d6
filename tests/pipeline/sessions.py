"""Looks at the connections of a run: how soon each end asks whether the other is still there."""

from __future__ import annotations

import threading
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of /proc/net/tcp, see proc(5).
ESTABLISHED = "01"
KEEPALIVE = "02"
TICKS_PER_SECOND = 100

# How often an end of a connection is seen before it counts, half a second or so: the server has the system's
# two hours until the login is over, which takes a while where much else runs.
LASTING = 20


def waits(port: int) -> Iterator[tuple[str, float]]:
    """Yield each idle end of a server's connections, and the seconds until the other end is asked after."""
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        local, remote, state, timer = (line.split()[column] for column in (1, 2, 3, 5))
        kind, _, ticks = timer.partition(":")
        ports = {int(end.rpartition(":")[2], 16) for end in (local, remote)}
        if state == ESTABLISHED and kind == KEEPALIVE and port in ports:
            yield f"{local} to {remote}", int(ticks, 16) / TICKS_PER_SECOND


class SessionWatcher(threading.Thread):
    """Looks again and again, until told that it is over, at the connections that were not there before."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.over = threading.Event()
        self._before = {end for end, _ in waits(port)}
        self._seen: defaultdict[str, list[float]] = defaultdict(list)

    def run(self) -> None:
        while not self.over.wait(0.02):
            for end, seconds in waits(self.port):
                if end not in self._before:
                    self._seen[end].append(seconds)

    @property
    def lasting(self) -> dict[str, float]:
        """The ends that were seen for some time, and the seconds after which each asks."""
        return {end: found[-1] for end, found in self._seen.items() if len(found) >= LASTING}
