"""What messages about alerts say in French, all in one place; the words of each kind are in the seed."""

from __future__ import annotations

from typing import Final

from atelier.alerts.incidents import Action

SENDER: Final = "Atelier"

#: Heading of a section of the message, and what the subject calls its alerts (one, several).
HEADINGS: Final = {
    Action.NEW: "Nouvelles alertes",
    Action.AGAIN: "De nouveau",
    Action.REMINDER: "Rappel : toujours en cours",
    Action.OVER: "Terminées",
    Action.PASSED: "Apparues et terminées entre-temps",
}
COUNTS: Final = {
    Action.NEW: ("nouvelle", "nouvelles"),
    Action.AGAIN: ("de nouveau", "de nouveau"),
    Action.REMINDER: ("rappel", "rappels"),
    Action.OVER: ("terminée", "terminées"),
    Action.PASSED: ("déjà terminée", "déjà terminées"),
}
#: Begins the subject of a message about one alert.
PREFIXES: Final = {
    Action.NEW: "",
    Action.AGAIN: "De nouveau : ",
    Action.REMINDER: "Rappel : ",
    Action.OVER: "Fin d'alerte : ",
    Action.PASSED: "Alerte passée : ",
}
SEVERITIES: Final = {"critical": "Critique", "warning": "Attention", "info": "Information"}

ALERTS: Final = "{count} alertes"
WHERE: Final = "Où"
SINCE: Final = "Depuis"
UNTIL: Final = "Jusqu'à"
DETAILS: Final = "Détails"
WHAT_TO_DO: Final = "Que faire"
MORE: Final = "et {count} autres"
DASHBOARD: Final = "Tableau de bord"
FOOTER: Final = (
    "Message automatique d'Atelier, heures de l'usine. Une alerte n'est annoncée qu'une fois ; un rappel "
    "suit tant qu'elle dure, puis un message quand elle est terminée."
)
#: Stands for what to do where the seed of the kinds does not say it.
SEED_UNUSABLE: Final = "Lire les détails ; rétablir aussi le fichier {}, qui ne dit plus que faire."
NONE_OPEN: Final = "Aucune alerte en cours."
NOT_TOLD: Final = "pas encore annoncée"
TOLD: Final = "annoncée le {}"

TEST_SUBJECT: Final = "Essai : les alertes d'Atelier arrivent"
TEST_TEXT: Final = (
    "Ceci est un essai, demandé par « atelier alerts test » : tout va bien, il n'y a rien à faire."
)

DAY_AND_TIME: Final = "%d/%m/%Y à %H:%M"
