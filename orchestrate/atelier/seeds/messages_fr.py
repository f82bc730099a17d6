"""What a planner reads about a file that cannot be used, in French."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Mistakes named in one message, and characters quoted of a value.
MOST_MISTAKES: Final = 5
MOST_CHARACTERS: Final = 40

UNUSABLE: Final = "les fichiers du planificateur contiennent {count}, rien n'a été modifié : {mistakes}"
ONE_MISTAKE: Final = "une erreur"
MISTAKES: Final = "{count} erreurs"
AND_MORE: Final = "et {count} autres"

MISSING_FILE: Final = "le fichier manque ; le remettre, à partir d'une sauvegarde s'il le faut"
UNREADABLE_FILE: Final = "le fichier ne peut pas être lu ({reason}) ; donner à Atelier le droit de le lire"
UNKNOWN_FILE: Final = (
    "ce fichier n'est pas attendu ; le renommer ou le retirer du dossier (fichiers attendus : {allowed})"
)
NOT_A_FILE: Final = "c'est un lien ou un dossier ; mettre à sa place le fichier lui-même"
TOO_LARGE: Final = "le fichier dépasse {most} ko ; ce n'est sans doute pas le bon"
NO_CSV: Final = "ce n'est pas un fichier CSV ; l'enregistrer depuis Excel au format « CSV UTF-8 »"
EMPTY_FILE: Final = "le fichier est vide ; la première ligne doit porter les noms des colonnes : {allowed}"
OPEN_QUOTE: Final = "un guillemet \" n'est pas fermé, ou est suivi d'autre chose que le séparateur"
NO_SUCH_COLUMN: Final = "la colonne « {value} » est inconnue ; colonnes attendues : {allowed}"
COLUMN_TWICE: Final = "la colonne « {value} » figure deux fois ; en garder une"
COLUMN_MISSING: Final = "la colonne « {value} » manque ; colonnes attendues : {allowed}"
TOO_MANY_VALUES: Final = (
    "il y a plus de valeurs que de colonnes ; mettre entre guillemets un texte qui contient le séparateur"
)
NOT_ALLOWED: Final = "« {value} » n'est pas permis ; {allowed}"
REQUIRED: Final = "la valeur manque ; {allowed}"
TWICE: Final = "« {value} » figure déjà à la ligne {other} ; garder une seule des deux lignes"
NONE_TRUE: Final = "aucune ligne ne porte « oui » ; il en faut au moins une"

NO_ROW: Final = "il n'y a aucune ligne sous les noms des colonnes ; il en faut au moins une"
VALUE_MISSING: Final = "aucune ligne ne porte « {value} » ; la remettre"
BOTH_TRUE: Final = "« oui » figure dans les deux colonnes ; n'en garder qu'un"
OUT_OF_ORDER: Final = "« {value} » vient avant « {other} » de la colonne {first} ; corriger l'une des deux"

AT_LEAST: Final = "écrire {least} ou plus"
AT_MOST: Final = "écrire {most} ou moins"
EMPTY: Final = "laisser vide là où la colonne {other} porte {values}"
NOT_EMPTY: Final = "elle ne peut manquer que là où la colonne {other} porte {values}"
SMALLEST: Final = "écrire {most} ou moins : aucune ligne ne peut porter moins que {values}"
BOOLEAN: Final = "écrire oui ou non"
DATE: Final = "écrire une date qui existe, sous la forme JJ/MM/AAAA"
INTEGER: Final = "écrire un nombre entier, sans unité"
NUMBER: Final = "écrire un nombre, comme 0,5, sans unité"
OPENING_TIME: Final = "écrire une heure de 00:00 à 23:59, sous la forme HH:MM"
CLOSING_TIME: Final = "écrire une heure de 00:00 à 24:00, sous la forme HH:MM"
TEXT: Final = "écrire un texte"
ONE_OF: Final = "valeurs permises : {values}"


def place(path: str, line: int | None = None, column: str | None = None) -> str:
    """Return where a mistake is: the file, the line, the column."""
    parts = [path]
    if line is not None:
        parts.append(f"ligne {line}")
    if column is not None:
        parts.append(f"colonne {column}")
    return ", ".join(parts)


def quoted(value: str) -> str:
    """Return a value as a message shows it: short, on one line, without control characters."""
    shown = "".join(character if character.isprintable() else " " for character in value).strip()
    return shown if len(shown) <= MOST_CHARACTERS else f"{shown[: MOST_CHARACTERS - 1]}…"


def summary(mistakes: Iterable[str]) -> str:
    """Return one sentence that names the first mistakes and counts the others."""
    every = list(mistakes)
    named = every[:MOST_MISTAKES]
    if len(every) > MOST_MISTAKES:
        named.append(AND_MORE.format(count=len(every) - MOST_MISTAKES))
    count = ONE_MISTAKE if len(every) == 1 else MISTAKES.format(count=len(every))
    return UNUSABLE.format(count=count, mistakes=" | ".join(named))
