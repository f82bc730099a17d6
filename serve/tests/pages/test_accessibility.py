"""Axe finds nothing serious, in drawers and on small pages too; the keyboard gets everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pages.visit import PHONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pages.visit import Visit

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("path", ["/compte", "/machine/NONE/2025-11-20"])
def test_pages_without_charts(visit: Callable[..., Visit], path: str) -> None:
    assert visit(path).serious() == []


@pytest.mark.parametrize("path", ["/login", "/setup/never-made"])
def test_the_door(visit: Callable[..., Visit], path: str) -> None:
    seen = visit(path, role=None)
    seen.allowed.append("404")
    assert seen.serious() == []


@pytest.mark.parametrize(
    ("path", "button"), [("/commandes", ".row-button"), ("/machine/DEM12/2025-11-20", ".figure__why")]
)
def test_drawers_on_a_phone(visit: Callable[..., Visit], path: str, button: str) -> None:
    seen = visit(path, size=PHONE, touch=True)
    seen.page.locator(button).first.click()
    seen.page.get_by_role("dialog").get_by_role("table").first.wait_for()
    assert seen.serious() == []


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
