"""Words of the documentation's pages, in French and English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from atelier_api.labels import Language

_WORDS: Final = """
nav.language | Langue | Language
nav.skip | Aller au contenu | Skip to content
nav.contents | Sur cette page | On this page
nav.index | Documentation | Documentation
nav.dashboard | Tableau de bord | Dashboard
index.title | Documentation | Documentation
index.lead | Ce que disent les chiffres, d'où ils viennent, et que faire quand quelque chose échoue. | What the figures say, where they come from, and what to do when something fails.
index.made | Faite le {moment} par <code>make docs</code>. | Made on {moment} by <code>make docs</code>.
index.in_english | en anglais | in English
index.in_french | en français | in French
group.data | Les données | The data
group.serving | Servir les données | Serving the data
group.running | Exploitation | Running it
group.figures | Mesures | Figures
group.decisions | Décisions et changements | Decisions and changes
group.more | Autres pages | More pages
data/index.html | Tables et colonnes | Tables and columns
data/index.html.note | Chaque table, chaque colonne, son sens et ses tests (dbt) | Each table and column, its meaning and its tests (dbt)
lineage/index.html | De colonne en colonne | From column to column
lineage/index.html.note | D'où vient une colonne et où elle va (dbt-colibri) | Where a column comes from and where it goes (dbt-colibri)
docs/glossary.md | Glossaire | Glossary
docs/glossary.md.note | Du mot de l'ERP au mot du modèle | From the word of the ERP to the word of the model
docs/gdpr/register.md | Registre RGPD | GDPR register
docs/gdpr/register.md.note | Quelles données personnelles, pourquoi, combien de temps | Which personal data, why, and for how long
docs/text-repair.md | Réparation des accents | Repair of accents
docs/text-repair.md.note | Comment un texte encodé deux fois est réparé | How text that was encoded twice is repaired
api/index.html | Référence de l'API | API reference
api/index.html.note | Chaque adresse, ses paramètres, ses réponses | Each address, its parameters, its answers
docs/api.md | L'API, mode d'emploi | Using the API
docs/api.md.note | Se connecter, lire, paginer, exporter | Log in, read, turn pages, export
docs/planner-files.md | Les fichiers du planificateur | The planner's files
docs/planner-files.md.note | Statuts, heures, fermetures, limites : comment les modifier avec Excel | Statuses, hours, closures, limits: how to edit them with Excel
docs/alerts.md | Les alertes | Alerts
docs/alerts.md.note | Ce qui est signalé, à qui, et que faire | What is told, to whom, and what to do
docs/dashboard.md | Le tableau de bord | The dashboard
docs/dashboard.md.note | Ses pages, ce qui demande attention, l'écran mural | Its pages, what needs attention, the wall screen
README.md | Présentation et commandes | Overview and commands
README.md.note | Commandes, variables, tables, rôles | Commands, variables, tables, roles
docs/install.md | Installer | Installing
docs/install.md.note | Compose, systemd, cron ; pare-feu, certificats, mise à jour | Compose, systemd, cron; firewall, certificates, upgrade
failures | Quand quelque chose échoue | When something fails
failures.note | Ce que dit la dernière ligne, et que faire | What the last line says, and what to do
docs/backup.md | Sauvegarde | Backup
docs/backup.md.note | Quoi, où, quand ; restauration, mises à jour | What, where, when; restoring, upgrades
docs/runbooks/README.md | Procédures | Runbooks
docs/runbooks/README.md.note | Une procédure par panne | One for each thing that goes wrong
SECURITY.md | Sécurité | Security
SECURITY.md.note | Menaces, mesures, liste de contrôle pour l'informatique | Threats, measures, a checklist for the IT
extract/ERP_INDEXES.md | Index pour l'ERP | Indexes for the ERP
extract/ERP_INDEXES.md.note | Index conseillés, avec plans, temps et coûts | Advice with plans, times and costs
docs/performance.md | Performance | Performance
docs/performance.md.note | Débits et temps de réponse mesurés | Throughput and response times as measured
docs/reliability.md | Fiabilité | Reliability
docs/reliability.md.note | Pannes provoquées, et ce qui en reste | Faults brought about, and what is left of them
docs/adr/README.md | Décisions d'architecture | Architecture decisions
docs/adr/README.md.note | Pourquoi c'est fait ainsi | Why it is so
CHANGELOG.md | Changements | Changes
CHANGELOG.md.note | Ce que remarquent ceux qui utilisent les données | What users of the data will notice
"""  # noqa: E501 # a label is one line, so that both languages are read side by side

WORDS: Final[dict[Language, dict[str, str]]] = {"fr": {}, "en": {}}
for _line in _WORDS.strip().splitlines():
    _key, _french, _english = (part.strip() for part in _line.split(" | "))
    WORDS["fr"][_key] = _french
    WORDS["en"][_key] = _english
