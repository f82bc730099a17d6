"""The documentation as it is made and served: dbt's and colibri's pages too, for those logged in alone."""

from __future__ import annotations

import http.client
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from atelier.errors import AtelierError
from atelier_api.handbook.data import write_tables
from atelier_api.middleware import CONTENT_SECURITY_POLICY
from served import ROLES
from site_of_docs import Page, broken
from test_browser import enter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from served import Served

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

HTML = {"Accept": "text/html"}
FOREIGN = ("data", "lineage")
PAGE_HEADERS = {
    "cache-control",
    "content-security-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "referrer-policy",
    "x-content-type-options",
    "x-frame-options",
}


@pytest.fixture
def _unmade(handbook: Path) -> Iterator[None]:
    aside = handbook.with_name("aside")
    handbook.rename(aside)
    yield
    aside.rename(handbook)


def test_a_new_site_takes_the_place_of_the_old_one_whole(handbook: Path) -> None:
    assert not (handbook / "old.html").exists()
    assert {path.name for path in handbook.parent.iterdir()} == {handbook.name}


@pytest.mark.usefixtures("_unmade")
def test_where_it_was_never_made_the_page_says_what_to_do(served: Served) -> None:
    with served.client("reader") as client:
        page = client.get("/docs/", headers=HTML)
        assert page.status_code == 404
        assert "make docs" in page.text
        assert page.headers["content-type"].startswith("text/html")
        problem = client.get("/docs/")
        assert problem.status_code == 404
        assert "make docs" in problem.json()["detail"]
    with served.browser() as nobody:
        assert nobody.get("/docs/").status_code == 303
    with served.browser() as browser:
        enter(served, browser)
        assert 'href="/docs"' not in browser.get("/compte").text


def test_every_link_of_the_whole_site_holds(handbook: Path) -> None:
    site = handbook.resolve()
    pages = {path: Page(path) for path in site.rglob("*.html") if path.parent.name not in FOREIGN}
    assert {path.name: links for path, page in pages.items() if (links := broken(site, page, pages))} == {}


