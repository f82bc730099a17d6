"""Axe finds nothing serious; the keyboard reaches everything; each chart has its values as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from pages.visit import PHONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pages.visit import Visit

pytestmark = pytest.mark.integration

MACHINE_DAY = "/machine/DEM12/2025-11-20"
PAGES = {
    "today": "/",
    "machine": MACHINE_DAY,
    "week": "/semaine/2025-W47",
    "orders": "/commandes",
    "quality": "/qualite",
    "account": "/compte",
    "wall": "/?mural=1",
    "empty": "/machine/NONE/2025-11-20",
}


def serious(visit: Visit) -> list[str]:
    """Return what axe finds serious or critical, each with the element."""
    before = len(visit.faults)
    found = Axe().run(visit.page, options={"resultTypes": ["violations"]}).response["violations"]
    # Axe itself tries out styles, which the page's policy refuses.
    visit.faults[before:] = [fault for fault in visit.faults[before:] if "inline style" not in fault]
    return [
        f"{fault['id']}: {node['html'][:200]} {node['failureSummary']}"
        for fault in found
        if fault["impact"] in {"serious", "critical"}
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(visit: Callable[..., Visit], name: str) -> None:
    seen = visit(PAGES[name])
    seen.page.evaluate("document.querySelectorAll('.chart__table').forEach(table => { table.open = true; })")
    assert serious(seen) == []


@pytest.mark.parametrize("path", ["/login", "/setup/never-made"])
def test_axe_finds_nothing_serious_at_the_door(visit: Callable[..., Visit], path: str) -> None:
    seen = visit(path, role=None)
    seen.allowed.append("404")
    assert serious(seen) == []


def test_axe_finds_nothing_serious_on_a_phone_or_in_a_drawer(visit: Callable[..., Visit]) -> None:
    seen = visit("/commandes", size=PHONE, touch=True)
    assert serious(seen) == []
    seen.page.locator(".row-button").first.click()
    seen.page.get_by_role("dialog").get_by_role("table").first.wait_for()
    assert serious(seen) == []
    seen.go(MACHINE_DAY)
    seen.page.locator(".figure__why").first.click()
    seen.page.get_by_role("dialog").get_by_role("table").first.wait_for()
    assert serious(seen) == []


@pytest.mark.parametrize("name", ["today", "machine", "week", "orders", "quality"])
def test_each_chart_is_described_and_has_a_table(visit: Callable[..., Visit], name: str) -> None:
    page = visit(PAGES[name]).page
    for chart in page.locator("[data-chart]").all():
        assert len(chart.get_attribute("aria-label") or "") > 20
    for figure in page.locator("figure.chart").all():
        assert figure.locator("details table tbody tr").count() > 0


def test_the_keyboard_skips_to_the_content_and_focus_is_seen(visit: Callable[..., Visit]) -> None:
    page = visit("/").page
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Aller au contenu"
    assert skip.is_visible()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Tab")
    assert page.locator(":focus").evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
