r"""Makes a text of others harmless to show, log, mail or store: names of files, replies, lines, messages.

Control characters steer terminals, format characters hide what a text says or turn it round, a NUL is refused
by PostgreSQL, a line break forges a line of a log, and a text without end fills it. They come as `\x1b` and
`\u202e`.

Each program that can be installed by itself has this module; a test holds the copies equal.
"""

from __future__ import annotations

import logging
import re
import traceback
import unicodedata
from typing import Any, Final

#: The longest sentence that is shown, and the longest record of a log with all of its lines.
LONGEST: Final = 2000
LONGEST_RECORD: Final = 20_000

#: Controls, format characters, halves of surrogates, separators of lines and paragraphs.
_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_BREAKS: Final = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]{0,32}m")


def plain_text(text: str, longest: int = LONGEST) -> str:
    """Return a text in one line.

    Args:
        text: What was written by others.
        longest: So many characters are kept; the last of a longer text is an ellipsis.
    """
    if len(text) <= longest and text.isprintable():
        return text
    text = text.strip()
    plain = _escaped(_BREAKS.sub(" ", text[:longest]), "")
    return _cut(plain, longest, is_longer=len(text) > longest)


def plain_lines(text: str, longest: int = LONGEST_RECORD) -> str:
    """Return a text that may have several lines, without the colours that programs give it.

    Args:
        text: What was written by others.
        longest: As for `plain_text`.
    """
    if len(text) <= longest and text.isprintable():
        return text
    plain = _escaped(_COLOURS.sub("", text[:longest]), "\n\t")
    return _cut(plain, longest, is_longer=len(text) > longest)


def install() -> None:
    """Make every record of this process's logs plain, tracebacks included."""
    make = logging.getLogRecordFactory()

    def make_plain(*arguments: Any, **named: Any) -> logging.LogRecord:  # noqa: ANN401 # logging's
        record = make(*arguments, **named)
        record.msg, record.args = plain_lines(record.getMessage()), ()
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = plain_lines("".join(traceback.format_exception(*record.exc_info)).rstrip())
        return record

    logging.setLogRecordFactory(make_plain)


def _escaped(text: str, kept: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        letter.encode("unicode_escape").decode()
        if unicodedata.category(letter) in _UNSAFE and letter not in kept
        else letter
        for letter in text
    )


def _cut(text: str, longest: int, *, is_longer: bool) -> str:
    return text[: longest - 1] + "…" if is_longer or len(text) > longest else text
