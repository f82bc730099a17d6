"""Reading on from where the last run ended: the bookmark of a table, and what it means in SQL."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from tap_mysql.errors import SourceError
from tap_mysql.tables import quoted_name

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from tap_mysql.snapshot import Snapshot
    from tap_mysql.tables import Column
    from tap_mysql.values import Kind

_KINDS: Final = frozenset({"integer", "decimal", "text", "date", "datetime", "timestamp"})
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?([+-]\d\d:\d\d)?")


def check(where: str, key: str, kind: Kind) -> None:
    """Refuse a replication key that has no reliable order.

    Args:
        where: The table, for the message.
        key: The column.
        kind: Its kind.

    Raises:
        SourceError: A float, for example.
    """
    if kind.name not in _KINDS:
        raise SourceError(
            f"{where} cannot be read INCREMENTAL by {key}, a column of {kind.name}: set replication-key to a "
            "column of whole numbers, decimals, dates, times of day with their date, or texts"
        )


def condition(
    snapshot: Snapshot, replication_key: tuple[Column, Kind], state: MutableMapping[str, Any]
) -> str:
    """Return the condition of the rows to read, in SQL: empty on the first run, which reads all.

    Args:
        snapshot: Knows how to write a text in SQL.
        replication_key: The column and its kind.
        state: The state of the stream; the bookmark of another key does not count.

    Raises:
        SourceError: The bookmark cannot be of this key.
    """
    column, kind = replication_key
    key = column.name
    bookmark = state.get("replication_key_value")
    if bookmark is None or state.get("replication_key") != key:
        return ""
    text = str(bookmark)
    if kind.name in ("integer", "decimal"):
        # As a text MySQL would compare it as a float.
        if not _NUMBER.fullmatch(text):
            raise _unfit(key, text)
        constant = text
    elif kind.name == "text":
        constant = snapshot.literal(text)
    else:
        constant = snapshot.literal(text if kind.name == "date" else _moment(key, text, snapshot.timezone))
    return f"{quoted_name(column.source_name)} >= {constant}"


def remember(state: MutableMapping[str, Any], key: str, value: str | None) -> None:
    """Set the bookmark to the last value read; if that is NULL, the bookmark stays."""
    if value is not None:
        state["replication_key"] = key
        state["replication_key_value"] = value


def _moment(key: str, text: str, offset: str) -> str:
    """Return a moment as MySQL reads it, by the clock of this session if it was told with an offset."""
    parts = _MOMENT.fullmatch(text)
    if parts is None:
        raise _unfit(key, text)
    day, clock, fraction, told_offset = parts.groups()
    local = f"{day} {clock}"
    if told_offset is not None and told_offset != offset:
        if not offset:
            raise _unfit(key, text)
        moment = datetime.fromisoformat(f"{day}T{clock}{told_offset}")
        sign = -1 if offset.startswith("-") else 1
        hours, minutes = map(int, offset[1:].split(":"))
        here = timezone(sign * timedelta(hours=hours, minutes=minutes))
        local = moment.astimezone(here).strftime("%Y-%m-%d %H:%M:%S")
    return local + (fraction or "")


def _unfit(key: str, text: str) -> SourceError:
    return SourceError(
        f"the bookmark {text!r} cannot be a value of the replication key {key}: has it changed its type? "
        "Remove the bookmark from the state to read all rows again"
    )
