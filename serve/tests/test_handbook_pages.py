"""The documentation's own pages: every link holds, nothing comes from elsewhere, no document is left out."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from atelier.errors import AtelierError
from atelier_api.app import routes
from atelier_api.handbook import documents, markdown, reference
from atelier_api.handbook.build import INDEX, write_own
from atelier_api.labels.handbook import WORDS
from served import ROOT
from site_of_docs import Page, broken, outside

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Made by others: not there in these tests, but linked to.
FOREIGN = {"data/index.html", "lineage/index.html"}


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return routes().openapi()


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, description: dict[str, Any]) -> Path:
    folder = tmp_path_factory.mktemp("handbook").resolve()
    write_own(ROOT, folder, description, datetime.now(timezone.utc))
    return folder


@pytest.fixture(scope="module")
def pages(own: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in own.rglob("*.html")}


def test_every_link_leads_to_a_file_and_a_heading(own: Path, pages: Mapping[Path, Page]) -> None:
    wrong = {str(path.relative_to(own)): broken(own, page, dict(pages)) for path, page in pages.items()}
    assert {name: links for name, links in wrong.items() if set(links) - FOREIGN} == {}
    # Else nothing was looked at.
    assert sum(len(page.links) for page in pages.values()) > 300


def test_nothing_comes_from_elsewhere_and_nothing_is_inline(own: Path, pages: Mapping[Path, Page]) -> None:
    for path, page in pages.items():
        assert [link for link in page.fetched if re.match(r"\w+:|//", link)] == [], path
        assert page.inline == [], path
        assert len(set(page.names)) == len(page.names), path
    assert outside(own) == []


def test_every_document_is_reached_from_the_index(own: Path, pages: Mapping[Path, Page]) -> None:
    for name in INDEX.values():
        reached: set[Path] = set()
        ahead = [own / name]
        while ahead:
            path = ahead.pop()
            if path in pages and path not in reached:
                reached.add(path)
                links = (link.partition("#")[0] for link in pages[path].links)
                ahead += [(path.parent / link).resolve() for link in links if link and ":" not in link]
        made = {own / document.page for document in documents.found(ROOT).values()}
        assert made - reached == set()
        assert len(made) > 20


def test_both_indexes_lead_to_the_same(own: Path, pages: Mapping[Path, Page]) -> None:
    french, english = (set(pages[own / name].links) for name in INDEX.values())
    assert french == english


def test_every_word_is_used() -> None:
    templates = Path(markdown.__file__).parent / "templates"
    used = set(re.findall(r"t\('([^']+)'\)", "".join(path.read_text() for path in templates.glob("*.html"))))
    entries = {key for keys in documents.GROUPS.values() for key in keys}
    used |= entries | {f"{key}.note" for key in entries} | {f"group.{name}" for name in documents.GROUPS}
    assert set(WORDS["fr"]) == set(WORDS["en"]) == used | {"index.made", "group.more", "nav.language"}


def test_runbooks_and_new_documents_join_the_index(tmp_path: Path, description: dict[str, Any]) -> None:
    project, site = tmp_path / "project", tmp_path / "site"
    for name, text in {
        "README.md": "# Read me\n\n## When something fails\n",
        "CHANGELOG.md": "# Changes\n",
        "SECURITY.md": "# Security\n",
        "extract/ERP_INDEXES.md": "# Indexes\n",
        "docs/runbooks/README.md": "# Runbooks\n\n[one](disk-full.md#what-to-do)\n",
        "docs/runbooks/disk-full.md": "# The disk is full\n\n## What to do\n\n[Code](../../code.py)\n",
        "docs/new.md": "# `New` <b>\n",
        "code.py": "pass\n",
    }.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    write_own(project, site.resolve(), description, datetime.now(timezone.utc))
    index = (site / "index.html").read_text()
    assert "Procédures" in index
    assert "The disk is full" in index
    assert "New &lt;b&gt;" in index
    assert (site / "pages" / "code.py.txt").read_text() == "pass\n"
    (project / "docs" / "new.md").write_text("[gone](../gone.md)")
    with pytest.raises(AtelierError, match=r"docs/new\.md links to \.\./gone\.md"):
        write_own(project, site, description, datetime.now(timezone.utc))


@pytest.mark.parametrize("target", ["../../../etc/passwd", "/etc/passwd"])
def test_no_file_of_outside_the_project_is_copied(
    tmp_path: Path, description: dict[str, Any], target: str
) -> None:
    for name in ("README.md", "CHANGELOG.md", "SECURITY.md", "extract/ERP_INDEXES.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("# x\n\n## When something fails\n")
    (tmp_path / "CHANGELOG.md").write_text(f"[x]({target})")
    with pytest.raises(AtelierError, match="links to"):
        write_own(tmp_path, tmp_path / "site", description, datetime.now(timezone.utc))


def test_markup_in_a_document_is_text_and_comments_are_gone() -> None:
    text = "#\n\n<!-- begin -->\n\n<script>alert(1)</script>\n\na <b onclick=x>b</b> [c](javascript:alert(1))"
    html = markdown.render(text, lambda path: path).html
    assert "<script" not in html
    assert "<b" not in html
    assert "begin" not in html
    assert "href=" not in html
    assert "&lt;script&gt;" in html


def test_a_picture_of_another_server_is_refused() -> None:
    with pytest.raises(AtelierError, match="picture"):
        markdown.render("![x](https://evil.example/x.png)", lambda path: path)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("When something fails", "when-something-fails"),
        ("Mesures de sécurité", "mesures-de-sécurité"),
        ("0005 A log line's key", "0005-a-log-lines-key"),
        ("`meltano run`: what?", "meltano-run-what"),
    ],
)
def test_headings_are_named_as_on_github(words: str, name: str) -> None:
    assert markdown.slug(words, {}) == name


def test_headings_of_the_same_words_are_told_apart() -> None:
    headings = markdown.render("## Same\n\n## Same\n", lambda path: path).headings
    assert [name for _, name, _ in headings] == ["same", "same-1"]


def test_the_reference_has_every_operation_parameter_and_schema(
    own: Path, description: dict[str, Any]
) -> None:
    text = (own / "api" / "index.html").read_text()
    count = 0
    for path, item in description["paths"].items():
        for operation in item.values():
            count += 1
            assert f'<h3 id="{operation["operationId"]}">' in text
            assert f"<code>{path}</code>" in text
            for parameter in operation.get("parameters", ()):
                assert f"<code>{parameter['name']}</code>" in text
    for name in description["components"]["schemas"]:
        assert f'id="schema-{name}"' in text
    shown = reference.view(description)
    assert sum(len(group["operations"]) for group in shown["groups"]) == count > 30


def test_the_reference_shows_bounds_defaults_and_examples(description: dict[str, Any]) -> None:
    operations = {
        one["id"]: one for group in reference.view(description)["groups"] for one in group["operations"]
    }
    parameters = {one["name"]: one for one in operations["list_pieces"]["parameters"]}
    assert parameters["limit"]["bounds"] == ["≥ 1", "≤ 1000"]
    assert parameters["sort"]["default"] == "-produced_at"
    assert parameters["machine_id"]["example"] == "DEM12"
    answers = {one["status"]: one for one in operations["list_pieces"]["answers"]}
    assert answers["200"]["contents"][0]["link"] == "PiecePage"
    assert operations["list_pieces"]["needs_login"]
    assert not operations["health"]["needs_login"]
