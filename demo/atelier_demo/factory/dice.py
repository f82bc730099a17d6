"""The one source of chance: every number that the factory draws comes from a seed and a name."""

from __future__ import annotations

from random import Random


def dice(*key: object) -> Random:
    """Give the random numbers that belong to `key`, always the same ones for the same key.

    Each file and each order has a key of its own, so that a longer period or more orders leave
    what was made before exactly as it was.
    """
    return Random("/".join(map(str, key)))  # noqa: S311 - must be repeatable, guards nothing
