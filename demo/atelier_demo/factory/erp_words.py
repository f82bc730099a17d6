"""What people type into the ERP, in every spelling seen, and look-alikes that mean something else."""

from __future__ import annotations

CP1252_ONLY = {
    byte: bytes((byte,)).decode("cp1252")
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


def mojibake(text: str) -> str:
    """Give what UTF-8 bytes look like when a program reads them as cp1252 and stores that again.

    Bytes that cp1252 leaves undefined are read as latin-1, as MySQL's `latin1` does.
    """
    return text.encode().decode("latin-1").translate(CP1252_ONLY)


OPEN_STATUSES = (
    *("Planifiée", "Planifiee", mojibake("Planifiée"), "PLANIFIÉE", mojibake("PLANIFIÉE")),
    *("planifiée", "PLANIFIEE", "lancer en prod", "Lancer en prod", "LANCER EN PROD"),
    *("vitrage", "Vitrage", "VITRAGE"),
)
CLOSED_STATUSES = (
    *("Terminée", "Terminee", mojibake("Terminée"), "TERMINÉE", mojibake("TERMINÉE")),
    *("En production", "EN PRODUCTION", "En attente", "en attente", "A planifier", "", None),
)

PLANNED_NOTES = (
    "cde planifiée",
    "Cde planifiée",
    "CDE PLANIFIÉE",
    "cde planifiee",
    "CDE PLANIFIEE",
    mojibake("cde planifiée"),
    mojibake("CDE PLANIFIÉE"),
    "CDE PLANIFIÉE".encode().decode("latin-1"),
    "Bonjour,\nla cde planifiée pour la semaine 23;\tmerci de confirmer",
    'Vu avec l\'atelier: "cde planifiée" (voir C:\\plan\\S24)',
    f"S12 - {mojibake('Cde Planifiée')} - accès étroit",
    "Accord du client reçu.\r\nCDE PLANIFIEE S31 ; livraison à suivre",
)
OTHER_NOTES = (
    "cde à planifier",
    "cde non planifiée",
    "commande planifiée",
    "livraison planifiée",
    "PLANIFIÉE",
    mojibake("cde déplanifiée"),
    "Relance client; attente de l'acompte",
    "Mesures prises\nl'accès est difficile\t(2e étage)",
    'Teinte "7016" confirmée \\ devis n°12',
    "",
    None,
)
JOURNAL_CODES = (
    ("SAI", "Saisie de la commande"),
    ("MOD", "Modification"),
    ("IMP", "Impression"),
    ("TEL", "Appel téléphonique"),
    ("PLA", "Planification"),
)

SHUTTER_CODES = (
    *("VR100", "VR 45", "VRE-200", "vr120", "Vr39", "SOP25", "SOP XL", "sop30", "SOP"),
    *("S P 456", "S P456", "s p 120", "S D 300", "s d 12", "S Q 210", "S T 18", "S t 20"),
    *("S TAB 4", "s tab 12", "S TN 7", "S TN 365"),
)
DECOY_CODES = (
    *("S PLAT", "STORE", "SOLIN", "AVR1", "SVR2", "S DORMANT", "S QUINC", "S TOLE", "TAPEE60"),
    *("APPUI", "MOUST", "BV100", "GRILLE", "store", "PVR", "", None),
)
ACCESSORY_TEXTS = (
    "Volet roulant monobloc",
    "Coffre demi-linteau éléctrique",
    mojibake("Manœuvre à sangle côté droit"),
    mojibake("Tablier aluminium isolé"),
    'Coulisses 55 mm "PVC"',
    None,
)
QUANTITIES = (1, 1, 1, 2, 2, 4, 2.5, 0.5, 1.2)

SHUTTER_EVENTS = ("VR", "VR1", "VR02", "AVR1", "STVR3")
OTHER_EVENTS = ("10", "20", "30", "FAB", "LIV", "V1", "STOCK")

JOBS = ("Résidence Les Érables", "Villa Müller", "Mairie d'Erstein", "SCI L'Œillet", "École Pasteur")
BUILDINGS = ("Neuf 🏠", "Rénovation 🪟 bât. B", "Extension", "Réhabilitation; tranche 2", None)
CUSTOMERS = ("Menuiserie Kœnig", "Bâti-Est SARL", "M. et Mme Lefèvre", "Hauser & Söhne", "Fenêtres d'Alsace")
TOWNS = (("67150", "Erstein"), ("68000", "Colmar"), ("67600", "Sélestat"), ("88100", "Saint-Dié-des-Vosges"))
USERS = ("jdupont", "MHELENE", "s.weber", "atelier1", None)
TECHNICIANS = ("Didier W.", "Hélène M.", "K. Schäfer", "", None)
ARTICLES = ("FEN1V", "FEN2V", "PF2V", "CHASSIS", "COUL-2R", "P-ENT")

WINDOW_COUNTS = ("1", "2", "3", "5", "8", "12", "", "xx", "3 pcs", "1O", "deux", None)
BAD_DATES = ("", "xx", "2022-02-31", "0000-00-00", "31/12/2024", None)

ZERO_DATE = "0000-00-00 00:00:00"
