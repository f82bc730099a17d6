"""Text of others is harmless wherever it is shown or kept."""

from __future__ import annotations

import io
import logging
import unicodedata
from datetime import datetime, timezone
from pathlib import Path

import pytest
from atelier import redaction
from atelier.alerts.incidents import Alert
from atelier.ops.logs import JsonLines
from atelier.ops.steps import Watch, totals
from hypothesis import given
from hypothesis import strategies as st
from target_warehouse.plain_text import LONGEST, LONGEST_RECORD, install, plain_lines, plain_text

ROOT = Path(__file__).resolve().parents[2]
HARMFUL = "no\0way \x1b[31mred\x1b[0m \u202egnp.exe\u2066 \u200b\x9b2J\r\nFAILED: forged \U000e0041\ud800"
ANY = st.text(st.characters()) | st.text(st.sampled_from(HARMFUL + "é\u00a0…"), max_size=300)


def is_plain(text: str, kept: str = "") -> bool:
    return not any(
        unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") and letter not in kept
        for letter in text
    )


def test_the_programs_that_are_installed_alone_have_the_same_rule() -> None:
    copies = sorted(path for path in ROOT.glob("*/**/plain_text.py") if ".venv" not in path.parts)
    assert len(copies) == 3
    assert len({path.read_bytes() for path in copies}) == 1


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Volet roulant : été, 12 €", "Volet roulant : été, 12 €"),
        ("une\u00a0espace\u202ffine", "une\u00a0espace\u202ffine"),
        ("a\r\n\tb", "a b"),
        ("no\0way", r"no\x00way"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
        ("x" * 3000, "x" * (LONGEST - 1) + "…"),
        ("\0" * 3000, r"\x00" * (LONGEST // 4 - 1) + r"\x0" + "…"),
    ],
)
def test_a_text_is_shown_in_one_line(text: str, plain: str) -> None:
    assert plain_text(text) == plain


@given(ANY)
def test_any_text_is_plain_and_stays_so(text: str) -> None:
    line, lines = plain_text(text), plain_lines(text)
    assert is_plain(line)
    assert is_plain(lines, "\n\t")
    assert (plain_text(line), plain_lines(lines)) == (line, lines)
    line.encode()
    lines.encode()


def test_lines_keep_their_ends_and_lose_their_colours() -> None:
    assert plain_lines("\x1b[0m03:03 \x1b[32mOK\x1b[0m\n\tnext") == "03:03 OK\n\tnext"
    assert len(plain_lines("x\n" * LONGEST_RECORD)) == LONGEST_RECORD


def test_a_line_of_a_log_is_plain() -> None:
    redactor = redaction.Redactor()
    for message in (HARMFUL, {"event": HARMFUL, "name": HARMFUL}):
        record = logging.LogRecord("x", logging.INFO, "", 0, "", (), None)
        record.msg = message  # type: ignore[assignment] # structlog's dictionary
        redactor.record(record)
        told = record.msg.values() if isinstance(record.msg, dict) else [record.msg]
        assert all(is_plain(text, "\n\t") for text in told)
        assert is_plain(JsonLines().format(record))


def test_a_program_by_itself_logs_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    # Put back at the end.
    monkeypatch.setattr(logging, "_logRecordFactory", logging.getLogRecordFactory())
    install()
    stream = io.StringIO()
    logger = logging.Logger("alone")
    logger.addHandler(logging.StreamHandler(stream))
    logger.warning("it says %s", HARMFUL)
    try:
        int(HARMFUL)
    except ValueError:
        logger.exception("it failed: %s", HARMFUL)
    assert is_plain(stream.getvalue(), "\n\t")
    assert r"\u202egnp.exe" in stream.getvalue()


def test_an_alert_holds_plain_text() -> None:
    now = datetime.now(timezone.utc)
    alert = Alert("1", "run_failed", "critical", None, HARMFUL, now, HARMFUL, HARMFUL, HARMFUL * 500)
    texts = (alert.subject, alert.title, alert.what_to_do, alert.details)
    assert all(is_plain(text) and len(text) <= LONGEST for text in texts)


@pytest.mark.parametrize("value", ["1e400", "1e30", "-5", "NaN", "[[]]", '"x"', "9" * 5000])
def test_a_count_that_a_server_has_forged_is_none(value: str) -> None:
    Watch.begin(["step"])
    text = f'550 METRIC: {{"metric": "rows_written", "value": {value}}}'
    record = logging.LogRecord("x", logging.INFO, "", 0, "", (), None)
    record.msg = {"event": text}  # type: ignore[assignment] # structlog's dictionary
    Watch().emit(record)
    Watch.end(succeeded=True, message=None)
    assert totals(Watch.steps) == {}
