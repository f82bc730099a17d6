"""Digests of log lines under a key: a copy of a line is recognised when its text was overwritten long ago."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Name of the column that holds the digest.
COLUMN: Final = "line_digest"

#: What makes a line, by table: two rows with the same values are copies of one line.
LINES: Final = {
    "log_events": ("logged_at", "event_name", "details"),
    "rejected_lines": ("reason", "line_text"),
}

#: The first digits of a digest say which key it was made with: those of two keys cannot be compared
#: (macro copy_key).
KEY_DIGITS: Final = 8
_LINE_DIGITS: Final = 32


class LineDigests:
    """Makes the digests of one key."""

    def __init__(self, key: str) -> None:
        # A key of its own: the digest of a line must not be the pseudonym of a customer of that name.
        self._key = hmac.digest(key.encode(), b"lines of logs", hashlib.sha256)
        self._key_id = hmac.digest(self._key, b"", hashlib.sha256).hex()[:KEY_DIGITS]

    def of(self, values: Iterable[object]) -> str:
        """Return the digest of a line, from the values of the columns of LINES in their order."""
        # No text holds a NUL, neither in the log nor in PostgreSQL.
        line = "\0".join(map(_text, values)).encode("utf-8", "surrogatepass")
        return self._key_id + hmac.digest(self._key, line, hashlib.sha256).hex()[:_LINE_DIGITS]


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
