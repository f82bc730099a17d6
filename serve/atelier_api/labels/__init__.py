"""Words that people read, in French and English: the columns of tables and the values of codes."""

from __future__ import annotations

from typing import Literal

from atelier_api.labels.columns import COLUMNS
from atelier_api.labels.values import VALUES

Language = Literal["fr", "en"]
DEFAULT_LANGUAGE: Language = "fr"


def negotiated(accept_language: str | None) -> Language:
    """Return the language that a client prefers of ours; French when it wants neither."""
    best: tuple[float, Language] | None = None
    for part in (accept_language or "")[:500].split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.partition("-")[0].lower()
        quality = _quality(parameter)
        if quality <= 0 or language not in {"fr", "en"}:
            continue
        if best is None or quality > best[0]:
            best = (quality, "fr" if language == "fr" else "en")
    return best[1] if best else DEFAULT_LANGUAGE


def _quality(parameter: str) -> float:
    name, _, number = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(number)
    except ValueError:
        return 0.0


def column(name: str, language: Language) -> str:
    """Return the heading of a column."""
    words = COLUMNS.get(name)
    return words[language] if words else name


def value(kind: str, code: str, language: Language) -> str:
    """Return what a code of a kind, such as the state `waiting`, is called; the code if nobody named it."""
    words = VALUES[kind].get(code)
    return words[language] if words else code
