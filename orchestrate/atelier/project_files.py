"""What stands in the files of the Meltano project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def paths(root: Path) -> Iterator[Path]:
    """Yield the files that Meltano puts together: meltano.yml, then those that it includes.

    Raises:
        AtelierError: meltano.yml cannot be read.
    """
    main = root / "meltano.yml"
    yield main
    for pattern in _document(main).get("include_paths") or []:
        yield from sorted(root.glob(pattern))


def documents(root: Path) -> Iterator[dict[str, Any]]:
    """Yield what stands in each file of the project.

    Raises:
        AtelierError: One cannot be read.
    """
    for path in paths(root):
        yield _document(path)


def _document(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise AtelierError(f"{path} cannot be read ({str(error).splitlines()[0]}): mend the file") from None
    return content if isinstance(content, dict) else {}
