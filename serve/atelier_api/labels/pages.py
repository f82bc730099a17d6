"""Words of the pages, in French and English. The states, sources and roles are those of the API (`values`).

A value stands in braces. A key that ends in `.one` or `.other` is chosen by the number `n`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from atelier_api.labels.values import VALUES

if TYPE_CHECKING:
    from atelier_api.labels import Language

_WORDS: Final = """
brand.claim | La journée de production, machine par machine, sans attendre le rapport. | The day's production, machine by machine, without waiting for the report.
nav.label | Pages | Pages
nav.today | Aujourd'hui | Today
nav.machine | Machine-jour | Machine day
nav.week | Semaine | Week
nav.orders | Commandes | Orders
nav.quality | Qualité des données | Data quality
nav.today_short | Aujourd'hui | Today
nav.machine_short | Machine | Machine
nav.week_short | Semaine | Week
nav.orders_short | Commandes | Orders
nav.quality_short | Qualité | Quality
nav.account | Mon compte | My account
nav.docs | Documentation | Documentation
nav.skip | Aller au contenu | Skip to content
nav.language | Langue | Language

login.title | Connexion | Log in
login.username | Identifiant | User name
login.password | Mot de passe | Password
login.submit | Se connecter | Log in
login.help | Pas encore de compte ? Demandez-en un à l'administrateur d'Atelier. | No account yet? Ask Atelier's administrator for one.
login.out | Se déconnecter | Log out
setup.title | Premier accès | First access
setup.intro_setup | Ce lien ne sert qu'une fois. Choisissez l'identifiant et le mot de passe de l'administrateur. | This link works once. Choose the administrator's user name and password.
setup.intro_password | Ce lien ne sert qu'une fois. Choisissez votre mot de passe. | This link works once. Choose your password.
setup.intro_login | Ce lien ne sert qu'une fois : il vous connecte sans mot de passe. | This link works once: it logs you in without a password.
setup.submit_setup | Créer le compte | Create the account
setup.submit_password | Enregistrer le mot de passe | Save the password
setup.submit_login | Se connecter | Log in
setup.rule | Au moins 12 caractères. Une phrase de quatre mots convient très bien. | At least 12 characters. A phrase of four words does very well.
setup.invalid | Ce lien a déjà servi ou a expiré | This link was used or has expired
setup.invalid_advice | Un lien ne sert qu'une fois et expire au bout d'une heure. Demandez-en un nouveau à l'administrateur : atelier-api setup-link. | A link works once and for one hour. Ask the administrator for a new one: atelier-api setup-link.
problem.wrong-credentials | Identifiant ou mot de passe incorrect. Vérifiez la saisie, puis réessayez. | User name or password is wrong. Check what you typed, then try again.
problem.weak-password | Ce mot de passe est trop simple : 12 caractères au moins, sans l'identifiant. | This password is too simple: at least 12 characters, without the user name.
problem.bad-username | L'identifiant prend des lettres, des chiffres et . _ @ -, 64 au plus, et commence par une lettre ou un chiffre. | A user name has letters, digits and . _ @ -, 64 at most, and begins with a letter or digit.
problem.csrf | La page est restée ouverte trop longtemps. Saisissez de nouveau vos identifiants. | The page was open for too long. Fill in the form again.
problem.wait | Trop d'essais. Réessayez dans {seconds} secondes. | Too many attempts. Try again in {seconds} seconds.
account.title | Mon compte | My account
account.change | Changer de mot de passe | Change the password
account.current | Mot de passe actuel | Current password
account.new | Nouveau mot de passe | New password
account.submit | Changer le mot de passe | Change the password
account.changed | Le mot de passe est changé. Les autres sessions sont fermées. | The password is changed. Other sessions are closed.
account.differ | Les deux mots de passe ne sont pas les mêmes. | The two passwords are not the same.
account.again | Nouveau mot de passe, encore une fois | New password once more
account.wrong | Le mot de passe actuel est incorrect. | The current password is wrong.
nodocs.title | La documentation n'est pas encore faite | The documentation has not been made yet
nodocs.advice | Dans le dossier d'Atelier, lancer cette commande, puis recharger la page : | In Atelier's folder, run this command, then load the page again:
nodocs.server | Sur un serveur, avec ses propres variables : | On a server, with its own variables:
missing.title | Page introuvable | Page not found
missing.advice | Rien ne se trouve à cette adresse. Elle a peut-être été mal recopiée. | There is nothing at this address. It may have been copied wrongly.