def test_the_lineage_of_columns_reaches_every_mart(handbook: Path) -> None:
    lineage = json.loads((handbook / "lineage" / "colibri-manifest.json").read_bytes())
    edges = {
        (
            edge["source"].split(".")[-1],
            edge["sourceColumn"],
            edge["target"].split(".")[-1],
            edge["targetColumn"],
        )
        for edge in lineage["lineage"]["edges"]
    }
    marts = [name.split(".")[-1] for name in lineage["nodes"] if re.search(r"\.(fct|dim)_", name)]
    assert len(marts) > 12
    assert set(marts) - {target for _, _, target, column in edges if column} == set()
    # Where parents are tables too (the tests' warehouse has but the marts), each column is followed.
    columns = lineage["nodes"]["model.atelier.fct_machine_weeks"]["columns"]
    followed = {column for _, _, target, column in edges if target == "fct_machine_weeks"}
    assert set(columns) - followed == {"day_count"}
    # From a model that is no table, and through models that are built in part.
    assert ("int_source_freshness", "complete_until", "fct_source_freshness", "complete_until") in edges
    assert ("fct_sessions", "productive_seconds", "fct_machine_days", "productive_seconds") in edges


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/docs/index.html", "/docs/data/", "/docs/none"])
def test_nobody_sees_it_without_logging_in(served: Served, handbook: Path, path: str) -> None:
    assert (handbook / "index.html").is_file()
    with served.browser() as nobody:
        answer = nobody.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/login?next={path}"
    with served.client() as program:
        answer = program.get(path)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert program.get(path, headers={**HTML, "Authorization": "Bearer bad"}).status_code == 401


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_it(served: Served, handbook: Path, role: str) -> None:
    with served.client(role) as client:
        answer = client.get("/docs/")
        assert answer.status_code == 200
        assert answer.content == (handbook / "index.html").read_bytes()
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        again = client.get("/docs/", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


def test_a_browser_sees_it_in_its_language(served: Served, handbook: Path) -> None:
    assert handbook.is_dir()
    with served.browser() as browser:
        enter(served, browser)
        assert browser.get("/docs").headers["location"] == "/docs/"
        assert 'lang="fr"' in browser.get("/docs/").text
        browser.get("/?lang=en")
        assert browser.get("/docs").headers["location"] == "/docs/index.en.html"
        assert 'lang="en"' in browser.get("/docs/index.en.html").text
        assert browser.get("/docs/data").headers["location"].endswith("/docs/data/")
        assert browser.get("/docs/none").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/docs/../meltano.yml",
        "/docs/%2e%2e/meltano.yml",
        "/docs/%2e%2e%2f%2e%2e%2fenv",
        "/docs/..%2f..%2fenv",
        "/docs/..%5c..%5cenv",
        "/docs//etc/passwd",
        "/docs/%2fetc%2fpasswd",
        "/docs/data/..%2f..%2f..%2fenv",
        "/docs/%00",
        "/docs/index.html%00.css",
        f"/docs/{'a' * 3000}",
        f"/docs/{'a/' * 1500}",
        "/docs/link/env",
    ],
)
def test_no_file_of_outside_is_served(served: Served, handbook: Path, path: str) -> None:
    link = handbook / "link"
    if not link.is_symlink():
        link.symlink_to(handbook.parent.parent)
    parts = urlsplit(served.url)
    # As it stands: other clients would tidy the dots away.
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.request("GET", path, headers={"Authorization": f"Bearer {served.tokens['admin']}"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    link.unlink()
    assert answer.status == 404, body[:300]
    assert b"API_SECRET_KEY" not in body
    assert b"root:" not in body


@pytest.mark.parametrize("name", FOREIGN)
def test_pages_of_others_may_run_their_own_scripts_and_ask_nobody_else(
    served: Served, handbook: Path, name: str
) -> None:
    with served.client("reader") as client:
        answer = client.get(f"/docs/{name}/")
    assert answer.content == (handbook / name / "index.html").read_bytes()
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["sandbox"] == "allow-scripts"
    assert policy["default-src"] == "'none'"
    assert "connect-src" not in policy
    assert all(word.startswith("'sha256-") for word in policy["script-src"].split())
    sources = {word for words in policy.values() for word in words.split() if "sha256-" not in word}
    assert sources <= {"allow-scripts", "'none'", "'unsafe-inline'", "data:"}


def test_markup_in_a_description_stays_text(tmp_path: Path) -> None:
    evil = {"description": "</script><script>alert(1)</script><!-- é"}
    data = b'<script>a = ["MANIFEST.JSON INLINE DATA", "CATALOG.JSON INLINE DATA"]</script>'
    (tmp_path / "index.html").write_bytes(data)
    for name in ("manifest.json", "catalog.json"):
        (tmp_path / name).write_text(json.dumps(evil, ensure_ascii=False), "utf-8")
    page = tmp_path / "page.html"
    write_tables(tmp_path, page)
    text = page.read_text("utf-8")
    assert text.count("<") == 2
    assert json.loads(text.removeprefix("<script>a = ").removesuffix("</script>")) == [evil, evil]
    (tmp_path / "index.html").write_bytes(b"another page")
    with pytest.raises(AtelierError, match=r"no place for manifest\.json"):
        write_tables(tmp_path, page)


@pytest.mark.parametrize(
    "path", ["", "pages/README.html", "assets/css/base.css", "data/", "lineage/index.html"]
)
def test_a_page_has_the_same_headers_whether_it_is_sent_or_kept(
    served: Served, handbook: Path, path: str
) -> None:
    assert handbook.is_dir()

    def kept(answer: httpx.Response) -> dict[str, str]:
        return {name: value for name, value in answer.headers.items() if name in PAGE_HEADERS}

    with served.client("reader") as client:
        first = client.get(f"/docs/{path}")
        again = client.get(f"/docs/{path}", headers={"If-None-Match": first.headers["etag"]})
        since = client.get(f"/docs/{path}", headers={"If-Modified-Since": first.headers["last-modified"]})
        head = client.head(f"/docs/{path}")
        part = client.get(f"/docs/{path}", headers={"Range": "bytes=0-9"})
    statuses = [answer.status_code for answer in (first, again, since, head, part)]
    assert statuses == [200, 304, 304, 200, 206]
    assert set(kept(first)) == PAGE_HEADERS
    for answer in (again, since, head, part):
        assert kept(answer) == kept(first), answer.status_code


def test_the_metrics_have_one_name_for_all_of_it(served: Served, handbook: Path) -> None:
    assert handbook.is_dir()
    with served.client("reader") as client:
        client.get("/docs/pages/README.html")
        client.get("/docs/pages/none")
        text = client.get("/metrics").text
    assert 'route="/docs"' in text
    assert "README" not in text
