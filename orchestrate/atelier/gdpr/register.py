"""The Article 30 register, rendered from the tags of the dbt project's columns; needs no database."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from atelier.errors import AtelierError
from atelier.gdpr import labels
from atelier.seeds import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FOLDER: Final = Path("docs/gdpr")
RETENTION_SEED: Final = "retention_periods"

SCHEMAS: Final = ("raw_erp", "raw_ftplogs", "staging", "intermediate", "snapshots", "marts")
KEYS: Final = ("category", "purpose", "legal_basis", "retention")

CSV_HEADINGS: Final = (
    "schéma",
    "table",
    "colonne",
    "contenu",
    "traitement",
    "catégorie de données",
    "personnes concernées",
    "base légale",
    "durée de conservation (jours)",
    "à compter de",
    "à l'échéance",
)
PSEUDONYM: Final = "pseudonyme"
PLAIN: Final = "en clair"

HEADER: Final = """\
# Registre des activités de traitement

Article 30 du RGPD, sur le modèle de la CNIL. Page faite par `make gdpr-register` à partir des étiquettes
`personal_data` des colonnes du projet dbt ; la même liste, une ligne par colonne :
[register.csv](register.csv). Ne pas la modifier à la main.

Responsable du traitement : {controller}.
"""


@dataclass(frozen=True)
class TaggedColumn:
    """A column that holds or held personal data, or may."""

    schema: str
    table: str
    name: str
    category: str
    purpose: str
    legal_basis: str
    retention: str

    @property
    def is_pseudonym(self) -> bool:
        """Whether it holds no more than a pseudonym."""
        return labels.CATEGORIES[self.category].is_pseudonym


@dataclass(frozen=True)
class Retention:
    """A row of the seed `retention_periods`."""

    days: str
    counted_from: str
    action: str
    reason: str


def parse_project(root: Path) -> dict[str, Any]:
    """Return dbt's manifest of the project.

    Raises:
        AtelierError: dbt cannot read the project.
    """
    # Nothing is connected to; the profile asks for the variables all the same.
    unused = {f"POSTGRES_{name}": "unused" for name in ("HOST", "USER", "PASSWORD", "DB")}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                *(str(Path(sys.executable).parent / "atelier-dbt"), "parse", "--no-partial-parse"),
                *("--target-path", folder, "--log-path", folder),
            ],
            cwd=root / "transform",
            env={
                **os.environ,
                **unused,
                "POSTGRES_PORT": "5432",
                "DBT_PROFILES_DIR": str(root / "transform"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AtelierError(f"dbt cannot read the project transform/: {done.stdout.strip()[-2000:]}")
        manifest: dict[str, Any] = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def tagged_columns(manifest: Mapping[str, Any]) -> list[TaggedColumn]:
    """Return the columns that a tag says to hold personal data, in the order in which data flow.

    Raises:
        AtelierError: A tag is incomplete, or uses a word that `labels` does not have.
    """
    models = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "snapshot")]
    columns = [
        _tagged_column(node, column["name"], tag)
        for node in (*manifest["sources"].values(), *models)
        for column in node["columns"].values()
        for tag in _tags(column["config"]["meta"].get("personal_data"))
    ]
    # Stable: the columns of a table stay in the order of its description.
    return sorted(columns, key=lambda column: (SCHEMAS.index(column.schema), column.table))


def _tags(tag: object) -> list[dict[str, str]]:
    """Return what a column's tag says; a column that holds several kinds of data has a list of them."""
    tags = tag if isinstance(tag, list) else [tag]
    return [each for each in tags if isinstance(each, dict)]


def _tagged_column(node: Mapping[str, Any], name: str, tag: Mapping[str, str]) -> TaggedColumn:
    place = f"{node['schema']}.{node['name']}.{name}"
    if set(tag) != set(KEYS):
        raise AtelierError(f"the tag personal_data of {place} must have the keys {', '.join(KEYS)}")
    for key, known in (
        ("category", labels.CATEGORIES),
        ("purpose", labels.PURPOSES),
        ("legal_basis", labels.LEGAL_BASES),
    ):
        if tag[key] not in known:
            raise AtelierError(
                f"the tag personal_data of {place} has the {key} {tag[key]}, which "
                "orchestrate/atelier/gdpr/labels.py does not explain"
            )
    return TaggedColumn(node["schema"], node["name"], name, **tag)


