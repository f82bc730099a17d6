"""The page of the attacks names every test that is marked, and no other."""

from __future__ import annotations

from security.matrix import PAGE, matrix, rows


def test_the_page_is_what_the_tests_say() -> None:
    assert len(rows()) > 20
    shown = PAGE.read_text(encoding="utf-8").partition("<!-- matrix: begin -->")[2]
    shown = shown.partition("<!-- matrix: end -->")[0].strip()
    assert shown == matrix(), "run `make security-tests`"
