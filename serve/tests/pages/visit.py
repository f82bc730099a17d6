"""One page in the browser, and what tests ask of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHONE = (390, 844)
LAPTOP = (1366, 768)
WALL = (1920, 1080)

#: Different colours of a chart's canvas: an empty one has one.
_COLOURS = """chart => {
    const colours = new Set();
    for (const canvas of chart.querySelectorAll("canvas")) {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        // Every second pixel: a canvas has two for each that is seen.
        for (let at = 0; at < data.length; at += 8) {
            if (data[at + 3] === 255) {
                colours.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
            }
        }
    }
    return [...colours];
}"""


@dataclass
class Visit:
    """A page that is watched."""

    page: Page
    faults: list[str] = field(default_factory=list)
    #: Texts of faults that the test brings about itself.
    allowed: list[str] = field(default_factory=list)

    def unexpected(self) -> list[str]:
        """Return what went wrong without the test's doing."""
        return [fault for fault in self.faults if not any(text in fault for text in self.allowed)]

    def go(self, path: str) -> None:
        """Open a page and wait until its data are drawn."""
        self.page.goto(path)
        self.settle()

    def settle(self) -> None:
        """Wait until a page of data has drawn all of its charts."""
        if self.page.locator("script[type=module][src*='/js/pages/']:not([src*='account'])").count():
            # Not by a condition in JavaScript: the page's policy forbids to evaluate one.
            self.page.wait_for_selector("html[data-ready]")
            expect(self.page.locator("[data-chart]:not([data-drawn])")).to_have_count(0)

    def charts(self) -> dict[str, set[int]]:
        """Return the names of the page's charts with the colours that each is drawn in."""
        return {
            chart.get_attribute("data-chart") or "": set(chart.evaluate(_COLOURS))
            for chart in self.page.locator("[data-chart]").all()
        }

    def serious(self) -> list[str]:
        """Return what axe finds serious or critical, each with the element."""
        before = len(self.faults)
        # Preloading would fetch style sheets from where they are not.
        options = {"resultTypes": ["violations"], "preload": False}
        found = Axe().run(self.page, options=options).response["violations"]
        # Axe itself tries out styles, which the page's policy refuses.
        self.faults[before:] = [fault for fault in self.faults[before:] if "inline style" not in fault]
        return [
            f"{fault['id']}: {node['html'][:200]} {node['failureSummary']}"
            for fault in found
            if fault["impact"] in {"serious", "critical"}
            for node in fault["nodes"]
        ]

    def figure(self, label: str) -> str:
        """Return the value of a figure by its label."""
        pairs: list[list[str]] = self.page.locator(".figure").evaluate_all(
            "figures => figures.map(figure => ['.figure__label', '.figure__value']"
            ".map(part => figure.querySelector(part).textContent))"
        )
        found = {plain(name): value for name, value in pairs}
        return plain(found[label])

    def rows(self, caption: str) -> list[list[str]]:
        """Return the cells of a table by its caption; also of one that is folded away."""
        table = self.page.get_by_role("table", name=caption, exact=True, include_hidden=True)
        rows: list[list[str]] = table.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        )
        return [[plain(cell) for cell in row] for row in rows]


def plain(text: str) -> str:
    """Return a text with the spaces, apostrophes and dashes of a typewriter."""
    text = re.sub(r"[\u00a0\u202f\s]+", " ", text)
    return text.replace("\u2212", "-").replace("\u2013", "-").replace("\u2019", "'").strip()
