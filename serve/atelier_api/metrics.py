"""Figures of the server for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from atelier_api.database import Database, Pool

_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Counts requests; looks at the pools when it is asked."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "atelier_api_requests_total",
            "Requests answered, by route (not by address) and status",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self.seconds = Histogram(
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

    def page(self, database: Database) -> bytes:
        """Return all figures in Prometheus's text format."""
        for name, pool in (("marts", database.marts), ("own", database.own)):
            self._look_at(name, pool)
        return generate_latest(self._registry)

    def _look_at(self, name: str, pool: Pool) -> None:
        stats = pool.get_stats()
        idle = stats.get("pool_available", 0)
        self._connections.labels(name, "idle").set(idle)
        self._connections.labels(name, "busy").set(stats.get("pool_size", 0) - idle)
        self._waiting.labels(name).set(stats.get("requests_waiting", 0))
