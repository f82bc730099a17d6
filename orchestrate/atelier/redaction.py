"""Takes secrets, values of rows and control characters out of what a program says, shows and keeps."""

from __future__ import annotations

import base64
import logging
import re
import sys
import traceback
from typing import TYPE_CHECKING, Any, Final, TextIO

from target_warehouse.plain_text import plain_lines

from atelier.secret_files import SECRETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: What stands in the place of a secret.
HIDDEN: Final = "***"

#: A shorter secret is only hidden where it stands alone: it would be found in the middle of words.
_SHORTEST_ANYWHERE: Final = 4

#: PyPI's tap-mysql logs its queries with the greatest key of the table, which may be a text that somebody
#: typed.
_KEYS_OF_A_QUERY = re.compile(r"(Running SELECT .*?) WHERE .*", re.DOTALL)

_COLLECTIONS: Final = (list, tuple, set, frozenset)

#: Backslashes that follow each other are one piece, every other character is one.
_PIECES: Final = re.compile(r"\\+|[^\\]", re.DOTALL)

#: What some notation writes in a character's place.
_OTHERWISE: Final = {
    " ": ("+",),
    "'": ("''", "'\"'\"'"),
    '"': ('""', "&quot;"),
    "&": ("&amp;",),
    "<": ("&lt;",),
    ">": ("&gt;",),
}
#: One backslash, doubled by each notation around it; without a bound a run of them would take for ever.
_MOST_BACKSLASHES: Final = 16
_ESCAPE: Final = rf"(?:\\{{1,{_MOST_BACKSLASHES}}})"

_LETTERS: Final = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}


class WithoutKeys(logging.Filter):
    """A logging filter that cuts queries before their conditions."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Cut the line of a plugin; structlog puts its text into a dictionary."""
        event: Any = record.msg
        if isinstance(event, dict) and isinstance(event.get("event"), str):
            event["event"] = _KEYS_OF_A_QUERY.sub(r"\1", event["event"])
        return True


def pattern_of(secret: str) -> str:
    """Return a pattern that finds a secret as it is, or as addresses, JSON, Python, SQL, shells write it."""
    encoded = re.escape(base64.b64encode(secret.encode()).decode())
    pattern = f"(?:{''.join(map(_as_written, _PIECES.findall(secret)))}|{encoded})"
    return pattern if len(secret) >= _SHORTEST_ANYWHERE else rf"(?<!\w){pattern}(?!\w)"


def _as_written(piece: str) -> str:
    """Return a pattern for a character, or for several backslashes, in any of the notations."""
    if piece.isascii() and piece.isalnum():
        return piece
    data = piece.encode()
    # An address within an address has its percent signs escaped once more.
    ways = ["".join(f"%(?:25)*{byte:02x}" for byte in data)]
    if piece[0] == "\\":
        # Each notation around another one doubles them.
        return rf"(?:\\{{{len(piece)},{len(piece) * _MOST_BACKSLASHES}}}|(?i:{ways[0]}))"
    ways += [
        "".join(rf"{_ESCAPE}x{byte:02x}" for byte in data),
        "".join(rf"{_ESCAPE}u{unit.hex()}" for unit in _utf_16_units(piece)),
        rf"{_ESCAPE}u{ord(piece):08x}",
        rf"{_ESCAPE}x{ord(piece):02x}",
        rf"&#0*{ord(piece)};",
        rf"&#x0*{ord(piece):x};",
        *(re.escape(way) for way in _OTHERWISE.get(piece, ())),
    ]
    if piece in _LETTERS:
        ways.append(rf"{_ESCAPE}{_LETTERS[piece]}")
    return rf"(?:{_ESCAPE}?{re.escape(piece)}|(?i:{'|'.join(ways)}))"


def _utf_16_units(character: str) -> list[bytes]:
    data = character.encode("utf-16-be")
    return [data[position : position + 2] for position in range(0, len(data), 2)]


class Redactor:
    """Knows secrets, and replaces them in texts."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def remember(self, secrets: Iterable[str]) -> None:
        """Hide these from now on, beside those known before."""
        new = {secret for secret in secrets if secret} - self._secrets
        if new:
            self._secrets |= new
            # The longest first: one secret may be the beginning of another.
            longest_first = sorted(self._secrets, key=lambda secret: (-len(secret), secret))
            self._pattern = re.compile("|".join(map(pattern_of, longest_first)))

    def text(self, text: str) -> str:
        """Return a text without the secrets."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def value(self, value: Any) -> Any:  # noqa: ANN401 # whatever somebody logs
        """Return a value in which no text holds a secret, or what steers a terminal."""
        if isinstance(value, str):
            return plain_lines(self.text(value))
        if isinstance(value, dict):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if type(value) in _COLLECTIONS:
            return type(value)(map(self.value, value))
        if value is None or isinstance(value, (bool, int, float)):
            return value
        shown = str(value)
        redacted = plain_lines(self.text(shown))
        return value if redacted == shown else redacted

    def record(self, record: logging.LogRecord) -> None:
        """Take the secrets out of a record, its traceback included, which becomes text."""
        event: Any = record.msg
        if isinstance(event, dict):
            # structlog keeps its line there until a handler writes it.
            error = event.pop("exc_info", None) or record.exc_info
            record.msg = self.value(event)
            if told := self._traceback(error):
                record.msg["event"] = f"{record.msg.get('event', '')}\n{told}"
        else:
            record.msg, record.args = self._message(record), ()
            if told := self._traceback(record.exc_info):
                record.msg = f"{record.msg}\n{told}"
        record.exc_info = record.exc_text = None
        if record.stack_info:
            record.stack_info = self.text(record.stack_info)

    def _message(self, record: logging.LogRecord) -> str:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # What is wrong with a line of a log must not stop whoever writes it.
            message = f"{record.msg} {record.args!r}"
        return plain_lines(self.text(message))

    def _traceback(self, error: Any) -> str:  # noqa: ANN401 # True, an exception, the triple of one, or nothing
        if isinstance(error, BaseException):
            error = (type(error), error, error.__traceback__)
        elif error and not isinstance(error, tuple):
            error = sys.exc_info()
        if not error or error[0] is None:
            return ""
        return plain_lines(self.text("".join(traceback.format_exception(*error)).rstrip()))


#: One for the process: logging and its streams belong to the process, too.
KNOWN: Final = Redactor()


class Stream:
    """A text stream that shows no secret; all else is the stream that it stands for."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text without the secrets."""
        self._stream.write(KNOWN.text(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write lines without the secrets."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 # whatever the stream has
        return getattr(self._stream, name)


def remember(variables: Mapping[str, str]) -> None:
    """Know the secrets among the variables from now on."""
    KNOWN.remember(variables.get(name, "") for name in SECRETS)


def install() -> None:
    """Let this process show the secrets that it knows nowhere: in no log, traceback or print.

    Programs that it starts are on their own, but for those whose output it logs.
    """
    logging.setLogRecordFactory(_make_record)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, Stream):
            setattr(sys, name, Stream(stream))


def _make_record(*arguments: Any, **named: Any) -> logging.LogRecord:  # noqa: ANN401 # logging's
    # At the making of a record, so that it holds for every handler, also of those that libraries add.
    record = logging.LogRecord(*arguments, **named)
    KNOWN.record(record)
    return record
