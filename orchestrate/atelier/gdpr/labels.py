"""What the register says in French about the words that the tags of the columns use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Category:
    """A kind of data, and whom they are about; whether the warehouse holds no more than a pseudonym of it."""

    label: str
    people: str
    is_pseudonym: bool = False


@dataclass(frozen=True)
class Purpose:
    """An activity of processing: its name, what it is for, and who sees its data."""

    label: str
    aim: str
    recipients: str


CUSTOMERS: Final = "clients"
EMPLOYEES: Final = "salariés"
ANYBODY: Final = "toute personne nommée dans le texte (clients, salariés)"
NOBODY: Final = "aucune attendue (mais un texte saisi peut toujours nommer quelqu'un)"

CATEGORIES: Final = {
    "customer_pseudonym": Category("numéro de client", CUSTOMERS, is_pseudonym=True),
    "employee_pseudonym": Category("technicien et utilisateur de l'ERP", EMPLOYEES, is_pseudonym=True),
    "order_reference": Category("référence de commande (mène au client, par l'ERP)", CUSTOMERS),
    "order_text": Category("codes et libellés de la commande, saisis dans l'ERP", NOBODY),
    "job_name": Category("nom de l'affaire (texte libre)", ANYBODY),
    "journal_note": Category("notes du journal de la commande (texte libre)", ANYBODY),
    "machine_message": Category("messages des machines et des opérateurs (texte libre)", ANYBODY),
    "rejected_line": Category("lignes de journal illisibles (texte libre)", ANYBODY),
    "line_digest": Category("empreinte sous clé des lignes de journal", ANYBODY, is_pseudonym=True),
    "piece_details": Category("désignation de la pièce finie (texte libre)", ANYBODY),
    "machine_code": Category("profil et teinte, écrits par la machine", NOBODY),
}

PURPOSES: Final = {
    "order_planning": Purpose(
        "Planification des volets roulants",
        "Reconnaître les commandes de volets roulants à planifier et préparer leur fabrication",
        "planificateurs, responsable de production, ingénieur de données",
    ),
    "production_monitoring": Purpose(
        "Suivi de la production des centres d'usinage",
        "Mesurer l'occupation des machines et compter les pièces ; jamais l'activité d'une personne",
        "responsable de production, ingénieur de données",
    ),
}

LEGAL_BASES: Final = {
    "contract": "exécution du contrat (art. 6, § 1, b)",
    "legitimate_interest": "intérêt légitime (art. 6, § 1, f)",
}

STARTING_POINTS: Final = {
    "event": "l'événement de la machine",
    "journal_entry": "l'écriture dans le journal",
    "order_entry": "la saisie de la commande",
}

RETENTIONS: Final = {
    "journal_notes": "notes du journal",
    "job_names": "noms d'affaires",
    "machine_messages": "messages des machines",
    "pseudonyms": "pseudonymes",
    "orders": "commandes",
    "pieces": "désignations des pièces",
}

ACTIONS: Final = {
    "delete": "suppression de la ligne",
    "anonymise": "anonymisation de la colonne",
    "keep": "conservation",
}

SECURITY: Final = (
    "Minimisation : seules les colonnes utiles quittent l'ERP (liste plus bas) ; une colonne nouvelle n'est "
    "pas lue tant qu'elle n'est pas qualifiée.",
    "Pseudonymisation : numéro de client, technicien et utilisateur sont remplacés par un HMAC-SHA-256 avant "
    "d'atteindre l'entrepôt ; la clé n'est ni dans la base, ni dans le SQL compilé, ni dans les journaux.",
    "Cloisonnement : les notes et les messages restent dans les schémas internes, jamais dans `marts`.",
    "Effacement : les pseudonymes des clients effacés et leurs numéros de commande sont conservés (schéma "
    "`gdpr`) pour que rien d'eux ne revienne au chargement suivant (art. 17, § 3, b) ; la liste n'est lue "
    "que par le chargement et par le délégué à la protection des données.",
    "Conservation : une opération nocturne relève ce qui est arrivé à échéance ; chaque chargement l'écarte. "
    "Effacements, exports et échéances laissent une preuve sans donnée personnelle (`gdpr.operations`).",
    "Journaux d'exécution : une erreur de chargement nomme la table et la colonne, jamais la valeur.",
    "Accès : par compte et rôle de PostgreSQL (les textes libres ne sont ouverts qu'à la transformation) ; "
    "mots de passe hors du dépôt ; FTP chiffrable (TLS).",
)

TRANSFERS: Final = "aucun transfert hors de l'Union européenne"
CONTROLLER: Final = (
    "à compléter : raison sociale, adresse et contact ; délégué à la protection des données le cas échéant"
)
