"""The API with five years of data: its main routes beside the bare SQL of each through the driver.

python -m bench.api            measure, and write docs/performance.md (some minutes)
python -m bench.api --quick    few rows and short: shows that everything works, writes nothing
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import secrets
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from atelier.connections import Warehouse
from atelier.errors import AtelierError
from atelier_api.auth import keys
from atelier_api.resources.kpis.repository import WEEKS_TOGETHER
from atelier_api.resources.machines.repository import MACHINE_STATUS
from atelier_api.resources.orders.repository import ORDERS
from atelier_api.resources.pieces.repository import PIECES
from atelier_api.resources.sessions.repository import TIMELINE
from atelier_api.server import services_for
from atelier_api.settings import Settings
from atelier_demo.factory.marts import make_marts
from atelier_demo.factory.plant_days import Plant
from atelier_demo.servers.settings import dotenv, write_private
from atelier_demo.servers.site import Site

from bench.client import timed_requests
from bench.measure import BenchError
from bench.report import figure, table, write_between

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from atelier_api.listing import Listing

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
PERMISSIONS = frozenset({"marts", "orders"})


@dataclass(frozen=True)
class Scale:
    """How much there is, and how long each figure is measured."""

    plant: Plant
    seconds: float
    clients: tuple[int, ...]


FULL = Scale(Plant(date(2026, 6, 30), days=5 * 365, machines=4, orders=3000, pieces=300), 8.0, (1, 8))
QUICK = Scale(Plant(date(2026, 6, 30), days=10, machines=2, orders=20, pieces=20), 0.3, (1,))


@dataclass(frozen=True)
class Route:
    """A route, and the query that it comes down to."""

    name: str
    path: str
    listing: Listing
    sort: str
    filters: dict[str, Any]
    limit: int = 100

    def query(self) -> tuple[str, dict[str, Any]]:
        """Return the query of the route and its parameters, as the server makes them."""
        columns = self.listing.chosen(None, PERMISSIONS)
        order = self.listing.order(self.sort, PERMISSIONS)
        return self.listing.query(columns, self.filters, order, after=None, limit=self.limit + 1)


def routes(session_id: str) -> list[Route]:
    """Return the main route of each page of the dashboard, and the longest table."""
    return [
        Route("machines now", "/v1/machines/status", MACHINE_STATUS, "machine_id", {}),
        Route(
            "timeline of a session",
            f"/v1/sessions/{session_id}/timeline?limit=1000",
            TIMELINE,
            "state_number",
            {"session_id": session_id},
            1000,
        ),
        Route(
            "weeks, all machines",
            "/v1/kpis/weeks?machine_id=all&limit=26",
            WEEKS_TOGETHER,
            "-week_starts_on",
            {"machine_id": "all"},
            26,
        ),
        Route("orders, 100 of them", "/v1/shutter-orders", ORDERS, "planned_at", {}),
        Route(
            "newest 100 pieces of a machine",
            "/v1/pieces?machine_id=DEM12",
            PIECES,
            "-produced_at",
            {"machine_id": "DEM12"},
        ),
    ]


@dataclass(frozen=True)
class Times:
    """What a contestant took for each answer, in seconds, while several asked at once."""

    name: str
    clients: int
    seconds: list[float]
    elapsed: float
    #: Processor time of the Python that answers, of all answers together.
    cpu_seconds: float
    bytes: int = 0

    def at(self, part: float) -> float:
        """Return the time in which a part of the answers came, in milliseconds."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000

    @property
    def per_second(self) -> float:
        """Answers a second, of all clients together."""
        return len(self.seconds) / self.elapsed


def bare(place: Warehouse, route: Route, clients: int, seconds: float) -> Times:
    """Measure the query through the driver: a prepared statement and a connection for each client."""
    text, parameters = route.query()
    found: list[float] = []
    rows = []

    def ask(barrier: threading.Barrier) -> None:
        with closing(connected(place)) as connection:
            for _ in range(3):
                connection.execute(text.encode(), parameters, prepare=True).fetchall()
            times = []
            barrier.wait()
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                began = time.perf_counter()
                answer = connection.execute(text.encode(), parameters, prepare=True).fetchall()
                times.append(time.perf_counter() - began)
            found.extend(times)
            rows.append(len(answer))

    barrier = threading.Barrier(clients)
    threads = [threading.Thread(target=ask, args=(barrier,)) for _ in range(clients)]
    began, cpu_before = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(rows) != clients or not all(rows):
        raise BenchError(f"{route.name}: the bare query found nothing")
    cpu = time.process_time() - cpu_before
    return Times("bare SQL", clients, found, min(seconds, time.perf_counter() - began), cpu)


def connected(place: Warehouse) -> psycopg.Connection[tuple[Any, ...]]:
    """Return a connection like those of the server."""
    connection = psycopg.connect(
        host=place.host,
        port=place.port,
        user=place.user,
        password=place.password,
        dbname=place.database,
        autocommit=True,
    )
    connection.execute("set timezone = 'Europe/Paris'")
    return connection


def through_the_api(served: tuple[str, str, int], route: Route, clients: int, seconds: float) -> Times:
    """Measure the route, asked by a process of its own."""
    url, key, pid = served
    host, _, port = url.removeprefix("http://").partition(":")
    head = f"GET {route.path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\r\n"
    # All at once first, so that each connection of the pool has its statements prepared.
    asyncio.run(timed_requests(host, int(port), head.encode(), clients, min(1.0, seconds)))
    before = cpu_seconds_of(pid)
    times, elapsed, size = asyncio.run(timed_requests(host, int(port), head.encode(), clients, seconds))
    return Times("the API", clients, times, elapsed, cpu_seconds_of(pid) - before, size)


