"""The files of the pages: those of others are what they published, ours keep to the rules."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

import pytest
from atelier_api.labels.pages import PAGES
from atelier_api.pages import assets

if TYPE_CHECKING:
    from pathlib import Path

STATIC = assets.FOLDER
TEMPLATES = STATIC.parent / "pages" / "templates"
VENDOR = STATIC / "vendor"
OWN_SCRIPTS = sorted((STATIC / "js").rglob("*.js"))
STYLES = sorted((STATIC / "css").glob("*.css"))


def test_files_of_others_are_unchanged_and_have_their_licence() -> None:
    listed: set[Path] = set()
    for package in json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8")):
        assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
        for name, digest in package["files"].items():
            assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name
            listed.add(VENDOR / name)
        for name in package["licence_files"]:
            assert len((VENDOR / name).read_text(encoding="utf-8")) > 100
            listed.add(VENDOR / name)
    assert {path for path in VENDOR.glob("*/**/*") if path.is_file()} == listed


def test_both_languages_have_the_same_words_with_the_same_values() -> None:
    french, english = PAGES["fr"], PAGES["en"]
    assert set(french) == set(english)
    for key, text in french.items():
        assert text, key
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", english[key])), key


def used_words() -> tuple[set[str], list[str]]:
    """Return the labels that scripts and templates name, and the beginnings of those they put together."""
    words: set[str] = set()
    beginnings: list[str] = []
    for path in (*OWN_SCRIPTS, *sorted(TEMPLATES.glob("*.html"))):
        text = path.read_text(encoding="utf-8")
        words |= set(re.findall(r"""["']([a-z]+\.[A-Za-z_-]+(?:\.[a-z_]+)*)["']""", text))
        beginnings += re.findall(r"""[`']([a-z]+\.[a-z_]*)(?:\$\{|' ~)""", text)
        beginnings += re.findall(r"""t\(`(\w+\.)\$\{""", text)
    return words, beginnings


def test_every_word_that_is_used_is_there_and_none_is_left_over() -> None:
    plurals = {key.removesuffix(".one") for key in PAGES["fr"] if key.endswith(".one")}
    known = {key for key in PAGES["fr"] if key.rpartition(".")[0] not in plurals} | plurals
    words, beginnings = used_words()
    kinds = {key.partition(".")[0] for key in known}
    named = {word for word in words if word.partition(".")[0] in kinds and not word.endswith((".js", ".css"))}
    assert {word for word in named if not word.endswith("_")} - known == set()
    unused = {
        key
        for key in known
        if key not in named
        and key.removesuffix("_advice") not in named
        and not any(key.startswith(beginning) for beginning in beginnings)
    }
    assert unused == set()


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_colours_are_tokens(path: Path) -> None:
    if path.name == "tokens.css":
        return
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb\(", text) == []


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_templates_have_no_inline_script_or_style(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)|javascript:", text) == []


@pytest.mark.parametrize("path", OWN_SCRIPTS, ids=lambda path: path.name)
def test_scripts_never_make_markup_from_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert (
        re.findall(r"(?:inner|outer)HTML|insertAdjacentHTML|document\.write|eval\(|new Function", text) == []
    )


@pytest.mark.parametrize("path", [*OWN_SCRIPTS, *STYLES], ids=lambda path: path.name)
def test_files_stay_readable(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 400
    assert max(map(len, lines)) <= 130


@pytest.mark.parametrize("path", OWN_SCRIPTS, ids=lambda path: path.name)
def test_scripts_import_what_is_there_and_use_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for names, source in re.findall(r"import (?:\{([^}]*)\}|\* as \w+) from \"([^\"]+)\";", text):
        target = (path.parent / source).resolve()
        assert target.is_file(), source
        for name in filter(None, (part.strip() for part in names.split(","))):
            assert len(re.findall(rf"\b{re.escape(name)}\b", text)) > 1, f"{name} is not used"
            exported = target.read_text(encoding="utf-8")
            declared = rf"export (async )?(function|const|class) {re.escape(name)}\b"
            listed = rf"export \{{[^}}]*\b{re.escape(name)}\b"
            assert re.search(f"{declared}|{listed}", exported), f"{source} exports no {name}"
