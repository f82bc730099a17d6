"""What stands in the files of the Meltano project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Document:
    """A file of the project and what stands in it."""

    path: Path
    content: dict[str, Any]

    def entries(self, *keys: str) -> list[dict[str, Any]]:
        """Return the entries of a list, such as that of the jobs; none where it is not there.

        Args:
            keys: Where the list is, from the outside in.

        Raises:
            AtelierError: It is no list, or holds what is no entry with a name.
        """
        found: Any = self.content
        for key in keys:
            found = (found.get(key) or []) if isinstance(found, dict) else (found and [found])
        if not isinstance(found, list) or not all(
            isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in found
        ):
            raise self.wrong(".".join(keys), "must be a list of entries, each beginning with `- name: …`")
        return found

    def wrong(self, what: str, rule: str) -> AtelierError:
        """Return the failure of a part of the file that breaks a rule."""
        return AtelierError(f"{self.path}: {what} {rule}: mend the file")


def paths(root: Path) -> Iterator[Path]:
    """Yield the files that Meltano puts together: meltano.yml, then those that it includes.

    Raises:
        AtelierError: meltano.yml cannot be read, or what it includes makes no sense.
    """
    main = _document(root / "meltano.yml")
    yield main.path
    patterns = main.content.get("include_paths") or []
    if not isinstance(patterns, list) or not all(_is_within(pattern) for pattern in patterns):
        raise main.wrong("include_paths", "must be a list of paths below its folder")
    for pattern in patterns:
        yield from sorted(root.glob(pattern))


def _is_within(pattern: object) -> bool:
    return isinstance(pattern, str) and bool(pattern) and not Path(pattern).is_absolute()


def documents(root: Path) -> Iterator[Document]:
    """Yield what stands in each file of the project.

    Raises:
        AtelierError: One cannot be read.
    """
    for path in paths(root):
        yield _document(path)


def _document(path: Path) -> Document:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise AtelierError(f"{path} cannot be read ({str(error).splitlines()[0]}): mend the file") from None
    document = Document(path, content if isinstance(content, dict) else {})
    if content is not None and not isinstance(content, dict):
        raise document.wrong("it", "must be `name: value` lines, as Meltano's files are")
    return document
