"""The one kind of failure that a user sees: a sentence."""

from __future__ import annotations

from tap_mysql.plain_text import plain_text


class SourceError(Exception):
    """What failed, where, and what to do, in one sentence without any secret."""

    def __init__(self, sentence: str) -> None:
        super().__init__(plain_text(sentence))
