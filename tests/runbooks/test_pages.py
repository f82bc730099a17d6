"""Each runbook as a page: listed, whole, tried."""

from __future__ import annotations

import subprocess

import pytest

from runbooks import test_runbooks
from runbooks.book import FOLDER, blocks, pages


def test_every_runbook_is_in_the_list_and_is_tried() -> None:
    listed = (FOLDER / "README.md").read_text("utf-8")
    assert [name for name in pages() if f"({name}.md)" not in listed] == []
    tried = {
        name.removeprefix("test_").replace("_", "-")
        for name in vars(test_runbooks)
        if name.startswith("test_")
    }
    assert set(pages()) <= tried


@pytest.mark.parametrize("name", pages())
def test_every_runbook_has_its_parts(name: str) -> None:
    text = (FOLDER / f"{name}.md").read_text("utf-8")
    assert [part for part in ("**Symptom.**", "**Do.**", "**Verify.**") if part not in text] == []
    for block in blocks(name):
        assert subprocess.run(["bash", "-n", "-c", block], check=False).returncode == 0, block
