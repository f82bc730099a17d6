"""What each type of MySQL becomes: its JSON schema, and its values as JSON text, exact to the last digit."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, Any, Final

from tap_mysql.limits import MAX_NUMBER_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_mysql.tables import Column

    Formatter = Callable[[bytes], str]

NULL: Final = "null"

_BITS: Final = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
_TEXTS: Final = frozenset(
    {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json"}
    # MariaDB's own.
    | {"uuid", "inet4", "inet6"}
)
_BINARIES: Final = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})
#: Bytes that stand in no text of any character set that is built on ASCII.
_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_NUMBER: Final = re.compile(rb"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_PADDED_NUMBER: Final = re.compile(rb"\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_TIME: Final = re.compile(rb"-?\d{2,3}:[0-5]\d:[0-5]\d(?:\.\d{1,6})?")
_DAY: Final = re.compile(rb"\d{4}-\d\d-\d\d")
_MOMENT: Final = re.compile(rb"\d{4}-\d\d-\d\d (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?")
_MOST_BITS_BYTES: Final = 8
#: Days that every month has need no calendar.
_EVERY_MONTH: Final = b"28"


@dataclass(slots=True)
class Oddities:
    """What is wrong with the values of one column: how many dates were no dates, how many texts no texts."""

    impossible_dates: int = 0
    invalid_texts: int = 0


@dataclass(frozen=True, slots=True)
class Kind:
    """How the values of a column are told.

    Attributes:
        name: `integer`, `decimal`, `float`, `text`, `date`, `datetime`, `timestamp`, `time`, `bits`,
            `binary`, or `bytes` for binary that is told as text.
        schema: The JSON schema of a value.
    """

    name: str
    schema: dict[str, Any] = field(default_factory=dict)


def kind_of(column: Column, *, binary_as_text: bool = False) -> Kind | None:
    """Return how a column is told; None if there is no way, as for geometry."""
    data_type = column.data_type
    if data_type in _BITS:
        return Kind("integer", _integer_schema(column))
    if data_type == "year":
        return Kind("integer", _integer_schema(column))
    if data_type == "bit":
        bits = column.precision or 1
        return Kind("bits", _nullable("integer" if bits < 64 else "number", minimum=0, maximum=2**bits - 1))
    if data_type in ("decimal", "float", "double"):
        return Kind("decimal" if data_type == "decimal" else "float", _nullable("number"))
    if data_type in _TEXTS:
        return Kind("text", _nullable("string"))
    if data_type in _BINARIES:
        if binary_as_text:
            return Kind("bytes", _nullable("string"))
        return Kind("binary", _nullable("string", contentEncoding="base16"))
    if data_type == "date":
        return Kind("date", _nullable("string", format="date"))
    if data_type in ("datetime", "timestamp"):
        return Kind(data_type, _nullable("string", format="date-time"))
    if data_type == "time":
        return Kind("time", _nullable("string"))
    return None


def formatter(column: Column, kind: Kind, offset: str, oddities: Oddities) -> Formatter:
    """Return the function that turns a value, as MySQL sends it, into JSON text.

    Args:
        column: The column.
        kind: Its kind.
        offset: The session's offset from UTC, which a TIMESTAMP is told with.
        oddities: Where values that cannot be told as they are get counted.

    The function raises ValueError where a value is none of its kind: then JSON could not hold it as it is.
    """
    if kind.name == "integer":
        return _integer(*_range(column))
    if kind.name in ("decimal", "float"):
        return _padded_number if "zerofill" in column.column_type else _number
    if kind.name == "text":
        return _text(oddities)
    if kind.name == "date":
        return _date(oddities)
    if kind.name in ("datetime", "timestamp"):
        return _moment(oddities, offset if kind.name == "timestamp" else "")
    return {"time": _time, "bits": _bits, "binary": _binary, "bytes": _bytes}[kind.name]


def decoded(value: bytes) -> str:
    r"""Return a text; bytes that are none come as `\xff`."""
    return value.decode("utf-8", "backslashreplace")


def _nullable(name: str, **others: object) -> dict[str, Any]:
    return {"type": [name, "null"], **others}


def _range(column: Column) -> tuple[int, int]:
    """Return the least and the greatest value of a column of whole numbers."""
    if column.data_type == "year":
        return 0, 2155
    bits = _BITS[column.data_type]
    if "unsigned" in column.column_type:
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def _integer_schema(column: Column) -> dict[str, Any]:
    lowest, highest = _range(column)
    # The integers of most warehouses end at 2^63; their numbers do not.
    name = "integer" if highest < 2**63 else "number"
    return _nullable(name, minimum=lowest, maximum=highest)


def _integer(lowest: int, highest: int) -> Formatter:
    def integer(value: bytes) -> str:
        number = int(value)
        if not lowest <= number <= highest:
            raise ValueError
        return str(number)

    return integer


def _number(value: bytes) -> str:
    if len(value) > MAX_NUMBER_BYTES or not _NUMBER.fullmatch(value):
        raise ValueError
    return value.decode("ascii")


def _padded_number(value: bytes) -> str:
    # JSON knows no leading zeros.
    match = _PADDED_NUMBER.fullmatch(value) if len(value) <= MAX_NUMBER_BYTES else None
    if match is None:
        raise ValueError
    return re.sub(r"^0+(?=\d)", "", match[0].decode("ascii"))


def _time(value: bytes) -> str:
    if not _TIME.fullmatch(value):
        raise ValueError
    return f'"{value.decode("ascii")}"'


def _bits(value: bytes) -> str:
    if len(value) > _MOST_BITS_BYTES:
        raise ValueError
    return str(int.from_bytes(value, "big"))


def _binary(value: bytes) -> str:
    return f'"{value.hex()}"'


def _bytes(value: bytes) -> str:
    """Return bytes as text; the NULs at the end, by which BINARY is filled up, are no part of it.

    Raises:
        ValueError: They are no text.
    """
    value = value.rstrip(b"\0")
    if _CONTROLS.search(value):
        raise ValueError
    try:
        return quoted(value.decode())
    except UnicodeDecodeError:
        return quoted(value.decode("cp1252"))


def _text(oddities: Oddities) -> Formatter:
    def text(value: bytes) -> str:
        try:
            return quoted(value.decode())
        except UnicodeDecodeError:
            oddities.invalid_texts += 1
            return quoted(decoded(value))

    return text


def _date(oddities: Oddities) -> Formatter:
    def day(value: bytes) -> str:
        if not _DAY.fullmatch(value):
            raise ValueError
        if _is_day(value):
            return f'"{value.decode("ascii")}"'
        oddities.impossible_dates += 1
        return NULL

    return day


def _moment(oddities: Oddities, offset: str) -> Formatter:
    end = f'{offset}"'

    def moment(value: bytes) -> str:
        if not _MOMENT.fullmatch(value):
            raise ValueError
        if _is_day(value):
            text = value.decode("ascii")
            return f'"{text[:10]}T{text[11:]}{end}'
        oddities.impossible_dates += 1
        return NULL

    return moment


def _is_day(value: bytes) -> bool:
    """Say whether a date is in the calendar: MySQL also keeps 0000-00-00, 2022-11-00 and 2022-02-31."""
    day = value[8:10]
    if day <= _EVERY_MONTH:
        return day > b"00" and value[5:7] > b"00" and value[:4] > b"0000"
    try:
        date(int(value[:4]), int(value[5:7]), int(day))
    except ValueError:
        return False
    return True