def cpu_seconds_of(pid: int) -> float:
    """Return the processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(folder: Path, variables: dict[str, str]) -> Iterator[tuple[str, str, int]]:
    """Run the server; give its address, an API key and its process."""
    env_file = folder / "api.env"
    write_private(env_file, dotenv(variables))

    async def make_key() -> str:
        async with services_for(Settings.of(variables)) as services:
            made = await keys.create(services, "bench", sorted(PERMISSIONS), 1, "bench")
            return made.key

    key = asyncio.run(make_key())
    program = str(ROOT / ".venv" / "bin" / "atelier-api")
    with (folder / "api.log").open("wb") as log:
        server = subprocess.Popen(
            [program, "--env-file", str(env_file), "serve"], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_for(int(variables["API_PORT"]), server)
        yield f"http://127.0.0.1:{variables['API_PORT']}", key, server.pid
    finally:
        server.terminate()
        server.wait(30)


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers.

    Raises:
        BenchError: It does not.
    """
    for _ in range(300):
        if answers(port):
            return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise BenchError("the server did not start: see api.log")


def answers(port: int) -> bool:
    """Tell whether the server answers."""
    try:
        asyncio.run(timed_requests("127.0.0.1", port, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", 1, 0))
    except OSError:
        return False
    return True


def measure(folder: Path, scale: Scale) -> tuple[list[tuple[Route, list[Times]]], dict[str, int]]:
    """Measure everything; return the times by route, and how many rows there are."""
    site = Site(folder)
    site.postgres.start(say)
    try:
        variables = {
            **site.variables(),
            "API_RATE_LIMIT": "1000000000",
            "API_SECRET_KEY": secrets.token_urlsafe(32),
        }
        place = Warehouse.of(variables)
        fill(folder, place, scale.plant)
        with closing(connected(place)) as connection:
            session = connection.execute(
                "select session_id from marts.fct_sessions order by production_date desc limit 1"
            ).fetchone()
            rows = {
                name: count(connection, name)
                for name in ("fct_sessions", "fct_pieces", "fct_session_events", "fct_machine_states")
            }
        found = []
        with ExitStack() as stack:
            served = stack.enter_context(serving(folder, variables))
            for route in routes(session[0] if session else ""):
                times = []
                for clients in scale.clients:
                    say(f"{route.name}, {clients} at once")
                    times.append(through_the_api(served, route, clients, scale.seconds))
                    times.append(bare(place, route, clients, scale.seconds))
                found.append((route, times))
    finally:
        site.postgres.stop()
    return found, rows


def fill(folder: Path, place: Warehouse, plant: Plant) -> None:
    """Make the marts unless they are there from the time before."""
    mark = folder / "marts"
    wanted = repr(plant)
    if mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        return
    say("making the marts")
    make_marts(place, ROOT, plant)
    mark.write_text(wanted, encoding="utf-8")


def count(connection: psycopg.Connection[tuple[Any, ...]], name: str) -> int:
    """Return how many rows a mart has."""
    row = connection.execute(f"select count(*) from marts.{name}".encode()).fetchone()  # noqa: S608 # a name of ours
    return int(row[0]) if row else 0


def say(text: str) -> None:
    """Show progress."""
    print(text, file=sys.stderr, flush=True)


def markdown(found: Sequence[tuple[Route, list[Times]]], rows: dict[str, int], load: float) -> str:
    """Return the report as a part of the page."""
    sizes = ", ".join(f"{name} {number:,}" for name, number in rows.items())
    parts = [
        f"Measured on {datetime.now(timezone.utc):%Y-%m-%d}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, psycopg {psycopg.__version__}; rows: {sizes}. "
        f"Load average before: {figure(load)} (1 is one core's work).\n"
    ]
    head = ("", "at once", "p50 ms", "p95 ms", "p99 ms", "a second", "CPU ms", "KB")
    lines = []
    for route, times in found:
        for one in times:
            figures = [figure(one.at(part)) for part in (0.5, 0.95, 0.99)]
            cpu = figure(one.cpu_seconds * 1000 / len(one.seconds))
            size = figure(one.bytes / 1000) if one.bytes else ""
            name = f"{route.name}: {one.name}"
            lines.append((name, str(one.clients), *figures, figure(one.per_second), cpu, size))
    parts.append(table(head, lines))
    return "\n".join(parts)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, and write it into the page unless it is only a quick look."""
    parser = argparse.ArgumentParser(prog="python -m bench.api", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rows and short, nothing written")
    parser.add_argument("--folder", type=Path, help="for the server and its data (default: .local/bench)")
    options = parser.parse_args(arguments)
    name = "bench-api-quick" if options.quick else "bench-api"
    folder: Path = (options.folder or ROOT / ".local" / name).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    found, rows = measure(folder, QUICK if options.quick else FULL)
    text = markdown(found, rows, load)
    print(text)
    if not options.quick:
        write_between(PAGE, "api", text)


if __name__ == "__main__":
    try:
        main()
    except (BenchError, AtelierError) as error:
        sys.exit(f"bench: failed: {error}")