notice.loading | Chargement… | Loading…
notice.loaded | Page chargée | Page loaded
notice.script | Cette page a besoin de JavaScript : activez-le dans le navigateur. | This page needs JavaScript: switch it on in the browser.
error.title | Les données n'ont pas pu être affichées | The data could not be shown
error.unreachable | Le serveur ne répond pas. Vérifiez la connexion au réseau, puis réessayez. | The server does not answer. Check the network, then try again.
error.session | La session est terminée. Reconnectez-vous. | The session has ended. Log in again.
error.forbidden | Votre rôle ne permet pas de voir ces données. Demandez l'accès à l'administrateur. | Your role may not see these data. Ask the administrator for access.
error.missing | Ces données n'existent pas, ou plus. Revenez à la page précédente. | These data do not exist, or not any more. Go back to the page before.
error.busy | Trop de demandes. Réessayez dans {seconds} s. | Too many requests. Try again in {seconds} s.
error.marts | Les tables ne sont pas encore construites. Laissez finir « meltano run elt », puis réessayez. | The tables are not built yet. Let `meltano run elt` end, then try again.
error.server | Le serveur n'a pas pu répondre. Réessayez dans une minute ; si l'erreur revient, prévenez l'administrateur. | The server could not answer. Try again in a minute; if it comes back, tell the administrator.
error.page | La page a rencontré une erreur. Rechargez-la ; si l'erreur revient, prévenez l'administrateur. | The page ran into an error. Reload it; if it comes back, tell the administrator.
error.request | Numéro de la demande : {id} | Request id: {id}

action.print | Imprimer | Print
action.wall | Écran mural | Wall screen
action.retry | Réessayer | Try again
action.close | Fermer | Close
action.xlsx | Excel | Excel
action.csv | CSV | CSV
action.to_today | Revenir à Aujourd'hui | Back to today
filter.all | Tous | All
filter.clear | Effacer les filtres | Clear filters
table.more | Afficher la suite | Show more
table.shown.one | {n} ligne | {n} row
table.shown.other | {n} lignes | {n} rows
table.shown_so_far | {n} lignes affichées, il y en a d'autres | {n} rows shown, there are more
table.sort_by | Trier par {column} | Sort by {column}
chart.as_table | Voir les valeurs en tableau | Show the values as a table
print.line | Atelier · imprimé le {moment} · {address} | Atelier · printed {moment} · {address}

freshness.until | Complet jusqu'à | Complete until
freshness.lost | Le serveur ne répond pas, derniers chiffres connus | The server does not answer, last figures known
freshness.never | Aucune donnée chargée | No data loaded yet
state.silent | Silencieuse | Silent
state.over | Journée finie | Day over

unit.points | {value} pts | {value} pts
unit.days.one | {n} jour | {n} day
unit.days.other | {n} jours | {n} days
unit.hour | {hour} h | {hour}:00
unit.hours | {value} h | {value} h
unit.mm | {value} mm | {value} mm
unit.bytes | {value} o | {value} B
unit.kilobytes | {value} ko | {value} kB
unit.megabytes | {value} Mo | {value} MB
unit.gigabytes | {value} Go | {value} GB
unit.week_short | S{week} | W{week}
unit.week_before | ≤ S{week} | ≤ W{week}
unit.pieces.one | {n} pièce | {n} piece
unit.pieces.other | {n} pièces | {n} pieces

kpi.occupancy_rate | Occupation | Occupancy
kpi.waiting_rate | Attente | Waiting
kpi.stop_rate | Arrêt | Stopped
kpi.piece_count | Pièces | Pieces
kpi.pieces_per_productive_hour | Pièces par heure productive | Pieces per productive hour
kpi.span_seconds | Amplitude | Span

