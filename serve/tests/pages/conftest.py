"""A real browser on the real server: every page is watched for errors and for requests to anywhere else."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from atelier_demo.servers import ServerError
from atelier_demo.servers.packages import BROWSER, Packages
from atelier_demo.servers.places import packages_folder
from playwright.sync_api import sync_playwright
from served import add_users

from pages.visit import LAPTOP, Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atelier_demo.servers.packages import Program
    from playwright.sync_api import Browser, BrowserContext, Page, StorageState
    from served import Served

ROOT = Path(__file__).resolve().parents[3]

#: As a service on a server would start it: no sandbox as root, nothing that asks the vendor for anything.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Program:
    """The system's Chromium; fetched where it is missing."""
    packages = Packages(packages_folder(ROOT / ".local" / "test"))
    try:
        packages.ensure(lambda _: None, BROWSER)
        return packages.find("chromium")
    except ServerError as error:
        if os.environ.get("CI"):
            # There, no browser means that something is broken.
            raise
        pytest.skip(f"no browser to look at the pages with: {error}")


@pytest.fixture(scope="session")
def newcomer(served: Served) -> tuple[str, str]:
    """A user of these tests alone, whose password they change."""
    name, password = "new1", "a first word and more"
    asyncio.run(add_users(served, {name: ("reader", password)}))
    return name, password


@pytest.fixture(scope="package")
def browser(chromium: Program, newcomer: tuple[str, str]) -> Iterator[Browser]:
    """The browser; Playwright keeps an event loop running, which nobody else may need meanwhile."""
    del newcomer
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.path,
            headless=True,
            args=ARGUMENTS,
            env={**os.environ, **chromium.environment},
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def logged_in(browser: Browser, served: Served) -> Callable[[str], StorageState]:
    """Logs in with a role through the page, once, and returns the browser's cookies."""
    kept: dict[str, StorageState] = {}

    def log_in(role: str) -> StorageState:
        if role not in kept:
            context = browser.new_context(base_url=served.url)
            page = context.new_page()
            page.goto("/login")
            page.get_by_label("Identifiant").fill(f"{role}1")
            page.get_by_label("Mot de passe").fill(served.passwords[role])
            page.get_by_role("button", name="Se connecter").click()
            page.wait_for_url(f"{served.url}/")
            kept[role] = context.storage_state()
            context.close()
        return kept[role]

    return log_in


@pytest.fixture
def visit(
    browser: Browser, served: Served, logged_in: Callable[[str], StorageState]
) -> Iterator[Callable[..., Visit]]:
    """Opens pages, logged in with a role; in the end, nothing may have gone wrong in any of them."""
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def open_page(
        path: str = "/", *, role: str | None = "planner", size: tuple[int, int] = LAPTOP, touch: bool = False
    ) -> Visit:
        context = browser.new_context(
            base_url=served.url,
            viewport={"width": size[0], "height": size[1]},
            storage_state=logged_in(role) if role else None,
            has_touch=touch,
            # Not the plant's: its clock must be shown all the same.
            timezone_id="America/New_York",
            locale="de-DE",
        )
        contexts.append(context)
        visit = Visit(context.new_page())
        visits.append(visit)
        _watch(visit.page, visit.faults, urlsplit(served.url).netloc)
        visit.go(path)
        return visit

    yield open_page
    faults = [fault for one in visits for fault in one.unexpected()]
    for context in contexts:
        context.close()
    assert faults == []


def _watch(page: Page, faults: list[str], own: str) -> None:
    def on_request(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != own:
            faults.append(f"a request to another host: {url}")

    page.on("request", lambda request: on_request(request.url))
    page.on("pageerror", lambda error: faults.append(f"an error of the page: {error}"))
    page.on(
        "console",
        lambda message: (
            faults.append(f"{message.type} on the console: {message.text}")
            if message.type in {"error", "warning"}
            else None
        ),
    )
    page.on(
        "response",
        lambda response: (
            faults.append(f"answer {response.status}: {response.url}") if response.status >= 400 else None
        ),
    )
