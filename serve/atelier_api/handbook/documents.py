"""Which documents of the project become pages, and where they stand in the index."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier.errors import AtelierError

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_api.labels import Language

#: Where the pages of documents lie in the site: in the same folders as the documents in the project.
PAGES: Final = "pages"

_ALONE: Final = ("README.md", "CHANGELOG.md", "SECURITY.md", "extract/ERP_INDEXES.md")
_RUNBOOKS: Final = "docs/runbooks/"
_DECISIONS: Final = "docs/adr/"

#: The index: keys of labels (see `labels.handbook`), which are paths of documents or of pages, by group.
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "data": (
        "data/index.html",
        "lineage/index.html",
        "docs/glossary.md",
        "docs/planner-files.md",
        "docs/gdpr/register.md",
        "docs/text-repair.md",
    ),
    "serving": ("api/index.html", "docs/api.md", "docs/dashboard.md"),
    "running": (
        *("README.md", "docs/install.md", "failures", "docs/alerts.md", "docs/backup.md"),
        *("docs/runbooks/README.md", "SECURITY.md", "extract/ERP_INDEXES.md"),
    ),
    "figures": ("docs/performance.md", "docs/reliability.md"),
    "decisions": ("docs/adr/README.md", "CHANGELOG.md"),
}

#: Where the entries lead that are part of a document.
PLACES: Final = {"failures": ("README.md", "#when-something-fails")}

_FRENCH: Final = frozenset({"docs/gdpr/register.md", "docs/planner-files.md"})


@dataclass(frozen=True)
class Document:
    """A Markdown file of the project."""

    #: Its path in the project.
    path: str
    text: str

    @property
    def page(self) -> str:
        """The path of its page in the site."""
        return f"{PAGES}/{self.path.removesuffix('.md')}.html"

    @property
    def title(self) -> str:
        """Its first heading, without marks of Markdown; the path where it has none."""
        found = re.search(r"^# (.+)$", self.text, re.MULTILINE)
        return found[1].replace("`", "") if found else self.path

    @property
    def language(self) -> Language:
        """The language that it is written in."""
        return "fr" if self.path in _FRENCH else "en"

    @property
    def group(self) -> str:
        """The group of the index that it belongs to where no entry names it; none: its folder lists it."""
        if self.path.startswith(_RUNBOOKS):
            return "running"
        return "" if self.path.startswith(_DECISIONS) else "more"


def found(root: Path) -> dict[str, Document]:
    """Return the documents of a project by their paths: those of `docs`, and some beside it.

    Raises:
        AtelierError: One cannot be read.
    """
    site = root / "docs" / "site"
    below = sorted(path for path in (root / "docs").rglob("*.md") if site not in path.parents)
    documents = {}
    for path in (*(root / name for name in _ALONE), *below):
        name = path.relative_to(root).as_posix()
        try:
            documents[name] = Document(name, path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise AtelierError(f"{name} cannot be read ({error}): check out the project anew") from None
    return documents