column.machine | Machine | Machine
column.state | État | State
column.from | De | From
column.to | À | To
column.duration | Durée | Duration
column.share | Part | Share
column.hour | Heure | Hour
column.hours_of | {state}, durée | {state}, time
column.count | Nombre | Count
column.longest | Plus longue | Longest
column.cumulated | Cumul | Cumulated
column.date | Date | Date
column.day | Journée | Day
column.week | Semaine | Week
column.start | Début | Start
column.time | Heure | Time
column.number | N° | No.
column.order | Commande | Order
column.cycle | Cycle | Cycle
column.details | Détails | Details
column.profile | Profil | Profile
column.length | Longueur | Length
column.colour | Teinte | Colour
column.pieces | Pièces | Pieces
column.per_hour | Pièces/h | Pieces/h
column.job_name | Affaire | Job
column.status | Statut | Status
column.planned_on | Planifiée le | Planned on
column.entered_on | Saisie le | Entered on
column.deliver_on | Livraison | Delivery
column.box_code | Coffre | Box
column.quantity | Quantité | Quantity
column.stock | Stock | Stock
column.progress | Avancement | Progress
column.price | Prix HT | Price before tax
column.windows | Unités de fenêtre | Window units
column.position | Position | Position
column.code | Code | Code
column.description | Désignation | Description
column.severity | Gravité | Severity
column.alert | Alerte | Alert
column.subject | Où | Where
column.what_to_do | Que faire | What to do
column.job | Tâche | Job
column.schedule | Programmation | Schedule
column.outcome | Issue | Outcome
column.message | Message | Message
column.table | Table | Table
column.column | Colonne | Column
column.row | Clé de la ligne | Key of the row
column.rows | Lignes chargées | Rows loaded
column.path | Fichier | File
column.problem | Problème | Problem
column.since | Depuis | Since
column.size | Taille | Size
column.lines | Lignes | Lines
column.rejected | Rejetées | Rejected
column.read_at | Lu | Read
column.file_state | État | State
column.line | Ligne | Line
column.byte | Octet | Byte
column.event | Événement | Event

today.title | Aujourd'hui | Today
today.subtitle | La journée en cours, telle que les machines l'ont écrite | The day so far, as the machines wrote it
today.subtitle_past | Dernière journée de production reçue | The last production day received
today.week | Semaine | Week
today.board | Machines | Machines
today.pieces | Pièces | Pieces
today.pieces_usual | {value} par jour, sur 4 semaines | {value} a day, over 4 weeks
today.occupancy | Occupation | Occupancy
today.against_usual | {difference} sur 4 semaines | {difference} on 4 weeks
today.speed | Pièces par heure productive | Pieces per productive hour
today.speed_usual | {value} sur 4 semaines | {value} over 4 weeks
today.running | En production | Producing
today.of | {part} sur {whole} | {part} of {whole}
today.running_note | dernier état connu | last known state
today.urgent.one | dont {n} urgent | {n} of them urgent
today.urgent.other | dont {n} urgents | {n} of them urgent
today.nothing_urgent | rien d'urgent | nothing urgent
today.since | depuis {moment} | since {moment}
today.last_state | dernier état : {state} | last state: {state}
today.ago | il y a {duration} | {duration} ago
today.usual | habituel {value} | usually {value}
today.no_usual | pas encore d'habitude | nothing usual yet
today.last_line | Dernière ligne | Last line
today.lanes | La journée des machines | The machines' day
today.hours | Pièces par heure | Pieces per hour
today.empty | Aucune journée de production n'est encore chargée | No production day is loaded yet
today.empty_advice | Lancez « meltano run elt » ; les machines paraîtront ici dès leur premier fichier lu. | Run `meltano run elt`; the machines appear here once their first file is read.
lanes.summary | États de {n} machines au fil de la journée : {machines}. Les valeurs sont dans le tableau qui suit. | States of {n} machines through the day: {machines}. The values are in the table that follows.
hours.summary | {n} pièces réparties par heure et par machine. Les valeurs sont dans le tableau qui suit. | {n} pieces by hour and machine. The values are in the table that follows.

