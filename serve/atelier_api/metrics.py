"""Figures of the server for Prometheus."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from atelier_api.database import Database, Pool

#: More routes than the server has: whatever gives routes their names, figures never fill the memory.
MOST_ROUTES: Final = 500

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER: Final = "other"

_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Counts requests; looks at the pools when it is asked."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._routes: set[str] = set()
        self._requests = Counter(
            "atelier_api_requests_total",
            "Requests answered, by route (not by address) and status",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "atelier_api_request_duration_seconds",
            "Time from a request's first byte to its answer's last",
            ["route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._connections = Gauge(
            "atelier_api_pool_connections",
            "Connections to the warehouse, by pool and whether they are idle",
            ["pool", "state"],
            registry=self._registry,
        )
        self._waiting = Gauge(
            "atelier_api_pool_waiting",
            "Requests that wait for a connection",
            ["pool"],
            registry=self._registry,
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that is answered.

        Args:
            method: Its method, as the client has named it.
            route: The template of its route; no part of its address.
            status: The status of the answer.
            seconds: How long it took.
        """
        if len(self._routes) < MOST_ROUTES:
            self._routes.add(route)
        if route not in self._routes:
            route = _OTHER
        self._requests.labels(method if method in _METHODS else _OTHER, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    async def page(self, database: Database) -> bytes:
        """Return all figures in Prometheus's text format."""
        for name, pool in (("marts", database.marts), ("exports", database.exports), ("own", database.own)):
            self._look_at(name, pool)
        # Other requests are answered meanwhile.
        return await asyncio.to_thread(self.text)

    def text(self) -> bytes:
        """Return the figures as they were counted and last looked at, in Prometheus's text format."""
        return generate_latest(self._registry)

    def _look_at(self, name: str, pool: Pool) -> None:
        stats = pool.get_stats()
        idle = stats.get("pool_available", 0)
        self._connections.labels(name, "idle").set(idle)
        self._connections.labels(name, "busy").set(stats.get("pool_size", 0) - idle)
        self._waiting.labels(name).set(stats.get("requests_waiting", 0))
