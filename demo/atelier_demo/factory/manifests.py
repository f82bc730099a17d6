"""Small files that remember with which arguments a source was made, and what came of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_manifest(path: Path | None, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give what was made with exactly these arguments; None when nothing was, or with others."""
    if path is None or read_arguments(path) != dict(arguments):
        return None
    made: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["made"]
    return made


def read_arguments(path: Path) -> dict[str, Any] | None:
    """Give the arguments with which a source was made last; None when it never was."""
    if not path.exists():
        return None
    arguments: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["arguments"]
    return arguments


def write_manifest(path: Path | None, arguments: Mapping[str, Any], made: Mapping[str, Any]) -> None:
    """Remember what was made; nothing without a path."""
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"arguments": dict(arguments), "made": dict(made)}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
