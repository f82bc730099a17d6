"""What the tests of this folder measure, kept so that docs/reliability.md can show it."""

from __future__ import annotations

import json
from pathlib import Path

from bench.report import table, write_between

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / ".local" / "reliability" / "figures.json"
PAGE = ROOT / "docs" / "reliability.md"


def keep(group: str, test: str, **figures: object) -> None:
    """Print what was measured, and keep it for the page."""
    print(f"\n{group}: {test}: " + ", ".join(f"{name} {value}" for name, value in figures.items()))  # noqa: T201 # wanted
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    known.setdefault(group, {})[test] = figures
    FIGURES.write_text(json.dumps(known, indent=1))


def tables() -> str:
    """Return the figures as Markdown, one table per group."""
    parts = []
    for group, tests in sorted(json.loads(FIGURES.read_text()).items()):
        names = list(dict.fromkeys(name for figures in tests.values() for name in figures))
        rows = [[test, *(str(figures.get(name, "")) for name in names)] for test, figures in tests.items()]
        parts.append(table([group, *names], rows))
    return "\n".join(parts)


if __name__ == "__main__":
    write_between(PAGE, "figures", tables())
