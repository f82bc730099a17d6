"""What a part of a run says is shown without values of rows."""

from __future__ import annotations

import logging

import pytest
from atelier.redaction import WithoutKeys


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
