"""The text of a CSV file and its records, whatever encoding and separator a spreadsheet has used."""

from __future__ import annotations

import codecs
import csv
import functools
import io
import re
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: What French texts hold beyond ASCII: where a byte is one of these in an encoding, that encoding is likely.
_FRENCH: Final = frozenset("àâæçéèêëîïôœùûÀÂÆÇÉÈÊËÎÏÔŒÙÛ°«»\u2019\u2013\u2014\u2026€\xa0")
#: How Excel saves « CSV » on Windows, « CSV (MS-DOS) », « CSV » on a Mac; of equal ones the first is taken.
_EXCEL: Final = ("cp1252", "cp850", "mac_roman")

_SEPARATOR_LINE: Final = re.compile(r"sep=[;,\t]?", re.IGNORECASE)

_Reading: TypeAlias = "Callable[[Sequence[tuple[int, str]]], list[tuple[int, list[str]]]]"


class NotCsvError(ValueError):
    """The bytes are no text: a workbook, an image, a damaged file."""


class OpenQuoteError(ValueError):
    """A quotation mark is not closed, or text follows a closed one."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def decode(content: bytes) -> str:
    """Return the text of a file: UTF-8 or UTF-16 by its mark, else UTF-8, else what Excel writes in France.

    Raises:
        NotCsvError: The bytes are no text in one of these.
    """
    try:
        for mark, encoding in _BYTE_ORDER_MARKS:
            if content.startswith(mark):
                return _checked(content[len(mark) :].decode(encoding))
    except UnicodeDecodeError:
        raise NotCsvError from None
    try:
        return _checked(content.decode("utf-8"))
    except UnicodeDecodeError:
        return _checked(_decoded_by_line(content))


def _decoded_by_line(content: bytes) -> str:
    """Return the text of a file of which some lines may be UTF-8: two programs have written it."""
    lines = content.splitlines(keepends=True)
    foreign = [line for line in lines if not _is_utf8(line)]
    encoding = _excel_encoding(b"".join(foreign))
    try:
        return "".join(line.decode("utf-8" if _is_utf8(line) else encoding) for line in lines)
    except UnicodeDecodeError:
        raise NotCsvError from None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _checked(text: str) -> str:
    if any(ord(character) < 32 and character not in "\t\r\n" for character in text):
        raise NotCsvError
    return text


def _excel_encoding(content: bytes) -> str:
    """Return the encoding in which more of the bytes beyond ASCII are what French texts hold."""
    beyond = bytes(byte for byte in content if byte > 127)

    def french(encoding: str) -> int:
        return sum(character in _FRENCH for character in beyond.decode(encoding, errors="replace"))

    return max(_EXCEL, key=french)


def records(text: str, columns: Collection[str]) -> list[tuple[int, list[str]]]:
    """Return the records of a CSV text, each with the number of its first line; blank ones are left out.

    Of all ways to read the head line, the one that finds most of the known columns is taken.

    Args:
        text: The text of the file.
        columns: Names of the columns that are known.

    Raises:
        OpenQuoteError: A quotation mark is not closed.
    """
    lines = list(enumerate(io.StringIO(text, newline="").readlines(), start=1))
    # Excel itself writes and reads such a line.
    if lines and _SEPARATOR_LINE.fullmatch(lines[0][1].strip()):
        del lines[0]
    head = [next((line for line in lines if line[1].strip(" \t\r\n;,")), (0, ""))]

    def known(read: _Reading) -> int:
        try:
            return sum(known_names(names, columns) for _, names in read(head))
        except OpenQuoteError:
            return 0

    return max(_READINGS, key=known)(lines)


def name_of(heading: str) -> str:
    """Return the name of a column as a head line has it: without case and blanks around."""
    return heading.strip().casefold()


def known_names(headings: Sequence[str], columns: Collection[str]) -> int:
    """Return how many headings are names of columns."""
    return len({name_of(heading) for heading in headings} & set(columns))


def _split(lines: Sequence[tuple[int, str]], separator: str) -> list[tuple[int, list[str]]]:
    """Return the records of numbered lines."""
    reader = csv.reader([line for _, line in lines], delimiter=separator, strict=True)
    found: list[tuple[int, list[str]]] = []
    begun = 0
    try:
        for values in reader:
            if any(value.strip() for value in values):
                found.append((lines[begun][0], values))
            begun = reader.line_num
    except csv.Error:
        raise OpenQuoteError(lines[begun][0]) from None
    return found


def _split_twice(lines: Sequence[tuple[int, str]], separator: str) -> list[tuple[int, list[str]]]:
    """Return the records of a file with commas that a spreadsheet has opened without splitting it, and saved.

    Each of its lines is one cell, followed by empty ones.
    """
    cells = [(line, f"{values[0]}\n") for line, values in _split(lines, separator) if not any(values[1:])]
    return _split(cells, ",")


_READINGS: Final[tuple[_Reading, ...]] = (
    *(functools.partial(_split, separator=separator) for separator in ";,\t"),
    *(functools.partial(_split_twice, separator=separator) for separator in ";\t"),
)
