"""People read while all marts are computed again: no error, and the same rows at any moment."""

from __future__ import annotations

import asyncio
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import httpx
import pytest
from served import add_users, log_in, start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from served import Served

    from pipeline.plant import Plant

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

#: A view, a table that is compared row by row, and tables of sessions that are replaced as a whole.
PATHS: Final = (
    "/v1/machines",
    "/v1/shutter-orders?limit=50",
    "/v1/sessions?limit=50",
    "/v1/files?limit=50",
    "/v1/order-selection?limit=50",
)


def read_until(over: threading.Event, served: Served, token: str, path: str) -> list[tuple[int, str]]:
    """Read a path again and again; return the different answers, each with its status and its rows."""
    seen: dict[tuple[int, str], None] = {}
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=served.url, headers=headers, timeout=60) as client:
        while not over.is_set():
            answer = client.get(path)
            body = answer.json()
            seen[answer.status_code, str(body.get("data", body))] = None
    return list(seen)


@pytest.mark.security(
    attack="reading while all marts are made again",
    rule="what people read is changed in its place",
)
@pytest.mark.slow  # a first load, and a full refresh
def test_a_full_refresh_shows_readers_neither_an_error_nor_a_gap(
    new_plant: Callable[..., Plant], tmp_path: Path
) -> None:
    plant = new_plant("readers", evening=True)
    plant.run_well("elt")
    process, served = start(plant.variables, tmp_path)
    over = threading.Event()
    try:
        password = secrets.token_urlsafe(16)
        asyncio.run(add_users(served, {"reader1": ("reader", password)}))
        token = log_in(served, "reader1", password)["access_token"]
        with ThreadPoolExecutor(len(PATHS)) as readers:
            seen = [readers.submit(read_until, over, served, token, path) for path in PATHS]
            try:
                plant.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test")
            finally:
                over.set()
    finally:
        process.terminate()
        process.wait(30)
    for path, reading in zip(PATHS, seen, strict=True):
        answers = reading.result()
        assert [status for status, _ in answers] == [200], (path, answers)