def not_extracted(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the columns of the ERP that are left there, by table."""
    tables: dict[str, list[str]] = {}
    for source in manifest["sources"].values():
        tables.update(source["config"]["meta"].get("not_extracted", {}))
    return tables


def retentions(root: Path) -> dict[str, Retention]:
    """Return the periods of the seed by their keys.

    Raises:
        AtelierError: The seed cannot be read, or says what nobody explains.
    """
    periods = {
        row["retention_key"]: Retention(row["period_days"], row["counted_from"], row["action"], row["reason"])
        for row in reading.read_whole(root, RETENTION_SEED).entries()
    }
    for key, period in periods.items():
        if period.action not in labels.ACTIONS or period.counted_from not in labels.STARTING_POINTS:
            raise AtelierError(
                f"the row {key} of the seed {RETENTION_SEED} has an action or a starting point that "
                "orchestrate/atelier/gdpr/labels.py does not explain: mend the row"
            )
    return periods


def render_csv(columns: Iterable[TaggedColumn], periods: Mapping[str, Retention]) -> str:
    """Return the register with one line per column."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_HEADINGS)
    for column in columns:
        category, period = labels.CATEGORIES[column.category], periods[column.retention]
        writer.writerow(
            (
                *(column.schema, column.table, column.name),
                PSEUDONYM if column.is_pseudonym else PLAIN,
                labels.PURPOSES[column.purpose].label,
                category.label,
                category.people,
                labels.LEGAL_BASES[column.legal_basis],
                period.days or "sans limite",
                labels.STARTING_POINTS[period.counted_from],
                labels.ACTIONS[period.action],
            )
        )
    return out.getvalue()


def render_markdown(
    columns: Sequence[TaggedColumn],
    periods: Mapping[str, Retention],
    left_there: Mapping[str, Sequence[str]],
) -> str:
    """Return the register as a page."""
    parts = [HEADER.format(controller=labels.CONTROLLER)]
    for number, purpose in enumerate(labels.PURPOSES, start=1):
        ours = [column for column in columns if column.purpose == purpose]
        parts.append(_activity(number, purpose, ours, periods))
    parts.append("## Durées de conservation\n\n" + _periods(columns, periods))
    parts.append("## Mesures de sécurité\n\n" + "".join(f"- {measure}\n" for measure in labels.SECURITY))
    parts.append(
        "## Données non collectées\n\nColonnes connues de l'ERP qui n'en sortent pas :\n\n"
        + _table(("table", "colonnes"), ((f"`{name}`", _listed(left_there[name])) for name in left_there))
    )
    return "\n".join(parts)


def _activity(
    number: int, purpose: str, columns: Sequence[TaggedColumn], periods: Mapping[str, Retention]
) -> str:
    label = labels.PURPOSES[purpose]
    kinds = list(dict.fromkeys((column.category, column.legal_basis, column.retention) for column in columns))
    people = dict.fromkeys(labels.CATEGORIES[category].people for category, _, _ in kinds)
    people.pop(labels.NOBODY, None)
    facts = (
        ("Finalité", label.aim),
        ("Catégories de personnes", " ; ".join(people)),
        ("Base légale", " ; ".join(dict.fromkeys(labels.LEGAL_BASES[basis] for _, basis, _ in kinds))),
        ("Destinataires", label.recipients),
        ("Transferts", labels.TRANSFERS),
        ("Mesures de sécurité", "communes aux traitements, [plus bas](#mesures-de-sécurité)"),
    )
    data = (
        (
            labels.CATEGORIES[category].label,
            labels.CATEGORIES[category].people,
            labels.LEGAL_BASES[basis],
            _duration(periods[retention]),
            PSEUDONYM if labels.CATEGORIES[category].is_pseudonym else PLAIN,
        )
        for category, basis, retention in kinds
    )
    places: dict[tuple[str, str], list[str]] = {}
    for column in columns:
        key = f"`{column.schema}.{column.table}`", labels.CATEGORIES[column.category].label
        places.setdefault(key, []).append(column.name)
    return "\n".join(
        (
            f"## Traitement {number} : {label.label}\n",
            _table(("rubrique", "contenu"), facts),
            "### Catégories de données\n",
            _table(
                ("catégorie de données", "personnes", "base légale", "durée de conservation", "contenu"), data
            ),
            "### Où sont les données\n",
            _table(
                ("table", "catégorie de données", "colonnes"),
                ((table, category, _listed(names)) for (table, category), names in places.items()),
            ),
        )
    )


def _periods(columns: Sequence[TaggedColumn], periods: Mapping[str, Retention]) -> str:
    used = {column.retention for column in columns}
    return _table(
        ("durée de conservation", "à l'échéance", "données", "raison"),
        (
            (
                _duration(period),
                labels.ACTIONS[period.action],
                " ; ".join(
                    dict.fromkeys(
                        labels.CATEGORIES[column.category].label
                        for column in columns
                        if column.retention == key
                    )
                ),
                period.reason,
            )
            for key, period in periods.items()
            if key in used
        ),
    )


def _duration(period: Retention) -> str:
    if not period.days:
        return "sans limite"
    return f"{period.days} jours après {labels.STARTING_POINTS[period.counted_from]}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def render(manifest: Mapping[str, Any], periods: Mapping[str, Retention]) -> dict[Path, str]:
    """Return the register's files with their contents.

    Raises:
        AtelierError: A tag says something that nobody explains.
    """
    columns = tagged_columns(manifest)
    for column in columns:
        if column.retention not in periods:
            raise AtelierError(
                f"the tag personal_data of {column.schema}.{column.table}.{column.name} has the retention "
                f"{column.retention}, which {RETENTION_SEED} does not have"
            )
    return {
        FOLDER / "register.md": render_markdown(columns, periods, not_extracted(manifest)),
        FOLDER / "register.csv": render_csv(columns, periods),
    }


def write_register(root: Path) -> str:
    """Write the register; return a sentence that says where it is.

    Raises:
        AtelierError: dbt or we cannot read the project, or a tag says something that nobody explains.
    """
    files = render(parse_project(root), retentions(root))
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, encoding="utf-8")
    return f"The register of processing: {' and '.join(str(path) for path in files)}"
