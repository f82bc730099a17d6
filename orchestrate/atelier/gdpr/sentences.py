"""What the commands say in French to whoever answers for personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier.gdpr.counts import ANONYMISED, DELETED, EXPORTED, Counts

if TYPE_CHECKING:
    from atelier.gdpr.operations import Outcome

MARTS_FOLLOW: Final = "Les tables de `marts` ont été recalculées : leurs chiffres suivent l'effacement."

_KINDS: Final = {DELETED: "supprimées", ANONYMISED: "anonymisées", EXPORTED: "remises"}


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


def retained(outcome: Outcome) -> str:
    """Say what was too old."""
    dates = ", ".join(f"{key} avant le {day}" for key, day in outcome.cutoffs.items())
    undated = (
        f" {outcome.undated_orders} commandes sans date sont conservées." if outcome.undated_orders else ""
    )
    found = _summary(outcome.counts) if outcome.counts else "rien à retirer"
    told = f"Durées de conservation appliquées ({dates}) : {found}.{undated}"
    return "\n".join((told, _by_table(outcome.counts))) if outcome.counts else told


def enforced(outcome: Outcome) -> str:
    """Say what was withheld after a load."""
    if not outcome.counts:
        return "Rien à retirer de ce qui vient d'être chargé."
    return f"Retiré de ce qui vient d'être chargé : {_summary(outcome.counts)}.\n{_by_table(outcome.counts)}"


def _summary(counts: Counts) -> str:
    return ", ".join(
        f"{counts.total(kind)} lignes {word}" for kind, word in _KINDS.items() if counts.total(kind)
    )


def _by_table(counts: Counts) -> str:
    return "\n".join(
        f"  {table} : " + ", ".join(f"{rows} {_KINDS[kind]}" for kind, rows in sorted(kinds.items()))
        for table, kinds in sorted(counts.items())
    )
