"""Which of all that a run has said is told as its reason."""

from __future__ import annotations

import logging

import pytest
from atelier.last_words import LastWords
from meltano.core.plugin.base import PluginType

GOOD_BUILD = "07:46:44  Done. PASS=355 WARN=1 ERROR=0 SKIP=0 NO-OP=0 TOTAL=356"
BAD_TEST = (
    "07:46:44  Failure in test unique_x (models/x.yml)",
    "07:46:44    Got 1 result, configured to fail if != 0",
    "07:46:44  Done. PASS=354 WARN=1 ERROR=1 SKIP=0 NO-OP=0 TOTAL=356",
)


@pytest.fixture(autouse=True)
def a_run_that_has_said_nothing_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LastWords, "lines", {})
    monkeypatch.setattr(LastWords, "killed", ())


def log(level: int = logging.INFO, **event: object) -> None:
    """Log a dictionary, as structlog does."""
    record = logging.LogRecord("meltano", level, __file__, 1, "", (), None)
    record.msg = event
    LastWords().emit(record)


def french(state: str, message: str) -> tuple[str, ...]:
    """What dbt says of an error of a server that speaks French."""
    return ("09:00:00  Database Error in model m (m.sql)", f"09:00:00    [{state}] {message}")


def told() -> str:
    """The reason of the failure, as far as it is known."""
    return LastWords.sentence() or ""


def test_who_was_killed_is_said_before_what_others_say_of_it() -> None:
    log(name="tap-mysql", event="reading")
    log(name="target-postgres", event="FAILED: the tap sent a line that is no message")
    end = {"event": "Block run completed", "set_number": 2, "success": False}
    log(**end, err="Extractor and loader failed", exit_codes={PluginType.EXTRACTORS: -9, "loaders": 1})
    assert told().startswith("tap-mysql was killed (SIGKILL): see whether")
    # Of one that had said nothing yet the name is not known.
    log(**end, err="Loader failed", exit_codes={PluginType.LOADERS: -11})
    assert told().startswith("the loader was killed (SIGSEGV): see whether")
    log(**end, err="`dbt build` failed with exit code: -9", exit_codes={})
    assert told().startswith("dbt:build was killed (SIGKILL): see whether")
    discovery = "Catalog discovery failed: command ['tap-ftplogs', '--discover'] returned -9 with stderr:\n x"
    log(**end, err=f"Cannot start plugin tap-ftplogs: {discovery}", exit_codes={})
    assert told().startswith("tap-ftplogs was killed (SIGKILL): see whether")
    log(**end, err="Extractor failed", exit_codes={PluginType.EXTRACTORS: 1})
    assert LastWords.sentence() == "the tap sent a line that is no message"


@pytest.mark.parametrize(
    ("trouble", "text", "sentence"),
    [
        (
            BrokenPipeError(32, "Broken pipe"),
            "[Errno 32] Broken pipe",
            "a program of the run has ended without",
        ),
        (ConnectionResetError(), "", "a program of the run has ended without a word"),
        (ValueError("odd"), "odd", "meltano failed: odd"),
    ],
)
def test_what_meltano_cannot_cope_with_is_said_last(trouble: Exception, text: str, sentence: str) -> None:
    log(logging.ERROR, event=text, exc_info=trouble)
    assert told().startswith(sentence)


def test_an_error_without_a_message_is_known_by_its_name() -> None:
    log(logging.ERROR, event="\nTraceback (most recent call last):\n  File x\nBrokenPipeError")
    assert told().startswith("a program of the run has ended without a word")


def test_what_meltano_says_of_its_own_is_told_without_its_traceback() -> None:
    cause = "Rolled back. Original exception was: (OperationalError) timeout expired\n\nTraceback:\n  x"
    log(logging.ERROR, event=cause)
    assert LastWords.sentence() == "meltano failed: (OperationalError) timeout expired"


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (
            {"name": "dbt", "event": '03:32:28    could not extend file "base/1/2": No space left on device'},
            "dbt failed because a disk of the warehouse is full: make room there, then start this again",
        ),
        (
            {"event": "[Errno 28] No space left on device", "exc_info": OSError(28, "")},
            "meltano failed because a disk of this machine is full: make room there, then start this again",
        ),
    ],
)
def test_a_full_disk_is_said(event: dict[str, object], sentence: str) -> None:
    log(**event)
    log(name="tap", event="FAILED: whatever was reading has ended")
    assert LastWords.sentence() == sentence


def test_the_last_words_are_a_sentence_of_ours_or_the_last_error() -> None:
    assert LastWords.sentence() is None
    log(name="tap", event="reading")
    log(name="tap", event="\x1b[31mpsycopg.OperationalError: connection lost\x1b[0m")
    log(name="tap", event="bye")
    assert LastWords.sentence() == "tap failed: psycopg.OperationalError: connection lost"
    log(name="dbt", event="03:03:28  Failure in test assert_x (tests/assert_x.sql)")
    log(name="dbt", event="03:03:28    Got 2 results, configured to fail if != 0")
    log(name="dbt", event="03:03:28  Failure in model fct_y (models/fct_y.sql)")
    log(name="dbt", event="03:03:28    Database Error in model fct_y (models/fct_y.sql)")
    log(name="dbt", event="03:03:28    relation is missing")
    assert LastWords.sentence() == (
        "dbt: Failure in test assert_x (tests/assert_x.sql): Got 2 results, configured to fail if != 0 "
        "(and 1 more, above)"
    )
    log(name="atelier", event="FAILED: the server is down: start it")
    log(name="dbt", event="some ERROR")
    assert LastWords.sentence() == "the server is down: start it"


def test_a_build_that_ended_well_is_no_reason() -> None:
    log(name="dbt", event=GOOD_BUILD)
    assert LastWords.sentence() is None


@pytest.mark.parametrize(
    ("name", "lines", "reason"),
    [
        ("dbt", BAD_TEST, "dbt: Failure in test unique_x (models/x.yml): Got 1 result, "),
        ("tap-x", ("all is well", "ValueError: no such thing", "bye"), "tap-x failed: ValueError: no such"),
        ("tap-x", ("2026 | ERROR | it is broken",), "tap-x failed: 2026 | ERROR | it is broken"),
        ("tap-ftplogs", ("ERROR x", "FAILED: the server is gone"), "the server is gone"),
        ("dbt", ("psycopg2.errors.DiskFull: No space left",), "dbt failed because a disk of the warehouse"),
        (
            "dbt",
            french("53100", "n'a pas pu"),
            "dbt failed because a disk of the warehouse",
        ),
        (
            "dbt",
            french("25006", "ne peut pas"),
            "dbt: Database Error in model m (m.sql): the warehouse can",
        ),
        ("dbt", french("42501", "doit être"), "dbt: Database Error in model m (m.sql): [42501] doit être"),
    ],
)
def test_the_best_reason_is_told(name: str, lines: tuple[str, ...], reason: str) -> None:
    log(name="dbt", event=GOOD_BUILD)
    for line in lines:
        log(name=name, event=line)
    assert told().startswith(reason)