attention.title | À surveiller | Needs attention
attention.none | Rien à signaler. | All is well.
attention.none_detail | Les machines écrivent, les sources sont à jour. | The machines write, the sources are up to date.
attention.all_silent | Aucune machine n'écrit depuis {duration} | No machine has written for {duration}
attention.all_silent_advice | Atelier fermé, ou journaux qui n'arrivent plus : voir la qualité des données. | The plant is closed, or its logs do not arrive: see data quality.
attention.stopped | {machine} est arrêtée depuis {duration} | {machine} has been stopped for {duration}
attention.stopped_advice | Aller voir la machine ; ses arrêts du jour sont ici. | Go and see; its stops of the day are here.
attention.silent | {machine} n'écrit plus depuis {duration} | {machine} has not written for {duration}
attention.silent_advice | Machine éteinte, ou liaison coupée. | The machine is off, or its link is cut.
attention.waiting | {machine} attend depuis {duration} | {machine} has been waiting for {duration}
attention.waiting_advice | Une attente aussi longue n'est pas le rythme de la machine. | So long a wait is not the machine's rhythm.
attention.low | {machine} : occupation {now}, habituelle {usual} | {machine}: occupancy {now}, usually {usual}
attention.low_advice | Les attentes et arrêts les plus longs sont sur sa journée. | Its longest waits and stops are on its day.
attention.rejected.one | {machine} : {n} ligne rejetée | {machine}: {n} line rejected
attention.rejected.other | {machine} : {n} lignes rejetées | {machine}: {n} lines rejected
attention.rejected_advice | Ces lignes ne comptent dans aucun chiffre. | These lines count in no figure.
attention.problems.one | {n} fichier ou dossier illisible | {n} file or folder cannot be read
attention.problems.other | {n} fichiers ou dossiers illisibles | {n} files or folders cannot be read
attention.problems_advice | La raison est dite pour chacun. | The reason is given for each.
attention.alert | {what} : {subject} | {what}: {subject}
attention.alert_advice | {details} | {details}
attention.late | {source} : dernière lecture {moment} | {source}: last read {moment}
attention.late_advice | Un passage prévu n'a pas eu lieu ou a échoué. | A run that was due did not happen or failed.

machine.title | {machine} · {day} | {machine} · {day}
machine.previous | Jour précédent | Day before
machine.next | Jour suivant | Day after
machine.losses | Attentes et arrêts, du plus long au plus court | Waits and stops, the longest first
machine.losses_note | dans l'amplitude | within the span
machine.losses_shown | Les {n} plus longs sur {of} | The {n} longest of {of}
machine.no_losses | Ni attente ni arrêt | Neither wait nor stop
machine.no_losses_advice | La machine a produit de la première à la dernière pièce. | The machine produced from the first piece to the last.
machine.jobs | Travaux | Jobs
machine.jobs_count.one | {n} travail | {n} job
machine.jobs_count.other | {n} travaux | {n} jobs
machine.no_jobs | Aucun travail annoncé | No job announced
machine.no_jobs_advice | La machine n'a écrit aucun « JobProfiel » ce jour-là. | The machine wrote no `JobProfiel` that day.
machine.pieces | Pièces | Pieces
machine.no_pieces | Aucune pièce | No piece
machine.no_pieces_advice | Sans pièce il n'y a ni amplitude ni taux. | Without a piece there is no span and no rate.
machine.pieces_shown | {n} affichées sur {of} | {n} shown of {of}
machine.no_session | Pas de production | No production
machine.empty | {machine} n'a rien écrit le {day} | {machine} wrote nothing on {day}
machine.empty_advice | Jour chômé, ou fichier pas encore lu. Choisissez un autre jour, ou voyez la qualité des données. | A day off, or a file not read yet. Choose another day, or see data quality.
machine.unknown | La machine {machine} n'existe pas | There is no machine {machine}
machine.unknown_advice | L'adresse a peut-être été mal recopiée. Les machines sont sur la page Aujourd'hui. | The address may have been copied wrongly. The machines are on the page Today.
machine.to_last | Dernière journée : {day} | Last day: {day}
day.title | Déroulé de la journée | The day as it went
day.note | Un point par pièce, à la hauteur de son temps de cycle | A dot for each piece, as high as its cycle time
day.cycle | Cycle (s) | Cycle (s)
day.states | États | States
day.jobs | Travaux | Jobs
day.piece | Pièce n° {number} | Piece no. {number}
day.cycle_of | cycle {duration} | cycle {duration}
day.no_profile | Profil inconnu | Unknown profile
day.empty | Rien à dessiner | Nothing to draw
day.empty_advice | La machine n'a fini aucune pièce : sans elles il n'y a pas d'amplitude. | The machine finished no piece: without them there is no span.
day.summary | {n} pièces et {states} périodes au fil de la journée. Les valeurs sont dans le tableau qui suit. | {n} pieces and {states} stretches through the day. The values are in the table that follows.

