"""What the tests of reliability, of crashes and of attacks measure, kept so that their pages can show it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench.report import table, write_between

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"


class Figures:
    """What the tests of one folder have measured; they stand between two comments of the page."""

    def __init__(self, name: str) -> None:
        """Name them as the comments do."""
        self.name = name
        self._path = ROOT / ".local" / "figures" / f"{name}.json"

    def keep(self, group: str, test: str, **figures: object) -> None:
        """Print what was measured, and keep it for the page."""
        print(f"\n{group}: {test}: " + ", ".join(f"{name} {value}" for name, value in figures.items()))  # noqa: T201 # wanted
        self._path.parent.mkdir(parents=True, exist_ok=True)
        known = self._read()
        known.setdefault(group, {})[test] = figures
        self._path.write_text(json.dumps(known, indent=1))

    def tables(self) -> str:
        """Return them as Markdown, one table per group."""
        parts = []
        for group, tests in sorted(self._read().items()):
            names = list(dict.fromkeys(name for figures in tests.values() for name in figures))
            rows = [
                [test, *(str(figures.get(name, "")) for name in names)] for test, figures in tests.items()
            ]
            parts.append(table([group, *names], rows))
        return "\n".join(parts)

    def _read(self) -> dict[str, dict[str, dict[str, object]]]:
        known: dict[str, dict[str, dict[str, object]]] = (
            json.loads(self._path.read_text()) if self._path.exists() else {}
        )
        return known


NETWORKS = Figures("figures")
CRASHES = Figures("crashes")
SOAK = Figures("soak")
SECURITY = Figures("security")

if __name__ == "__main__":
    for each in (NETWORKS, CRASHES, SOAK):
        if each.name == sys.argv[1]:
            write_between(PAGE, each.name, each.tables())
