"""The documentation's pages as a browser reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from typing_extensions import override

if TYPE_CHECKING:
    from pathlib import Path

#: Attributes from which a browser fetches something without being told to.
_FETCHED: Final = {("link", "href"), ("script", "src"), ("img", "src"), ("iframe", "src"), ("use", "href")}


@dataclass
class Page(HTMLParser):
    """What a page links to, what it fetches, what it has."""

    path: Path
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    #: Scripts, styles and handlers that are written into the page.
    inline: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text(encoding="utf-8"))

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in {"script", "style"} and "src" not in values:
            self.inline.append(tag)
        for name, value in values.items():
            if name == "style" or name.startswith("on") or value.startswith("javascript:"):
                self.inline.append(f"{tag} {name}={value}")
            if name == "id":
                self.names.append(value)
            elif (tag, name) in _FETCHED:
                self.fetched.append(value)
            elif name in {"href", "src", "action", "srcset", "data", "poster"}:
                self.links.append(value)


def broken(site: Path, page: Page, pages: dict[Path, Page]) -> list[str]:
    """Return the links of a page that lead to nothing in the site, or to no heading there."""
    found = []
    for link in (*page.links, *page.fetched):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc or link == "/":
            continue
        target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
        is_there = target.is_file() and target.is_relative_to(site)
        if not is_there or (parts.fragment and unquote(parts.fragment) not in pages[target].names):
            found.append(link)
    return found


def outside(site: Path) -> list[str]:
    """Return what style sheets of the site fetch from elsewhere, or from a file that is not there."""
    return [
        f"{sheet.name}: {target}"
        for sheet in site.rglob("*.css")
        for target in re.findall(r"url\(\"?([^\")]+)\"?\)", sheet.read_text(encoding="utf-8"))
        if not (sheet.parent / target).is_file()
    ]
