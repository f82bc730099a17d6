"""The page of the attacks that are tried: docs/security-tests.md, from the marks of the tests."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final, NamedTuple

from reliability.figures import SECURITY

from bench.report import write_between

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "security-tests.md"
FOLDERS: Final = ("extract", "load", "orchestrate", "serve", "tests")


class Row(NamedTuple):
    """An attack, what stands against it, and the test that tries it."""

    attack: str
    rule: str
    test: str


def rows() -> list[Row]:
    """Return a row for each test that is marked, by its file."""
    found = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("test_*.py")):
            text = path.read_text(encoding="utf-8")
            if "mark.security(" in text:
                place = path.relative_to(ROOT).as_posix()
                found += [Row(*words, f"`{place}::{name}`") for words, name in _marked(ast.parse(text))]
    return found


def matrix() -> str:
    """Return the rows as a table in Markdown."""
    lines = ["| attack | bound or rule | test |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows())])


def _marked(tree: ast.Module) -> list[tuple[tuple[str, str], str]]:
    found = []
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        for mark in function.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.security":
                words = {each.arg: str(ast.literal_eval(each.value)) for each in mark.keywords}
                found.append(((words["attack"], words["rule"]), function.name))
    return found


if __name__ == "__main__":
    write_between(PAGE, "matrix", matrix())
    write_between(PAGE, "figures", SECURITY.tables())
