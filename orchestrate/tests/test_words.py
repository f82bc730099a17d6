"""How an order is recognised in what a machine has written, and what is left without it."""

from __future__ import annotations

import re

import pytest
from atelier.gdpr.words import ERASED, by_number, without_orders
from hypothesis import given
from hypothesis import strategies as st

ORDERS = by_number([(230001, "A"), (230001, "c"), (230002, ""), (12, "B")])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("230001/A pos 2", f"{ERASED} pos 2"),
        ("cde 230001/a dormant gauche", f"cde {ERASED} dormant gauche"),
        ("230001/C", ERASED),
        ("230001-A pos 2", f"{ERASED} pos 2"),
        # Somebody else's: another extension, a longer one, another number.
        ("230001/B pos 2", "230001/B pos 2"),
        ("230001/AA", "230001/AA"),
        ("230001-B", "230001-B"),
        ("1230001/A", "1230001/A"),
        ("2300010", "2300010"),
        # Any order of that number may be meant.
        ("urgent 230001 svp", f"urgent {ERASED} svp"),
        ("n°230002, 230001", f"n°{ERASED}, {ERASED}"),
        ("230002/A", "230002/A"),
        # Too short to be an order by itself.
        ("pos 12", "pos 12"),
        ("12/B", ERASED),
        ("", ""),
    ],
)
def test_an_order_is_taken_out_and_nothing_else(text: str, left: str) -> None:
    assert without_orders(text, ORDERS, bare=True) == left


def test_a_number_alone_may_be_something_else() -> None:
    assert without_orders("R:230001 C:7016 230001/A", ORDERS, bare=False) == f"R:230001 C:7016 {ERASED}"


@given(st.text(st.sampled_from("0123456789/-ABab .é"), max_size=40))
def test_a_second_time_changes_nothing_and_no_order_is_left(text: str) -> None:
    left = without_orders(text, ORDERS, bare=True)
    assert without_orders(left, ORDERS, bare=True) == left
    assert not re.search(r"(?<![0-9])230001[/-][AaCc](?![A-Za-z0-9])", left)
    assert without_orders(text, {}, bare=True) == text
