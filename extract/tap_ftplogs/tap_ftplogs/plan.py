"""What to do about a file, given what is known of it and what the server says now. Pure decisions."""

from __future__ import annotations

from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, Final

from tap_ftplogs.names import day_in_name

if TYPE_CHECKING:
    from tap_ftplogs.listing import Listed
    from tap_ftplogs.parser import Parser
    from tap_ftplogs.state import FileState

#: A listed time shows minutes. A file modified so shortly before it was looked at may change again and be
#: listed the same, so its listed time is not relied on.
FRESH_SECONDS: Final = 120


#: So long after the day of its name or its listed day a file is not relied on to be listed as it is.
STALE_LISTING_SECONDS: Final = 2 * 24 * 3600


class Action(Enum):
    """How to read a file."""

    NOTHING = "as it was, and wholly taken"
    RESUME = "go on where the last run stopped"
    VERIFY = "go on there, after comparing all bytes that were taken"
    REPLACE = "another file under the same name: a new version"
    START = "never seen"


def is_listed_as_known(known: FileState, listed: Listed) -> bool:
    """Whether a listing alone shows that a file is as it was."""
    return (
        bool(known.listed)
        and listed.kind == "file"
        and (listed.size, listed.time_text) == (known.size, known.listed)
    )


def may_be_listed_late(path: str, listed: Listed, now: int) -> bool:
    """Whether a file may have grown since it was listed so: Windows lists an open file as it was before.

    Args:
        path: Its path: its name tells a day as a rule.
        listed: How it is listed.
        now: The present in seconds since 1970.
    """
    days = [day_in_name(path.rpartition("/")[2]).replace("-", ""), str(listed.day or "")]
    first = datetime.fromtimestamp(now - STALE_LISTING_SECONDS, timezone.utc).strftime("%Y%m%d")
    return max(days) >= first


def is_quiet(known: FileState | None, listed: Listed, *, is_asked_for: bool) -> bool:
    """Whether nothing of a file has to be asked or read."""
    return (
        known is not None
        and not is_asked_for
        and is_listed_as_known(known, listed)
        and decide(known, known.size, known.modified, is_newest=False, is_settling=False) is Action.NOTHING
    )


def trusted_time_text(listed: Listed, modified: int | None, now: int) -> str:
    """Return the listed time that a later run may rely on, '' when it may not."""
    if listed.kind != "file":
        return ""
    if listed.modified is None and modified is not None and modified > now - FRESH_SECONDS:
        return ""
    return listed.time_text


def decide(
    known: FileState | None, size: int, modified: int | None, *, is_newest: bool, is_settling: bool
) -> Action:
    """Say how to read a file.

    Args:
        known: Its state from the last run, None when it has none.
        size: Its size now.
        modified: Its modification time now, in seconds since 1970, None when the server does not tell.
        is_newest: Whether it is its machine's newest file, whose growth is nothing to wonder at.
        is_settling: Whether it grew from run to run and is not written any more: a last comparison finds
            what was replaced before the bytes that were new each time.
    """
    if known is None:
        return Action.START
    taken = known.position.read_bytes
    if size < taken:
        return Action.REPLACE
    if not taken:
        return Action.RESUME if size else Action.NOTHING
    if known.removed_at is not None:
        return Action.VERIFY
    if (size, modified) == (known.size, known.modified):
        if is_settling:
            return Action.VERIFY
        # A torn line waits for the file to settle; being unchanged since the last run is settling.
        return Action.NOTHING if taken == size and known.read_error is None else Action.RESUME
    went_back = known.modified is not None and modified is not None and modified < known.modified
    is_doubtful = size <= known.size or went_back or known.is_complete or not is_newest
    return Action.VERIFY if is_doubtful else Action.RESUME


def judge(known: FileState, parser: Parser) -> Action:
    """Say whether the first new lines of a grown file look like its continuation.

    Args:
        known: The state before.
        parser: What has taken the new bytes from the position of that state on, at least one line.

    Returns:
        RESUME when they do, VERIFY when the bytes before must be compared, REPLACE when they need a
        new version.
    """
    position = known.position
    if parser.position.fingerprint != position.fingerprint:
        return Action.RESUME  # the first line has become complete, which is a new version by itself
    tail = position.tail
    if tail is not None and tail.kind not in ("blank", parser.first_kind):
        # The torn line that was taken is read again, now longer. Its row may change, but it cannot move from
        # rejected_lines to log_events under the same version.
        return Action.REPLACE
    first = parser.first_content
    if position.offset == 0:
        return Action.RESUME
    if first is None or isinstance(first, str):
        # Blank lines and garbage may be the middle of another file's line.
        return Action.VERIFY
    is_later = position.last_event_at is None or first[0] >= position.last_event_at
    return Action.RESUME if is_later else Action.VERIFY


def next_generation(fingerprint: str, past: dict[str, int]) -> int:
    """Return the generation of a new version, given the last generation of every earlier fingerprint."""
    return past[fingerprint] + 1 if fingerprint in past else 0
