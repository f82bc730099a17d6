"""The documentation in a browser: ours, and that dbt's and colibri's pages work within their policies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from pages.visit import LAPTOP, PHONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pages.visit import Visit

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180), pytest.mark.usefixtures("handbook")]

ROOT = Path(__file__).resolve().parents[3]
SCREENSHOTS = ROOT / ".local" / "screenshots"


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
@pytest.mark.parametrize("path", ["", "api/index.html", "pages/README.html", "pages/docs/gdpr/register.html"])
def test_our_pages_fit_the_screen_and_are_accessible(
    visit: Callable[..., Visit], path: str, size: tuple[int, int]
) -> None:
    shown = visit(f"/docs/{path}", role="reader", size=size)
    expect(shown.page.locator("h1")).to_be_visible()
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert shown.page.evaluate("getComputedStyle(document.body).fontFamily").startswith("Plex")
    if not path.startswith("api"):
        # The reference is too long for it; it is made of the same parts.
        assert shown.serious() == []
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = path.removesuffix(".html").replace("/", "-") or "index"
    shown.page.screenshot(path=SCREENSHOTS / f"docs-{name}-{size[0]}.png")


@pytest.mark.parametrize("size", [(320, 568), (360, 740), LAPTOP], ids=str)
def test_from_any_page_to_the_account_the_documentation_and_out(
    visit: Callable[..., Visit], size: tuple[int, int]
) -> None:
    shown = visit("/qualite", role="reader", size=size, touch=size != LAPTOP)
    way = shown.page.get_by_role("link", name="reader1")
    expect(way).to_be_in_viewport()
    place = way.bounding_box()
    assert place is not None
    assert size == LAPTOP or min(place["width"], place["height"]) >= 44
    way.click()
    expect(shown.page.get_by_role("link", name="Documentation")).to_be_in_viewport()
    expect(shown.page.get_by_role("button", name="Se déconnecter")).to_be_in_viewport()
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert shown.serious() == []
    shown.page.screenshot(path=SCREENSHOTS / f"account-{size[0]}.png")


def test_from_the_account_to_the_index_and_on(visit: Callable[..., Visit]) -> None:
    shown = visit("/compte", role="reader")
    shown.page.get_by_role("link", name="Documentation").click()
    expect(shown.page.get_by_role("heading", level=1)).to_have_text("Documentation")
    shown.page.get_by_role("link", name="English").click()
    expect(shown.page.locator("html")).to_have_attribute("lang", "en")
    shown.page.get_by_role("link", name="When something fails").click()
    expect(shown.page.locator("#when-something-fails")).to_be_in_viewport()


def test_the_tables_of_dbt_are_shown(visit: Callable[..., Visit]) -> None:
    shown = visit("/docs/data/#!/model/model.atelier.fct_sessions", role="reader")
    expect(shown.page.get_by_role("heading", name="fct_sessions").first).to_be_visible()
    shown.page.screenshot(path=SCREENSHOTS / "docs-data.png")
    # The page asks for pictures before it knows their names; they would be of our own server.
    shown.allowed += ["/docs/data/%7B%7B", "favicon.ico", "Failed to load resource"]


@pytest.mark.security(
    attack="a script in a page that dbt has made",
    rule="those pages are in a sandbox",
)
def test_a_script_in_a_page_of_others_has_neither_the_session_nor_an_answer(
    visit: Callable[..., Visit], handbook: Path
) -> None:
    script = """
        const seen = {};
        const attempt = async (name, get) => {
            try { seen[name] = String(await get()); } catch (error) { seen[name] = "refused"; }
        };
        Promise.all([
            attempt("cookie", () => document.cookie),
            attempt("storage", () => localStorage.length),
            attempt("answer", async () => (await fetch("/v1/orders", { credentials: "include" })).status),
            attempt("frame", () => {
                const frame = document.createElement("iframe");
                frame.src = "/compte";
                document.body.append(frame);
                return frame.contentDocument.body.innerHTML.includes("reader1");
            }),
            attempt("window", () => String(open("/compte"))),
        ]).then(() => { document.querySelector("pre").textContent = JSON.stringify(seen); });
    """
    page = handbook / "data" / "evil.html"
    page.write_text(
        f"<!doctype html><body><pre></pre><form action=/logout method=post></form><script>{script}</script>"
    )
    shown = visit("/docs/data/evil.html", role="admin")
    page.unlink()
    # All of it is refused, and the browser says so.
    shown.allowed += ["Content Security Policy", "sandbox", "Failed to load", "Refused", "Blocked", "ERR_"]
    expect(shown.page.locator("pre")).not_to_be_empty()
    seen = json.loads(shown.page.locator("pre").text_content() or "")
    assert seen.pop("window") in {"null", "refused"}
    assert set(seen.values()) == {"refused"}
    shown.page.evaluate("document.forms[0].submit()")
    shown.go("/compte")
    expect(shown.page.get_by_role("button", name="Se déconnecter")).to_be_visible()


def test_the_lineage_of_columns_is_shown(visit: Callable[..., Visit]) -> None:
    shown = visit("/docs/lineage/", role="reader")
    # The second time the browser has the page and asks whether it is still the same.
    shown.go("/docs/")
    shown.go("/docs/lineage/")
    shown.page.get_by_placeholder("Filter models...").first.fill("fct_sessions")
    shown.page.get_by_text("fct_sessions", exact=True).first.click()
    expect(shown.page.get_by_text("productive_seconds").first).to_be_visible()
    shown.page.screenshot(path=SCREENSHOTS / "docs-lineage.png")