why.short | Pourquoi ce chiffre ? | Why this number?
why.of | Pourquoi ce chiffre : {figure} | Why this number: {figure}
why.title | {figure} de {machine} | {figure} of {machine}
why.formula | Calcul | Calculation
why.states | Les périodes | The stretches
why.states_note | De la plus longue à la plus courte | The longest first
why.events | Les lignes du journal | The lines of the log
why.events_note | Chaque événement pris en compte, et où il est écrit | Each event that counts, and where it is written
why.files | Les fichiers | The files
why.first_of | Les {n} premières sur {of} | The first {n} of {of}

week.heading | Semaine | Week
week.title | Semaine {week}, {year} | Week {week}, {year}
week.range | du {from} au {to} | {from} to {to}
week.previous | Semaine précédente | Week before
week.next | Semaine suivante | Week after
week.newest | Dernière semaine | Latest week
week.running | semaine en cours | week in progress
week.against | {difference} sur la semaine d'avant | {difference} on the week before
week.shares | Production, attente, arrêt | Production, waiting, stops
week.days | Occupation par jour | Occupancy by day
week.days_note | Un jour ouvre sa machine-jour | A day opens its machine day
week.pareto | Pertes : attentes et arrêts | Losses: waits and stops
week.pareto_note | Du plus lourd au plus léger, et leur cumul | Heaviest first, and their sum so far
week.trend | Occupation, semaine après semaine | Occupancy, week by week
week.trend_note | Un point ouvre sa semaine | A point opens its week
week.machines | Machines de la semaine | The week's machines
week.longest | Les plus longues pertes | The longest losses
week.longest_note | les {n} premières | the first {n}
week.no_session | Pas de production | No production
week.empty | Aucune machine n'a produit cette semaine-là | No machine produced in that week
week.empty_advice | Semaine fermée, ou fichiers pas encore lus. | The plant was closed, or its files are not read yet.
week.to_last | Aller à la dernière semaine | Go to the latest week
week.unknown | Semaine {week} | Week {week}
week.unknown_title | Cette semaine n'existe pas | There is no such week
week.unknown_advice | Une semaine s'écrit comme 2025-W22. | A week is written as 2025-W22.
shares.summary | {machine} : occupation {rate} | {machine}: occupancy {rate}
calendar.summary | Occupation par jour de {machines}, {n} jours. Les valeurs sont dans le tableau qui suit. | Occupancy by day of {machines}, {n} days. The values are in the table that follows.
pareto.summary | {n} sortes de pertes, {total} en tout ; la première est {first}. | {n} kinds of losses, {total} in all; the first is {first}.
pareto.count | {n} fois | {n} times
pareto.longest | la plus longue {duration} | the longest {duration}
pareto.cumulated | cumul {rate} | {rate} so far
trend.summary | Occupation sur {n} semaines de {machines}. Les valeurs sont dans le tableau qui suit. | Occupancy over {n} weeks of {machines}. The values are in the table that follows.

orders.title | Commandes de volets à planifier | Shutter orders to plan
orders.subtitle | {n} commandes, dont {begun} déjà commencées sur les machines | {n} orders, {begun} of them begun on the machines
orders.chart | Par semaine de planification | By week planned
orders.chart_note | Les plus anciennes sont réunies dans la première colonne | The oldest are gathered in the first column
orders.chart_summary | {n} commandes par semaine de planification et par statut. Les valeurs sont dans le tableau qui suit. | {n} orders by week planned and status. The values are in the table that follows.
orders.list | Liste | List
orders.search | Rechercher | Search
orders.search_hint | Numéro, affaire, coffre | Number, job, box
orders.stock | Géré en stock | Stock-managed
orders.planned_from | Planifiée du | Planned from
orders.planned_to | au | to
orders.undated | sans date | undated
orders.none | Aucune commande ne répond à ces filtres | No order fits these filters
orders.none_advice | Élargissez les dates, ou effacez les filtres. | Widen the dates, or clear the filters.
orders.export_note | L'export reprend les filtres et l'ordre du tableau. | The export keeps the filters and the order of the table.
orders.not_begun | pas commencée | not begun
orders.last_piece | {machine}, {moment} | {machine}, {moment}
orders.order | Commande {order} | Order {order}
orders.accessories | Accessoires de volet | Shutter accessories
orders.history | Statuts | Statuses
orders.now | maintenant | now

