"""How many rows an operation took something from, by table."""

from __future__ import annotations

from typing import Final

DELETED: Final = "deleted"
ANONYMISED: Final = "anonymised"
EXPORTED: Final = "exported"


class Counts(dict[str, dict[str, int]]):
    """Rows deleted, anonymised or exported, by `schema.table`; tables without any are left out."""

    def deleted(self, table: str, rows: int) -> None:
        """Add deleted rows."""
        self._add(table, DELETED, rows)

    def anonymised(self, table: str, rows: int) -> None:
        """Add rows that lost a value."""
        self._add(table, ANONYMISED, rows)

    def exported(self, table: str, rows: int) -> None:
        """Add rows that were handed out."""
        self._add(table, EXPORTED, rows)

    def add(self, others: Counts) -> None:
        """Add the rows of another count."""
        for table, kinds in others.items():
            for kind, rows in kinds.items():
                self._add(table, kind, rows)

    def total(self, kind: str) -> int:
        """How many rows there are of a kind."""
        return sum(kinds.get(kind, 0) for kinds in self.values())

    def _add(self, table: str, kind: str, rows: int) -> None:
        if rows:
            kinds = self.setdefault(table, {})
            kinds[kind] = kinds.get(kind, 0) + rows
