"""The one kind of failure that a user sees: a sentence."""

from __future__ import annotations


class AtelierError(Exception):
    """What failed, where, and what to do, in one sentence without any secret."""


def of_system(error: OSError) -> AtelierError:
    """Return the sentence about a file, folder or program that nobody has foreseen to fail."""
    place = f"{error.filename} cannot be used" if error.filename else "the system has refused something"
    return AtelierError(
        f"{place} ({error.strerror or type(error).__name__}): make room or give this user the right to it, "
        "then start this again"
    )
