"""What codes are called."""

from __future__ import annotations

from typing import Final

VALUES: Final[dict[str, dict[str, dict[str, str]]]] = {
    "state": {
        "productive": {"fr": "Production", "en": "Production"},
        "waiting": {"fr": "Attente", "en": "Waiting"},
        "stopped": {"fr": "Arrêt", "en": "Stop"},
    },
    "event_kind": {
        "piece": {"fr": "Pièce terminée", "en": "Piece finished"},
        "wait": {"fr": "Attente", "en": "Wait"},
        "stop": {"fr": "Arrêt", "en": "Stop"},
        "start": {"fr": "Reprise", "en": "Start"},
        "job": {"fr": "Début de travail", "en": "Job begun"},
        "other": {"fr": "Autre événement", "en": "Other event"},
    },
    "problem_kind": {
        "file_unreadable": {"fr": "Fichier illisible", "en": "File unreadable"},
        "folder_unreadable": {"fr": "Dossier illisible", "en": "Folder unreadable"},
        "archive_failed": {"fr": "Archivage impossible", "en": "Archiving failed"},
        "delete_failed": {"fr": "Suppression impossible", "en": "Deleting failed"},
    },
    "source": {
        "ftplogs": {"fr": "Journaux des machines", "en": "Machine logs"},
        "erp": {"fr": "ERP", "en": "ERP"},
    },
    "role": {
        "reader": {"fr": "Lecture", "en": "Reader"},
        "planner": {"fr": "Planification", "en": "Planner"},
        "dpo": {"fr": "Délégué à la protection des données", "en": "Data protection officer"},
        "admin": {"fr": "Administration", "en": "Administrator"},
    },
    "boolean": {"true": {"fr": "oui", "en": "yes"}, "false": {"fr": "non", "en": "no"}},
}
