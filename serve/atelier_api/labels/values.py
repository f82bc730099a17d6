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
        "listing_unreadable": {"fr": "Liste d'un dossier non comprise", "en": "Listing not understood"},
        "archive_failed": {"fr": "Archivage impossible", "en": "Archiving failed"},
        "delete_failed": {"fr": "Suppression impossible", "en": "Deleting failed"},
    },
    "data_problem_reason": {
        "unreadable_number": {"fr": "Nombre illisible ou trop grand", "en": "Number unreadable or too large"},
        "unreadable_date": {"fr": "Date illisible ou inexistante", "en": "Date unreadable or in no calendar"},
        "missing_value": {"fr": "Valeur absente", "en": "Value missing"},
        "unknown_order": {"fr": "Commande inexistante", "en": "Order does not exist"},
        "ambiguous_order": {"fr": "Commande ambiguë (majuscules)", "en": "Order ambiguous (case)"},
        "repeated_key": {"fr": "Accessoire en double", "en": "Accessory twice"},
    },
    "alert_kind": {
        "machine_silent": {"fr": "Machine muette", "en": "Machine silent"},
        "missing_production_day": {"fr": "Journée sans fichier", "en": "Day without a file"},
        "logs_load_stale": {"fr": "Journaux plus chargés", "en": "Logs not loaded"},
        "erp_load_stale": {"fr": "ERP plus chargé", "en": "ERP not loaded"},
        "rejected_share": {"fr": "Trop de lignes rejetées", "en": "Too many rejected lines"},
        "unreadable_file": {"fr": "Fichier ou dossier illisible", "en": "File or folder unreadable"},
        "file_not_disposed": {
            "fr": "Fichier non archivé ou non supprimé",
            "en": "File not archived or deleted",
        },
        "clock_jump": {"fr": "Horloge qui saute", "en": "Clock that jumps"},
        "run_failed": {"fr": "Exécution en échec", "en": "Run failed"},
        "backup_stale": {"fr": "Sauvegarde trop ancienne", "en": "Backup too old"},
        "unknown_status": {"fr": "Statut de commande inconnu", "en": "Unknown order status"},
        "data_problem": {"fr": "Valeurs inutilisables", "en": "Unusable values"},
        "no_shutter_orders": {"fr": "Plus aucune commande à planifier", "en": "No order to plan left"},
    },
    "severity": {
        "critical": {"fr": "Critique", "en": "Critical"},
        "warning": {"fr": "Attention", "en": "Warning"},
        "info": {"fr": "Information", "en": "Information"},
    },
    "outcome": {
        "running": {"fr": "En cours", "en": "Running"},
        "succeeded": {"fr": "Réussie", "en": "Succeeded"},
        "failed": {"fr": "En échec", "en": "Failed"},
        "interrupted": {"fr": "Interrompue", "en": "Interrupted"},
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
