"""What takes the place of a text, and how an order is recognised in what a machine has written. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Stands where there was a text.
ERASED: Final = "[effacé]"

#: Events of machines whose details are no text of anybody, or a number only.
PIECE: Final = "StukUitgevoerd"
JOB: Final = "JobProfiel"
WAIT: Final = "MachineWait"
STOP: Final = "MachineStop"
START: Final = "MachineStart"

#: Numbers in these may be something else than an order: a profile's reference, seconds.
WITHOUT_BARE_NUMBERS: Final = frozenset({JOB, WAIT})

#: A shorter number says too little to be an order's by itself: it may be a position, a quantity.
_SHORTEST_NUMBER: Final = 4

#: An extension follows a slash, or a hyphen after five digits or more (macro piece_order_number).
_REFERENCE = re.compile(
    r"(?<![0-9])([0-9]{1,18})(?![0-9])(?:(?:/|(?<=[0-9]{5})-)([A-Za-z0-9]{1,5})(?![A-Za-z0-9]))?"
)


def by_number(orders: Iterable[tuple[int, str]]) -> dict[int, set[str]]:
    """Return the extensions of orders by their numbers."""
    found: dict[int, set[str]] = {}
    for number, extension in orders:
        found.setdefault(number, set()).add(extension.casefold())
    return found


def without_orders(text: str, orders: Mapping[int, set[str]], *, bare: bool) -> str:
    """Return a text without its references to orders.

    `230001/A` and `230001-A` are the order with that number and extension and no other. A number without an
    extension may be any order of that number.

    Args:
        text: What a machine or somebody at a machine has written.
        orders: The orders, from `by_number`.
        bare: Whether a number alone is an order.
    """

    def replaced(match: re.Match[str]) -> str:
        extensions = orders.get(int(match[1]))
        if extensions is None:
            return match[0]
        if match[2] is not None:
            return ERASED if match[2].casefold() in extensions else match[0]
        return ERASED if bare and len(match[1]) >= _SHORTEST_NUMBER else match[0]

    return _REFERENCE.sub(replaced, text)
