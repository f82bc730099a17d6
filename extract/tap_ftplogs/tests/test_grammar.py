"""The grammar of a line, example by example."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_ftplogs.grammar import (
    IMPOSSIBLE_TIME,
    NO_EVENT,
    NO_TIME,
    Event,
    classify,
    decode,
    decode_beginning,
    shown,
)

AT = "2025-05-28T07:02:11"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20250528 07:02:11|@MachineStart", (AT, "MachineStart", "")),
        ("20250528 07:02:11|@JobProfiel: R:215023 L:3359.0", (AT, "JobProfiel", "R:215023 L:3359.0")),
        ("  20250528 07:02:11 \t|@  MachineWait  :  45 sec \r", (AT, "MachineWait", "45 sec")),
        ("20250528 07:02:11|@Alarme moteur 3", (AT, "Alarme", "moteur 3")),
        ("20250528 07:02:11|@Alarme: a: b|@c", (AT, "Alarme", "a: b|@c")),
        ("20250528 07:02:11|@Alarme:", (AT, "Alarme", "")),
        ("20250528 07:02:11|@Arrêt_2: x", (AT, "Arrêt_2", "x")),
        ("20250528 07:02:11|@A-b", (AT, "A", "-b")),
        ("20250528 07:02:11|@A:\x1b[0m\rb", (AT, "A", "\x1b[0m\rb")),
        ("20240229 23:59:59|@A", ("2024-02-29T23:59:59", "A", "")),
        ("", None),
        (" \t\r\x0c\xa0", None),
        ("20250528 07:02:11", NO_EVENT),
        ("20250528 07:02:11|MachineStart", NO_EVENT),
        ("20250528 07:02:11|@", NO_EVENT),
        ("20250528 07:02:11|@: x", NO_EVENT),
        ("20250528 07:02:111|@A", NO_EVENT),
        ("20250231 07:02:11|@A", IMPOSSIBLE_TIME),
        ("20250231 07:02:11 nothing", IMPOSSIBLE_TIME),
        ("20250528 24:00:00|@A", IMPOSSIBLE_TIME),
        ("20250528 23:60:00|@A", IMPOSSIBLE_TIME),
        ("20250528 23:59:60|@A", IMPOSSIBLE_TIME),
        ("00000101 00:00:00|@A", IMPOSSIBLE_TIME),
        ("2025-05-28 07:02:11|@A", NO_TIME),
        ("20250528  07:02:11|@A", NO_TIME),
        ("٢٠٢٥٠٥٢٨ 07:02:11|@A", NO_TIME),
        ("\ufeff20250528 07:02:11|@A", NO_TIME),
        ("x20250528 07:02:11|@A", NO_TIME),
    ],
)
def test_what_a_line_is(text: str, expected: Event | str | None) -> None:
    assert classify(text) == expected


@given(st.text())
def test_any_text_is_something(text: str) -> None:
    result = classify(text)
    assert (result is None) is (not text.strip())
    if isinstance(result, tuple):
        assert result[2] == result[2].strip()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Arrêt €".encode(), "Arrêt €"),
        ("Arrêt €".encode("cp1252"), "Arrêt €"),
        (b"\x81\x8d\x8f\x90\x9d\x80\xe9", "\x81\x8d\x8f\x90\x9d€é"),
        (b"\xc3\xa9\xe9", "Ã©é"),
        (b"\xed\xa0\x80", "í\xa0€"),
    ],
)
def test_bytes_become_text(line: bytes, expected: str) -> None:
    assert decode(line) == expected


@given(st.binary())
def test_any_bytes_become_text(line: bytes) -> None:
    assert decode(line).encode("utf-8") is not None
    assert decode_beginning(line) is not None


def test_a_character_that_was_cut_is_left_out() -> None:
    assert decode_beginning("ééé".encode()[:-1]) == "éé"


def test_rejected_text_is_escaped_and_cut() -> None:
    assert shown("a\x00\t\x7f\x81é") == (r"a\x00\x09\x7f\x81é", False)
    assert shown("x" * 4000) == ("x" * 4000, False)
    assert shown("x" * 4001) == ("x" * 4000, True)
    assert shown("\x00" * 1001) == (r"\x00" * 1000, True)
