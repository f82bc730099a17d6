"""The one kind of failure that a user sees: a sentence."""

from __future__ import annotations


class SourceError(Exception):
    """What failed, where, and what to do, in one sentence without any secret."""
