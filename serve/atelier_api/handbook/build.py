"""Makes the whole site: what others make, our own pages, their style; then puts it where the old one was."""

from __future__ import annotations

import posixpath
import shutil
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
from atelier.errors import AtelierError
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from atelier_api.handbook import data, documents, markdown, reference
from atelier_api.handbook.documents import PAGES, Document
from atelier_api.labels.handbook import WORDS
from atelier_api.pages import assets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from atelier_api.labels import Language

#: The index in each language.
INDEX: Final[dict[Language, str]] = {"fr": "index.html", "en": "index.en.html"}
_STYLES: Final = ("tokens", "base", "layout", "components", "tables", "handbook")
_ASSETS: Final = (
    *(f"css/{name}.css" for name in _STYLES),
    "img/favicon.svg",
    "vendor/ibm-plex-sans/LICENSE",
    "vendor/ibm-plex-sans/ibm-plex-sans-latin-wdth-normal.woff2",
    "vendor/ibm-plex-sans/ibm-plex-sans-latin-ext-wdth-normal.woff2",
)
#: Files that a browser shows or saves rightly under their own names; others get `.txt`.
_KEPT: Final = frozenset({".csv", ".png", ".svg", ".txt"})

_templates = Environment(
    loader=ChoiceLoader(
        [
            PackageLoader("atelier_api.handbook", "templates"),
            PackageLoader("atelier_api.pages", "templates"),
        ]
    ),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def folder_of(root: Path, variables: Mapping[str, str]) -> Path:
    """Return the folder of the site: `ATELIER_DOCS_DIR`, or one in the project."""
    return Path(variables.get("ATELIER_DOCS_DIR") or root / "docs" / "site")


def build(
    root: Path,
    site: Path,
    variables: Mapping[str, str],
    *,
    target: str,
    description: dict[str, Any],
    timezone: ZoneInfo,
) -> None:
    """Make the site; the old one is there until the new one is whole.

    Args:
        root: The project's folder.
        site: The folder that is to be it.
        variables: Those of the contract.
        target: Name of the dbt target.
        description: Of the API.
        timezone: Of the plant.

    Raises:
        AtelierError: The warehouse cannot be used, dbt or colibri failed, or a document links to nowhere.
    """
    part = site.with_name(f"{site.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    write_own(root, part, description, datetime.now(timezone))
    data.write(root, part, variables, target)
    shutil.rmtree(site, ignore_errors=True)
    part.rename(site)


def write_own(root: Path, site: Path, description: dict[str, Any], moment: datetime) -> None:
    """Write the pages that are ours: index, documents, reference of the API.

    Raises:
        AtelierError: A document cannot be read or links to nowhere.
    """
    for name in _ASSETS:
        _copy(assets.FOLDER / name, site / "assets" / name)
    found = documents.found(root)
    for document in found.values():
        _write_document(root, site, document, found)
    page = "api/index.html"
    _write(site, page, "reference.html", "en", api=reference.view(description))
    (site / "api" / "openapi.json").write_bytes(orjson.dumps(description, option=orjson.OPT_INDENT_2))
    for language, name in INDEX.items():
        made = Markup(WORDS[language]["index.made"]).format(moment=moment.strftime("%d/%m/%Y %H:%M"))  # noqa: S704 # our label
        _write(site, name, "index.html", language, groups=_groups(found, language), made=made)


def _write_document(root: Path, site: Path, document: Document, found: Mapping[str, Document]) -> None:
    def link(target: str) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(document.path), target))
        file = root / path
        if file.is_dir() and f"{path}/README.md" in found:
            path = f"{path}/README.md"
        if path in found:
            return markdown.relative(found[path].page, document.page)
        if not file.is_file() or not file.resolve().is_relative_to(root.resolve()):
            raise AtelierError(f"{document.path} links to {target}, which is not there: mend the link")
        name = path if file.suffix in _KEPT else f"{path}.txt"
        _copy(file, site / PAGES / name)
        return markdown.relative(f"{PAGES}/{name}", document.page)

    rendered = markdown.render(document.text, link)
    _write(
        site,
        document.page,
        "document.html",
        document.language,
        title=document.title,
        content=rendered.html,
        outline=markdown.outline(rendered.headings),
    )


def _groups(found: Mapping[str, Document], language: Language) -> list[dict[str, Any]]:
    """Return the index: groups of entries, those that nobody named at the end of theirs."""
    words = WORDS[language]
    groups: dict[str, list[dict[str, str]]] = {name: [] for name in (*documents.GROUPS, "more")}
    named: set[str] = set()
    for group, keys in documents.GROUPS.items():
        for key in keys:
            path, fragment = documents.PLACES.get(key, (key, ""))
            document = found.get(path)
            if document is None and path.endswith(".md"):
                continue
            named.add(path)
            groups[group].append(
                {
                    "title": words[key],
                    "note": words[f"{key}.note"],
                    "address": (document.page if document else path) + fragment,
                    "language": document.language if document else "en",
                }
            )
    for document in found.values():
        if document.path not in named and document.group:
            entry = {"title": document.title, "note": "", "address": document.page}
            groups[document.group].append({**entry, "language": document.language})
    return [
        {"name": words[f"group.{name}"], "entries": entries} for name, entries in groups.items() if entries
    ]


def _write(site: Path, page: str, template: str, language: Language, **values: Any) -> None:  # noqa: ANN401 # what the template wants
    path = site / page
    path.parent.mkdir(parents=True, exist_ok=True)
    content = _templates.get_template(template).render(
        language=language,
        t=WORDS[language].__getitem__,
        to=partial(markdown.relative, page=page),
        here=INDEX.__getitem__,
        index=INDEX[language],
        **values,
    )
    path.write_text(content, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
