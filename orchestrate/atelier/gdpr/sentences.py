"""What the commands say in French to whoever answers for personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier.gdpr.counts import ANONYMISED, DELETED, EXPORTED, Counts
from atelier.gdpr.labels import RETENTIONS

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from atelier.gdpr.operations import Outcome, Request

MARTS_FOLLOW: Final = "Les tables de `marts` ont été recalculées : leurs chiffres suivent l'effacement."

READ_ME: Final = """\
Données détenues sur un client dans l'entrepôt Atelier (RGPD, article 15)

Opération : {operation_id}
Référence de la demande : {reference}
Contenu : {found}
{erased}
{tables}

Chaque table est donnée deux fois, avec les mêmes lignes :
  .csv   pour un tableur (UTF-8, séparateur « ; ») ; une apostrophe précède ce qui commence comme une formule
  .json  pour une machine, valeurs exactes

raw_erp       les commandes telles que l'ERP les contient, sans les colonnes qui n'en sortent pas
raw_ftplogs   les lignes des journaux des machines qui nomment une de ces commandes
snapshots     les statuts passés des commandes
intermediate, marts   ce qui en est calculé

Le client n'apparaît que sous un pseudonyme ; ses nom, adresse et téléphone restent dans l'ERP, où il faut
aussi les demander. Ce que les durées de conservation ont anonymisé ne peut plus être rattaché au client. Les
pseudonymes des salariés sont omis.

Avant de remettre ce dossier, relire les textes libres (notiz, kommission, details) : ils peuvent nommer
d'autres personnes. Le remettre par une voie sûre, puis le supprimer.
"""

_KINDS: Final = {DELETED: "supprimée", ANONYMISED: "anonymisée", EXPORTED: "remise"}


def erased(outcome: Outcome) -> str:
    """Say what was erased."""
    proof = f"Preuve : gdpr.operations, {outcome.operation_id}."
    if not outcome.counts:
        return (
            "Aucune ligne à effacer : l'entrepôt ne contient rien de ce client. L'effacement est enregistré, "
            f"rien de lui ne sera plus chargé. {proof}"
        )
    return (
        f"Client effacé : {_summary(outcome.counts)}. Rien de lui ne reviendra, même après un rechargement "
        f"complet. {proof}\n{_by_table(outcome.counts)}"
    )


def exported(outcome: Outcome, folder: Path) -> str:
    """Say where the export is."""
    found = _summary(outcome.counts) if outcome.counts else "l'entrepôt ne contient rien de ce client"
    return (
        f"Export terminé : {found}. Dossier : {folder} (lisible par vous seul ; à supprimer une fois remis). "
        f"Preuve : gdpr.operations, {outcome.operation_id}."
    )


def read_me(outcome: Outcome, request: Request, erased_on: date | None) -> str:
    """Return the page that explains an export."""
    return READ_ME.format(
        operation_id=outcome.operation_id,
        reference=request.reference,
        found=_summary(outcome.counts) if outcome.counts else "rien n'est détenu",
        tables=_by_table(outcome.counts),
        erased=f"Ce client est effacé depuis le {erased_on:%d/%m/%Y}.\n" if erased_on else "",
    )


def retained(outcome: Outcome) -> str:
    """Say what was too old."""
    dates = ", ".join(
        f"{RETENTIONS.get(key, key)} avant le {day:%d/%m/%Y}" for key, day in outcome.cutoffs.items()
    )
    undated = outcome.undated_orders
    kept = f" Commandes sans date, conservées : {undated}." if undated else ""
    found = _summary(outcome.counts) if outcome.counts else "rien à retirer"
    told = f"Durées de conservation appliquées ({dates}) : {found}.{kept}"
    return "\n".join((told, _by_table(outcome.counts))) if outcome.counts else told


def enforced(outcome: Outcome) -> str:
    """Say what was withheld after a load."""
    if not outcome.counts:
        return "Rien à retirer de ce qui vient d'être chargé."
    return f"Retiré de ce qui vient d'être chargé : {_summary(outcome.counts)}.\n{_by_table(outcome.counts)}"


def _summary(counts: Counts) -> str:
    return ", ".join(_rows(counts.total(kind), word) for kind, word in _KINDS.items() if counts.total(kind))


def _rows(number: int, word: str) -> str:
    plural = "s" if number > 1 else ""
    return f"{number} ligne{plural} {word}{plural}"


def _by_table(counts: Counts) -> str:
    return "\n".join(
        f"  {table} : " + ", ".join(_rows(rows, _KINDS[kind]) for kind, rows in sorted(kinds.items()))
        for table, kinds in sorted(counts.items())
    )
