"""Headings of columns."""

from __future__ import annotations

from typing import Final

_WORDS: Final = """
accessory_code | Code accessoire | Accessory code
accessory_count | Accessoires | Accessories
accessory_kind | Genre d'accessoire | Kind of accessory
accessory_quantity | Quantité d'accessoires | Quantity of accessories
action | Action | Action
actor | Auteur | Actor
address | Adresse | Address
alert_id | Alerte | Alert
audit_id | N° d'entrée | Entry no.
blank_count | Lignes vides | Blank lines
box_code | Code coffre | Box code
byte_offset | Octet | Byte
bytes_read | Octets lus | Bytes read
colour | Couleur | Colour
column_name | Colonne | Column
complete_until | Complet jusqu'à | Complete until
count | Nombre | Count
created_at | Créé à | Created at
created_by | Créé par | Created by
customer_key | Client (pseudonyme) | Customer (pseudonym)
cycle_seconds | Temps de cycle (s) | Cycle time (s)
data_problem_id | Valeur | Value
day_count | Jours | Days
deliver_on | Livraison le | Delivery on
description | Description | Description
details | Détails | Details
due_at | Prévue à | Due at
duration_seconds | Durée (s) | Duration (s)
ended_at | Fin | End
entered_on | Saisie le | Entered on
event_count | Événements | Events
event_id | Événement | Event
event_number | N° d'événement | Event no.
expires_at | Expire à | Expires at
extension | Extension | Extension
file_count | Fichiers | Files
file_path | Fichier | File
first_event_at | Premier événement | First event
first_machine_start_at | Première reprise | First start
first_piece_at | Première pièce | First piece
first_production_date | Première journée | First day
first_seen_at | Vu la première fois | First seen
folder | Dossier | Folder
has_open_status | Statut à planifier | Open status
has_password | A un mot de passe | Has a password
has_planned_note | Notée planifiée | Noted as planned
has_shutter_accessory | Accessoire de volet | Shutter accessory
incomplete_file_count | Fichiers incomplets | Incomplete files
is_active | Actif | Active
is_complete | Complet | Complete
is_current | Version actuelle | Current version
is_open | En cours | Open
is_selected | Dans la liste | In the list
is_start_known | Début connu | Start known
is_status_known | Statut connu | Status known
is_stock_managed | Géré en stock | Stock-managed
iso_week | Semaine | Week
job | Tâche | Job
job_count | Travaux | Jobs
job_id | Travail | Job
job_name | Affaire | Job name
job_number | N° de travail | Job no.
kennung | Kennung | Kennung
key_id | Clé | Key
kind | Genre | Kind
kind_label | Genre (libellé) | Kind (label)
last_event_at | Dernier événement | Last event
last_line_at | Dernière ligne | Last line
last_machine_id | Dernière machine | Last machine
last_machine_stop_at | Dernier arrêt | Last stop
last_piece_at | Dernière pièce | Last piece
last_production_date | Dernière journée | Last day
last_seen_at | Vu la dernière fois | Last seen
last_used_at | Dernier usage | Last used
length_mm | Longueur (mm) | Length (mm)
line_count | Lignes | Lines
line_number | Ligne | Line
lines_rejected | Lignes rejetées | Rejected lines
loaded_at | Chargé à | Loaded at
log_file_id | Version de fichier | File version
longest_at | Plus longue à | Longest at
longest_seconds | Plus longue (s) | Longest (s)
longest_session_id | Session de la plus longue | Session of the longest
loss_rate | Part de l'amplitude | Share of the span
machine_count | Machines | Machines
machine_id | Machine | Machine
machine_name | Nom de la machine | Machine name
machine_state_id | Période | Stretch
material | Matériau | Material
message | Message | Message
modified_at | Modifié à | Modified at
name | Nom | Name
occupancy_rate | Taux d'occupation | Occupancy rate
occurred_at | Instant | Instant
order_id | Identifiant de commande | Order id
order_number | N° de commande | Order no.
order_type | Type de commande | Order type
outcome | Issue | Outcome
outcome_label | Issue (libellé) | Outcome (label)
path | Chemin | Path
piece_count | Pièces | Pieces
piece_id | Pièce | Piece
piece_number | N° de pièce | Piece no.
pieces_per_productive_hour | Pièces par heure productive | Pieces per productive hour
planned_at | Planifiée à | Planned at
planned_on | Planifiée le | Planned on
position | Position | Position
price_eur | Prix HT (€) | Price before tax (€)
problem_id | Problème | Problem
produced_at | Terminée à | Finished at
produced_count | Pièces terminées | Pieces finished
production_date | Journée de production | Production day
productive_seconds | Production (s) | Productive (s)
profile_reference | Référence de profil | Profile reference
quantity | Quantité | Quantity
read_at | Lu à | Read at
read_problem | Problème de lecture | Reading problem
reason | Raison | Reason
reason_label | Raison (libellé) | Reason (label)
rejected_count | Lignes rejetées | Rejected lines
rejected_line_count | Lignes rejetées | Rejected lines
rejected_line_rate | Taux de rejet | Rejection rate
request_id | Requête | Request
times | Nombre de fois | Times
resolved_at | Résolu à | Resolved at
revoked_at | Révoqué à | Revoked at
role | Rôle | Role
role_label | Rôle (libellé) | Role (label)
row_key | Clé de la ligne | Key of the row
rows_loaded | Lignes chargées | Rows loaded
run_id | Exécution | Run
schedule | Programmation | Schedule
scopes | Droits | Scopes
session_id | Session | Session
severity | Gravité | Severity
severity_label | Gravité (libellé) | Severity (label)
silent_seconds | Silence (s) | Silent (s)
since | Depuis | Since
size_bytes | Taille (octets) | Size (bytes)
source | Source | Source
source_label | Source (libellé) | Source (label)
span_seconds | Amplitude (s) | Span (s)
started_at | Début | Start
state | État | State
state_label | État (libellé) | State (label)
state_number | N° de période | Stretch no.
state_since | État depuis | State since
status | Statut | Status
status_from | Statut depuis | Status from
status_name | Statut (nom) | Status (name)
status_number | N° de statut | Status no.
status_to | Statut jusqu'à | Status until
stop_count | Arrêts | Stops
stop_rate | Taux d'arrêt | Stop rate
stopped_seconds | Arrêt (s) | Stopped (s)
subject | Objet | Subject
table_name | Table | Table
target | Cible | Target
title | Alerte | Alert
user_id | Utilisateur | User
username | Nom d'utilisateur | User name
wait_count | Attentes | Waits
waiting_rate | Taux d'attente | Waiting rate
waiting_seconds | Attente (s) | Waiting (s)
week_starts_on | Lundi | Monday
what_to_do | Que faire | What to do
window_unit_count | Unités de fenêtre | Window units
znr | N° (znr) | No. (znr)
"""


def _read(words: str) -> dict[str, dict[str, str]]:
    lines = (line.split(" | ") for line in words.strip().splitlines())
    return {name: {"fr": french, "en": english} for name, french, english in lines}


COLUMNS: Final = _read(_WORDS)
