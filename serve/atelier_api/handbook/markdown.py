"""Markdown to HTML: headings that can be linked to, links that hold in the site, no markup from outside."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urlsplit

from atelier.errors import AtelierError
from markdown_it import MarkdownIt
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markdown_it.token import Token


_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_markdown: Final = MarkdownIt("commonmark").enable("table")


@dataclass
class Rendered:
    """A document as HTML."""

    html: Markup
    #: Level (2, 3, …), name and text of each heading below the title.
    headings: list[tuple[int, str, str]] = field(default_factory=list)


def render(text: str, link: Callable[[str], str]) -> Rendered:
    """Render a document.

    Args:
        text: Markdown. HTML in it is shown as text, comments are left out.
        link: Turns the path of a link to another file into where that file is in the site.

    Raises:
        AtelierError: A link leads nowhere.
    """
    tokens = _markdown.parse(text)
    rendered = Rendered(Markup())
    names: dict[str, int] = {}
    for number, token in enumerate(tokens):
        _tidy(token, link)
        if token.type == "heading_open":
            words = _plain(tokens[number + 1])
            name = slug(words, names)
            token.attrSet("id", name)
            level = int(token.tag[1:])
            if level > 1:
                rendered.headings.append((level, name, words))
        elif token.type == "table_open":
            token.attrSet("class", "table")
    html = str(_markdown.renderer.render(tokens, _markdown.options, {}))
    # A wide table is scrolled in its own box, also by keyboard.
    html = html.replace('<table class="table">', '<div class="table-box" tabindex="0"><table class="table">')
    html = html.replace("</table>", "</table></div>")
    html = html.replace("<pre>", '<pre tabindex="0">')
    rendered.html = Markup(html)  # noqa: S704 # made by the renderer; HTML of the document is escaped above
    return rendered


def paragraph(text: str) -> Markup:
    """Return Markdown without links to files as HTML, such as a description of the API."""
    return render(text, _no_files).html


def slug(words: str, names: dict[str, int]) -> str:
    """Return the name of a heading as GitHub makes it, so that links hold here and there.

    Args:
        words: Of the heading.
        names: How often each name was taken on the page; counted up.
    """
    name = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
    taken = names.get(name, 0)
    names[name] = taken + 1
    return f"{name}-{taken}" if taken else name


def _no_files(path: str) -> str:
    raise AtelierError(f"a description of the API links to {path}: leave the link out")


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or ())


def _tidy(token: Token, link: Callable[[str], str]) -> None:
    """Make a token, and those in it, fit for the site."""
    if token.type in {"html_block", "html_inline"}:
        token.content = escape(_COMMENT.sub("", token.content).strip("\n"))
    elif token.type == "link_open":
        token.attrSet("href", _address(str(token.attrGet("href")), link))
    elif token.type == "image":
        # Nothing of another server is ever loaded; pictures of our own would be copied like other files.
        source = str(token.attrGet("src"))
        if urlsplit(source).netloc:
            raise AtelierError(f"a picture of another server is shown, {source}: put it into the project")
        token.attrSet("src", _address(source, link))
    elif token.type in {"th_open", "td_open"} and (style := token.attrs.pop("style", None)):
        # Styles within a page are forbidden there: the stylesheet knows the side by its name.
        token.attrSet("class", f"is-{str(style).rpartition(':')[2]}")
    for child in token.children or ():
        _tidy(child, link)


def _address(target: str, link: Callable[[str], str]) -> str:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not parts.path:
        return target
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return quote(link(unquote(parts.path))) + fragment


def relative(target: str, page: str) -> str:
    """Return the address of a path of the site as a page of the site links to it."""
    return posixpath.relpath(target, posixpath.dirname(page) or ".")


def outline(headings: Sequence[tuple[int, str, str]]) -> list[dict[str, Any]]:
    """Return the headings of the second level, for the list beside a page."""
    return [{"name": name, "text": text} for level, name, text in headings if level == 2]
