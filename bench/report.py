"""Tables in Markdown, and the page that holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.measure import BenchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column is text and whose others are figures."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def figure(number: float) -> str:
    """Return a number with as many digits as are of use."""
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"


def megabytes(number: float) -> str:
    """Return a number of bytes in millions."""
    return figure(number / 1e6)


def write_between(page: Path, name: str, text: str) -> None:
    """Put a text between the two marker comments of a page.

    Raises:
        BenchError: The page lacks them.
    """
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    before, found_begin, rest = page.read_text(encoding="utf-8").partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise BenchError(f"{page.name} lacks the comments {begin.strip()} and {end.strip()}")
    page.write_text(f"{before}{begin}\n{text.strip()}\n\n{end}{after}", encoding="utf-8")
