"""What a part of a run says is shown without values of rows, and without secrets."""

from __future__ import annotations

import html
import io
import json
import logging
import shlex
import sys
import time
from base64 import b64encode
from contextlib import redirect_stderr, redirect_stdout
from urllib.parse import quote, urlencode

import pytest
import structlog
from atelier import redaction
from atelier.ops.logs import JsonLines
from atelier.redaction import HIDDEN, Redactor, WithoutKeys
from hypothesis import given
from hypothesis import strategies as st
from meltano.core.logging import console_log_formatter
from sqlalchemy.engine import URL


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "INFO Running SELECT `id` FROM `e`.`a_kopf` WHERE `id` <= 'M. X'",
            "INFO Running SELECT `id` FROM `e`.`a_kopf`",
        ),
        ("Running SELECT `a` FROM `b` ORDER BY `a` ASC", "Running SELECT `a` FROM `b` ORDER BY `a` ASC"),
        ("the machine stopped WHERE it was", "the machine stopped WHERE it was"),
    ],
)
def test_a_query_is_shown_without_the_keys_in_it(said: str, shown: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "", None, None)
    record.msg = {"name": "tap-mysql", "event": said}  # type: ignore[assignment] # structlog's dictionary
    assert WithoutKeys().filter(record)
    assert record.msg["event"] == shown


#: Every character that some notation escapes.
TOKEN = "p@ss:w/rd%#?$&+=;,<>é €'\"\\`~{}|^ x"  # noqa: S105 # made up


def fail(text: str) -> None:
    raise RuntimeError(text)


def redactor(*secrets: str) -> Redactor:
    known = Redactor()
    known.remember(secrets)
    return known


def shown_by(secret: str) -> list[str]:
    """Return texts in which programs of ours, or those that they use, would show a secret."""
    url = URL.create("postgresql", "u", secret, "h").render_as_string(hide_password=False)
    line = json.dumps({"event": f"config: {json.dumps({'password': secret})}"})
    return [
        secret,
        url,
        line,
        repr({"password": secret}),
        repr(secret.encode()),
        str([repr(secret)]),
        f"https://u:{quote(secret, safe='')}@h/",
        f"https://h/?{urlencode({'k': secret})}",
        f"export X={shlex.quote(secret)}",
        "alter role u password '" + secret.replace("'", "''") + "'",
        f"<td>{html.escape(secret)}</td>",
        b64encode(secret.encode()).decode(),
    ]


@pytest.mark.parametrize("text", shown_by(TOKEN))
def test_a_secret_is_hidden_however_it_is_written(text: str) -> None:
    shown = redactor(TOKEN).text(text)
    assert HIDDEN in shown
    assert not any(part in shown for part in ("p@ss", "p%40ss", "cEBzcz", "w/rd", "w%2Frd"))


@given(st.text(min_size=4, max_size=30).filter(lambda text: "*" not in text))
def test_any_secret_is_hidden(secret: str) -> None:
    for text in shown_by(secret):
        shown = redactor(secret).text(f"<{text}>")
        assert HIDDEN in shown
        assert len(shown) < len(f"<{text}>") or len(secret) <= len(HIDDEN)
    assert redactor(secret).text(f"<{secret}>") == f"<{HIDDEN}>"


def test_a_long_text_of_backslashes_does_not_hold_up_anybody() -> None:
    started = time.perf_counter()
    assert HIDDEN not in redactor("\\'\\\\'\\").text("\\" * 5000)
    assert redactor(TOKEN).text("x" * 1_000_000) == "x" * 1_000_000
    assert time.perf_counter() - started < 10


def test_the_longer_secret_goes_first_and_a_short_one_only_where_it_stands_alone() -> None:
    known = redactor("hush", "hush-hush", "ab")
    assert known.text("hush-hush hush ab cab ab,") == "*** *** *** cab ***,"
    assert redactor("").text("nothing") == "nothing"


def test_records_show_no_secret_whichever_way_they_are_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "KNOWN", redactor(TOKEN))
    factory = logging.getLogRecordFactory()
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        redaction.install()
        try:
            handlers = [logging.StreamHandler(out) for _ in range(3)]
            handlers[1].setFormatter(console_log_formatter())
            handlers[2].setFormatter(JsonLines())
            plain = logging.Logger("plain")
            plain.handlers = handlers
            structured = structlog.wrap_logger(
                plain,
                processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
                wrapper_class=structlog.stdlib.BoundLogger,
            )
            plain.warning("password %s of %d", TOKEN, 1)
            plain.warning(RuntimeError(TOKEN))
            plain.warning("%d is no number: %s", TOKEN)
            plain.warning("more", extra={"more": [TOKEN]})
            structured.warning("nothing was raised", exc_info=True)
            structured.warning("event", detail=[TOKEN, {"deep": TOKEN}], error=RuntimeError(TOKEN))
            try:
                fail(f"cannot log in with {TOKEN}")
            except RuntimeError:
                plain.exception("failed")
                structured.exception("failed")
            sys.stdout.write(TOKEN)
            sys.stderr.writelines([TOKEN, "\n"])
        finally:
            logging.setLogRecordFactory(factory)
    said = out.getvalue()
    assert "password *** of 1" in said
    assert "%d is no number: %s ('***',)" in said
    assert "NoneType" not in said
    assert said.count("RuntimeError: cannot log in with ***") == 6
    assert "w/rd" not in said
