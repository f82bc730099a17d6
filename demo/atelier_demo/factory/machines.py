"""The machining centres and the order numbers that both sources share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

FIRST_ORDER_NUMBER = 230001
FIRST_ORDER_DAY = date(2023, 1, 1)
ORDERS_A_DAY = 8

PREFIXES = ("FOM", "DEM", "SCIE", "ELU", "SU", "BANC")
MATERIALS = ("PVC", "ALU", "ACIER LAQUÉ", "HYBRIDE", "BOIS-ALU")
ENCODINGS = ("cp1252", "utf-8", "cp1252")
LINE_ENDS = (b"\n", b"\n", b"\r\n")


_KNOWN = (("DEM12", "PVC", 105.0), ("DEMALU", "ALU", 130.0), ("SU12", "HYBRIDE", 118.0))
KNOWN_MACHINES = len(_KNOWN)


@dataclass(frozen=True)
class Machine:
    """One machining centre and how its logger writes.

    `line_end` and `encoding` are the logger's habits; `cycle_seconds` is the usual time for a piece.
    """

    code: str
    material: str
    line_end: bytes
    encoding: str
    cycle_seconds: float

    @property
    def folder(self) -> str:
        """The machine's folder on the FTP server, `CODE (MATERIAL)`."""
        return f"{self.code} ({self.material})"


def fleet(count: int) -> list[Machine]:
    """Give the plant's first `count` machines; the known ones come first."""
    generated = [
        (f"{PREFIXES[i % len(PREFIXES)]}{21 + i}", MATERIALS[i % len(MATERIALS)], 95.0 + 7 * (i % 8))
        for i in range(max(0, count - KNOWN_MACHINES))
    ]
    return [
        Machine(code, material, LINE_ENDS[i % len(LINE_ENDS)], ENCODINGS[i % len(ENCODINGS)], cycle)
        for i, (code, material, cycle) in enumerate([*_KNOWN, *generated][:count])
    ]


def late_machine() -> Machine:
    """Give the machine that is bought during the period; its folder's name has accents."""
    return Machine("PERÇAGE9", "ACIER GALVANISÉ", b"\n", "utf-8", 150.0)


def newest_order_number(day: date) -> int:
    """Give the number of the last order that was entered by the end of `day`."""
    return FIRST_ORDER_NUMBER + ORDERS_A_DAY * (day - FIRST_ORDER_DAY).days
