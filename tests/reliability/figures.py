"""What the tests of this folder measure, kept so that docs/reliability.md can show it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / ".local" / "reliability" / "figures.json"
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- figures: written by `make reliability` -->", "<!-- end of figures -->"


def keep(group: str, test: str, **figures: object) -> None:
    """Print what was measured, and keep it for the page."""
    print(f"\n{group}: {test}: " + ", ".join(f"{name} {value}" for name, value in figures.items()))  # noqa: T201 # wanted
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    known.setdefault(group, {})[test] = figures
    FIGURES.write_text(json.dumps(known, indent=1))


def tables() -> str:
    """Return the figures as Markdown, one table per group."""
    known = json.loads(FIGURES.read_text())
    parts = []
    for group, tests in sorted(known.items()):
        names = list(dict.fromkeys(name for figures in tests.values() for name in figures))
        lines = [
            f"| {group} | {' | '.join(names)} |",
            "| --- |" + " ---: |" * len(names),
            *(
                f"| {test} | {' | '.join(str(figures.get(name, '')) for name in names)} |"
                for test, figures in tests.items()
            ),
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def main() -> None:
    """Write the figures into the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    if not rest:
        sys.exit(f"{PAGE.name} has no place for figures: {BEGIN}")
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables()}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
