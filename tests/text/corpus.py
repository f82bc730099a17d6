"""French and German as a window maker's office types it, and what programs make of it."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STATUSES = (
    *("Planifiée", "Planifiee", "PLANIFIÉE", "lancer en prod", "vitrage", "En production", "Terminée"),
    *("TERMINÉE", "En attente", "À planifier", "Livrée", "Facturée", "Annulée", "Réglée", "Prêt à livrer"),
    *("Arrêtée", "Clôturée", "Geprüft", "Gelöscht", "Läuft", "Ausgeführt", "Zurückgestellt", "Verglasung"),
)

FRENCH = (
    *("cde planifiée", "CDE PLANIFIÉE", "Cde planifiée le 3 février", "déjà vérifié à l'atelier", "là"),
    *("Résidence Les Érables", "École Pasteur", "Mairie d'Erstein", "SCI L'Œillet", "Crèche l’Île aux Fées"),
    *("Café", "CAFÉ", "«CAFÉ»", "« CAFÉ »", "Hôtel de la Forêt-Noire", "HÔTEL", "Pâtisserie", "PÂTISSERIE"),
    *("CHÂTEAU", "Château", "Ô", "ÎLE-DE-FRANCE", "île", "Noël", "NOËL", "maïs", "MAÏS", "aigüe", "Où", "OÙ"),
    *("Hélène", "HÉLÈNE", "Gérard", "François", "FRANÇOIS", "Ça va", "reçu", "Lefèvre", "L’Haÿ-les-Roses"),
    *("Manœuvre à sangle côté droit", "MANŒUVRE", "bœuf", "SŒUR", "cœur", "Œuvre", "nœud", "vœu"),
    *("Volet roulant monobloc", "Coffre demi-linteau électrique", "Tablier aluminium isolé, lame 37 mm"),
    *(
        "Fenêtre à la française, 2 vantaux",
        "Châssis à soufflet",
        "Porte-fenêtre oscillo-battante, dormant 70",
    ),
    *("Vitrage 4/16/4 à l'argon – Ug = 1,1 W/m²·K", "Petits bois 26 mm × 18 mm", "Pose en rénovation ±5 mm"),
    *("12 €", "12 €", "1 250,00 € TTC", "Remise 5 % — accord client", "Acompte : 30 %", "n° 5", "2ᵉ étage"),
    *(
        "Coulisses 55 mm «PVC»",
        "Ø 40 mm",
        "Ø60",
        "30 µm",
        "45°",
        "2½ tours",
        "© Atelier",
        "Somfy® io",
        "RAL 7016™",
    ),
    *("Relance client ; attente de l’acompte", "Livraison impossible…", "“urgent”", "l’été", "aujourd’hui"),
    *("Prévoir à droite", "à", "Voir à l’étage", "voilà le travail", "De là à là", "jusqu’à 14 h"),
    *("Mesures prises\nl'accès est difficile\t(2e étage)", 'Teinte "7016" confirmée \\ devis n°12'),
    *("Réhabilitation; tranche 2", "Bâti-Est SARL", "Saint-Dié-des-Vosges", "Sélestat", "Kœnigshoffen"),
)

GERMAN = (
    *("Müller", "MÜLLER", "Schäfer", "SCHÄFER", "Söhne", "Hauser & Söhne GmbH", "Übergröße", "ÜBERGRÖSSE"),
    *("Rollladenkästen", "Führungsschiene rechts", "Außenjalousie", "Straße 12", "weiß", "Größe 1200×900"),
    *("Öffnungsbegrenzer", "Kömmerling", "Schüco", "Türgriff „Edelstahl“", "‚innen‘ geölt", "„Ä“ geprüft"),
    *(
        "für Geschäftsführer",
        "1.250,00 €",
        "ca. 5 °C",
        "§ 13b UStG",
        "Maß über alles – 2.345 mm",
        "gemäß Prüfung…",
    ),
    *("Fußboden", "Schließzylinder", "Bürogebäude", "Gebäude B", "Äußere Laibung", "MASSSTÄBE"),
)

#: Clean, and easily taken for mojibake: letters that begin a disguise, alone, quoted, cut or beside signs.
TREACHEROUS = (
    *("Ã", "Â", "Å", "Æ", "â", "Ä", "Î", "Ã ", " Ã ", "A Ã B", "Â B", "«Ã»", "« Ã »", "« Ã »", "„Ã“", "“Â”"),
    *("«Â»", "« â »", "« â »", "“Å”", "„Å“", "„Ä“", "‚Ä‘", "'Â'", '"Ã"', "«Å» et «Æ»", "«â»", "„â“", "â…"),
    *(
        "SÃO JOÃO",
        "São João",
        "JOÃO, IRMÃO",
        "LÃ DE ROCHA",
        "Lã de rocha",
        "MAÇÃ",
        "Conceição",
        "ÅSA",
        "Åsa Öberg",
    ),
    *(
        "ÅNGSTRÖM",
        "10 Å",
        "5 Å – 6 Å",
        "Å…",
        "Å–B",
        "5 Å »",
        "CHÂ…",
        "PÂ’",
        "ÆTHER",
        "Æ’",
        "Â‰",
        "ÂGE",
        "ÂME",
    ),
    *(
        "ÂNE",
        "Âge",
        "âme",
        "pâte",
        "château…",
        "PÂTÉ»",
        "«PÂTÉ»",
        "GÂTEAU…",
        "bâti…»",
        "Ä…",
        "TROPHÄ“",
        "Ä–Ö",
        "Ä »",
    ),
    *(
        "CAFÉ»",
        "«ÉTÉ»",
        "l’été…»",
        "PRÉ–",
        "NOËL…",
        "Ë†",
        "ÎLE…»",
        "VALLÉE™",
        "DÉJÀ…",
        "Ì",
        "Ð",
        "€",
        "£",
        "¤",
    ),
    *(
        "«Ã» „Å“ “Â” « Ã »",
        "RÉF. Ã",
        "CÃ",
        "Ã",
        "áéíóú",
        "Łódź",
        "Čapek",
        "İstanbul",
        "Ελλάδα",
        "Москва",
        "日本",
        "🏠 Neuf",
        "é",
    ),
    *("", " ", "abc", "\n", "\\", "'", '"', "%", "{}", "\\1", "$1"),
)

#: Outside both languages: names of customers from elsewhere, pictures, decomposed accents of other systems.
FOREIGN = (
    *(
        "Łódź",
        "Wrocław",
        "Čapek",
        "Dvořák",
        "Şahin",
        "Yıldız",
        "İstanbul",
        "Erdoğan",
        "Kovács Győző",
        "Popović",
    ),
    *(
        "Ελλάδα",
        "Москва",
        "日本",
        "Villa 🏠",
        "Cha\u0302teau",
        "Planifie\u0301e",
        "≤ 5 mm",
        "→ atelier",
        "Ω",
        "Δ 5",
    ),
)

CLEAN = (*STATUSES, *FRENCH, *GERMAN)
LENGTHS = (15, 50)

CP1252 = {
    byte: bytes((byte,)).decode("cp1252")
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


def as_latin1(text: str) -> str:
    """Give what a program makes of UTF-8 that it reads as latin-1."""
    return text.encode().decode("latin-1")


def as_cp1252(text: str) -> str:
    """Give what a program makes of UTF-8 that it reads as cp1252; undefined bytes it reads as latin-1."""
    return as_latin1(text).translate(CP1252)


#: Words of the office, and how they look once they went between DOS and Windows without being translated.
DOS = {
    "Planifi\u201ae": "Planifiée",
    "PLANIFI\u0090E": "PLANIFIÉE",
    "Planifi\u0082e": "Planifiée",
    "cde planifi\u201ae, termin\u201a": "cde planifiée, terminé",
    "R\u201agl\u201a": "Réglé",
    "cr\u201a\u201ae": "créée",
    "re\u2021u": "reçu",
    "contr\u201cle": "contrôle",
    "L\u201euft": "Läuft",
    "zur\u0081ck": "zurück",
    "mod\u0160le": "modèle",
    "PlanifiÚe": "Planifiée",
    "fenÛtre": "fenêtre",
    "Planifi├®e": "Planifiée",
    "PLANIFI├ëE": "PLANIFIÉE",
    "pr├¬t ├á livrer": "prêt à livrer",
}

READINGS = {"latin-1": as_latin1, "cp1252": as_cp1252}


def misread_once(text: str) -> set[str]:
    """Give a text as either encoding shows it."""
    return {read(text) for read in READINGS.values()}


def misread_twice(text: str) -> set[str]:
    """Give a text as two programs in a row show it, in any pair of encodings."""
    return {READINGS[second](READINGS[first](text)) for first, second in product(READINGS, repeat=2)}


def misread(text: str) -> set[str]:
    """Give all of a text's misreadings, once and twice over."""
    return misread_once(text) | misread_twice(text)


def cut(text: str) -> Iterator[str]:
    """Give a text as columns of a database hold it that are too short for it."""
    for length in LENGTHS:
        if len(text) > length:
            yield text[:length]
