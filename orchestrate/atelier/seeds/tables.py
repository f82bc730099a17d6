"""A seed as it was read: its rows, and what is wrong with its file."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from atelier.seeds import messages_fr

if TYPE_CHECKING:
    from atelier.seeds.definitions import Seed


@dataclass
class Table:
    """The rows of a seed as the warehouse takes them, and what is wrong with its file."""

    seed: Seed
    #: Number of the line and values, one per column of the seed; an empty value is none.
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)

    def wrong(
        self, message: str, line: int | None = None, column: str | None = None, **shown: object
    ) -> None:
        """Add a mistake; `shown` fills the message."""
        if "value" in shown:
            shown["value"] = messages_fr.quoted(str(shown["value"]))
        place = messages_fr.place(self.seed.path, line, column)
        self.mistakes.append(f"{place} : {message.format(**shown)}")

    def values_of(self, column: str) -> list[str]:
        """Return the values of a column, empty ones left out."""
        position = [each.name for each in self.seed.columns].index(column)
        return [row[position] for _, row in self.rows if row[position]]

    def entries(self) -> list[dict[str, str]]:
        """Return the rows, each by the names of its columns."""
        names = [column.name for column in self.seed.columns]
        return [dict(zip(names, row, strict=True)) for _, row in self.rows]

    def csv(self) -> str:
        """Return the rows as dbt reads a seed: commas, `true` and `false`, ISO dates."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([column.name for column in self.seed.columns])
        writer.writerows(row for _, row in self.rows)
        return out.getvalue()
