"""Which of all that a run has said is told as its reason."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from atelier.last_words import LastWords

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD_BUILD = "07:46:44  Done. PASS=355 WARN=1 ERROR=0 SKIP=0 NO-OP=0 TOTAL=356"
BAD_TEST = (
    "07:46:44  Failure in test unique_x (models/x.yml)",
    "07:46:44    Got 1 result, configured to fail if != 0",
    "07:46:44  Done. PASS=354 WARN=1 ERROR=1 SKIP=0 NO-OP=0 TOTAL=356",
)


@pytest.fixture
def words() -> Iterator[LastWords]:
    """A run that has said nothing yet."""
    LastWords.lines.clear()
    LastWords.killed = ()
    yield LastWords()
    LastWords.lines.clear()


def say(words: LastWords, name: str, *lines: str) -> None:
    for line in lines:
        record = logging.LogRecord("meltano", logging.INFO, __file__, 1, "", (), None)
        record.msg = {"name": name, "event": line}  # as structlog does it
        words.emit(record)


def test_a_build_that_ended_well_is_no_reason(words: LastWords) -> None:
    say(words, "dbt", GOOD_BUILD)
    assert words.sentence() is None


def test_an_error_without_a_message_is_known_by_its_name(words: LastWords) -> None:
    record = logging.LogRecord("meltano", logging.ERROR, __file__, 1, "", (), None)
    record.msg = {"event": "\nTraceback (most recent call last):\n  File x\nBrokenPipeError"}
    words.emit(record)
    assert (words.sentence() or "").startswith("a program of the run has ended without a word")


def test_what_meltano_says_of_its_own_is_told_without_its_traceback(words: LastWords) -> None:
    record = logging.LogRecord("meltano", logging.ERROR, __file__, 1, "", (), None)
    told = "Rolled back. Original exception was: (OperationalError) timeout expired\n\nTraceback:\n  x"
    record.msg = {"event": told}
    words.emit(record)
    assert words.sentence() == "meltano failed: (OperationalError) timeout expired"


@pytest.mark.parametrize(
    ("name", "lines", "reason"),
    [
        ("dbt", BAD_TEST, "dbt: Failure in test unique_x (models/x.yml): Got 1 result, "),
        ("tap-x", ("all is well", "ValueError: no such thing", "bye"), "tap-x failed: ValueError: no such"),
        ("tap-x", ("2026 | ERROR | it is broken",), "tap-x failed: 2026 | ERROR | it is broken"),
        ("tap-ftplogs", ("ERROR x", "FAILED: the server is gone"), "the server is gone"),
        ("dbt", ("psycopg2.errors.DiskFull: No space left",), "dbt failed because a disk of the warehouse"),
    ],
)
def test_the_best_reason_is_told(words: LastWords, name: str, lines: tuple[str, ...], reason: str) -> None:
    say(words, "dbt", GOOD_BUILD)
    say(words, name, *lines)
    sentence = words.sentence()
    assert sentence is not None
    assert sentence.startswith(reason)
