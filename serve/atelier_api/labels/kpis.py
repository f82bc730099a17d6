"""What key figures are called, and how each is made, in words."""

from __future__ import annotations

from typing import Final

_RATE: Final = {
    "fr": "{part} ÷ amplitude, de la première à la dernière pièce de la journée",
    "en": "{part} ÷ span, from the first to the last piece of the day",
}


def _rate(french: str, english: str) -> dict[str, str]:
    return {"fr": _RATE["fr"].format(part=french), "en": _RATE["en"].format(part=english)}


FORMULAS: Final[dict[str, dict[str, str]]] = {
    "occupancy_rate": _rate("temps de production", "productive time"),
    "waiting_rate": _rate("temps d'attente", "waiting time"),
    "stop_rate": _rate("temps d'arrêt", "stopped time"),
    "pieces_per_productive_hour": {
        "fr": "pièces ÷ temps de production × 3600",
        "en": "pieces ÷ productive time × 3600",
    },
    "span_seconds": {
        "fr": "production + attente + arrêt : de la première à la dernière pièce",
        "en": "productive + waiting + stopped: from the first piece to the last",
    },
    "productive_seconds": {
        "fr": "amplitude − attente − arrêt",
        "en": "span − waiting − stopped",
    },
    "waiting_seconds": {
        "fr": "durée nommée par chaque attente, dans l'amplitude, hors arrêts",
        "en": "the time that each wait names, within the span, stops taken out",
    },
    "stopped_seconds": {
        "fr": "de chaque arrêt à la reprise qui le suit, dans l'amplitude",
        "en": "from each stop to the start that follows it, within the span",
    },
    "piece_count": {"fr": "nombre de pièces terminées", "en": "number of pieces finished"},
    "job_count": {"fr": "nombre de travaux commencés", "en": "number of jobs begun"},
    "stop_count": {"fr": "nombre de périodes d'arrêt dans l'amplitude", "en": "number of stops in the span"},
    "wait_count": {
        "fr": "nombre de périodes d'attente dans l'amplitude",
        "en": "number of waits in the span",
    },
}