quality.title | Qualité des données | Data quality
quality.subtitle | Les {n} derniers jours : chaque ligne de chaque fichier est comptée | The last {n} days: every line of every file is accounted for
quality.until_ftplogs | Journaux complets jusqu'à | Logs complete until
quality.until_erp | ERP complet jusqu'à | ERP complete until
quality.loaded | lu il y a {duration} | read {duration} ago
quality.lines | Lignes lues | Lines read
quality.lines_note | événements + rejetées + vides | events + rejected + blank
quality.events | Événements | Events
quality.rejected | Rejetées | Rejected
quality.blank | Vides | Blank
quality.of_lines | {rate} des lignes | {rate} of the lines
quality.chart | Lignes rejetées par jour | Rejected lines by day
quality.chart_note | Un jour ouvre sa machine-jour | A day opens its machine day
quality.chart_summary | {n} lignes rejetées sur {days} jours. Les valeurs sont dans le tableau qui suit. | {n} lines rejected in {days} days. The values are in the table that follows.
quality.problems | Ce qui n'a pas pu être lu | What could not be read
quality.data_problems | Valeurs inutilisables | Unusable values
quality.no_data_problems | Toutes les valeurs sont utilisables | All values can be used
quality.no_data_problems_advice | Une valeur illisible ou trop grande apparaîtrait ici, avec sa table et sa ligne. | A value that is unreadable or too large would be listed here, with its table and row.
quality.no_problems | Tout a été lu | All was read
quality.no_problems_advice | Aucun fichier ni dossier du serveur FTP ne pose problème. | No file or folder of the FTP server is a problem.
quality.alerts | Alertes en cours | Open alerts
quality.no_alerts | Aucune alerte | No alert
quality.no_alerts_advice | Rien n'est en panne, en retard ou en échec. | Nothing is broken, late or failed.
quality.runs | Dernières exécutions | Last runs
quality.no_runs | Aucune exécution | No run
quality.no_runs_advice | Les exécutions apparaissent ici dès la première. | Runs are shown here from the first one on.
quality.by_hand | à la main | by hand
quality.files | Fichiers | Files
quality.day_from | Journée du | Day from
quality.day_to | au | to
quality.has_rejected | Avec des lignes rejetées | With rejected lines
quality.is_current | Version actuelle | Current version
quality.no_files | Aucun fichier ne répond à ces filtres | No file fits these filters
quality.no_files_advice | Élargissez les dates, ou effacez les filtres. | Widen the dates, or clear the filters.
quality.complete | complet | complete
quality.growing | en cours d'écriture | still growing
quality.replaced | remplacé par une version plus récente | replaced by a later version
quality.no_session | sans événement compté | no event counted
"""  # noqa: E501 # a label is one line, so that both languages are read side by side

_KINDS: Final = ("state", "source", "role", "boolean", "event_kind", "alert_kind")
_FRENCH_SPACES: Final = re.compile(r" (?=[:;?!»])|(?<=«) ")


def _set(text: str, language: Language) -> str:
    """Return a text with the apostrophes and, in French, the no-break spaces of printing."""
    text = text.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
    return _FRENCH_SPACES.sub("\N{NO-BREAK SPACE}", text) if language == "fr" else text


def _read(language: Language) -> dict[str, str]:
    column = 1 if language == "fr" else 2
    lines = (line.split(" | ") for line in _WORDS.splitlines() if line)
    words = {parts[0]: _set(parts[column], language) for parts in lines}
    codes = {f"{kind}.{code}": name[language] for kind in _KINDS for code, name in VALUES[kind].items()}
    return words | codes


PAGES: Final[dict[Language, dict[str, str]]] = {"fr": _read("fr"), "en": _read("en")}
