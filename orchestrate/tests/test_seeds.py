"""The planner's files as French Excel writes them, and what is told of their mistakes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tracemalloc
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import yaml
from atelier.connections import Warehouse, project_root
from atelier.seeds import definitions, folder, reading, text, values
from atelier.warehouse import connect
from dbt.parser import read_files
from dbt_common.clients.system import find_matching
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

ROOT = project_root()
SEEDS = definitions.seeds(ROOT)
FOLDER = folder.FOLDER

STATUSES = "status,is_open,is_done\nPlanifiée,true,false\nTerminée,false,true\n"
CLOSURES = 'first_day,last_day,reason\n2026-05-01,2026-05-01,"Fête du travail, pont"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that has the planner's files and nothing else."""
    shutil.copytree(ROOT / FOLDER, tmp_path / FOLDER)
    description = tmp_path / definitions.DESCRIPTION
    description.parent.mkdir()
    shutil.copy(ROOT / definitions.DESCRIPTION, description)
    (tmp_path / "meltano.yml").touch()
    return tmp_path


def rows(root: Path, name: str, content: bytes | str) -> list[dict[str, str]]:
    """Return the rows of a seed whose file has a content."""
    write(root, name, content)
    return reading.read_whole(root, name).entries()


def write(root: Path, name: str, content: bytes | str) -> None:
    (root / FOLDER / f"{name}.csv").write_bytes(content.encode() if isinstance(content, str) else content)


def mistake(root: Path) -> str:
    """Return the sentence about the project's files."""
    with pytest.raises(reading.SeedError) as failure:
        reading.check(root)
    return str(failure.value)


def test_the_projects_own_files_are_right() -> None:
    reading.check(ROOT)


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "cp850", "mac_roman", "utf-16"], ids=lambda name: str(name)
)
@pytest.mark.parametrize("separator", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_every_way_in_which_excel_saves_reads_alike(
    root: Path, separator: str, encoding: str, end: str
) -> None:
    wanted = rows(root, "order_statuses", STATUSES)
    saved = STATUSES.replace(",", separator).replace("\n", end).encode(encoding)
    assert rows(root, "order_statuses", saved) == wanted
    assert [row["status"] for row in wanted] == ["Planifiée", "Terminée"]


@pytest.mark.parametrize(
    "content",
    [
        "Status ; IS_OPEN;is_done;;\nPlanifiée;oui;non;;\nTerminée;Non;OUI;;\n;;;;\n\n",
        "sep=;\nstatus;is_open;is_done\nPlanifiée;VRAI;FAUX\nTerminée;faux;vrai\n",
        "is_done;status;is_open\n0; Planifiée ;1\n1;\u00a0Terminée\u00a0;0\n",
        # A file with commas that Excel has opened as one column, and saved.
        '"status,is_open,is_done"\n"Planifiée,true,false"\n"Terminée,false,true"\n',
        "status,is_open,is_done;;\nPlanifiée,true,false;;\nTerminée,false,true;;\n",
    ],
    ids=["blank columns", "sep line", "other order", "one quoted column", "one column"],
)
def test_a_file_that_a_spreadsheet_has_rearranged_reads_alike(root: Path, content: str) -> None:
    wanted = rows(root, "order_statuses", STATUSES)
    assert rows(root, "order_statuses", content) == wanted


def test_a_line_in_another_encoding_and_a_dash_are_read(root: Path) -> None:
    mixed = "status;is_open;is_done\nPlanifiée;oui;non\n".encode() + "Terminée \u2013 payée;non;oui\n".encode(
        "cp1252"
    )
    assert [row["status"] for row in rows(root, "order_statuses", mixed)] == [
        "Planifiée",
        "Terminée \u2013 payée",
    ]
    dash = "status;is_open;is_done\nEn prod \u2013 suite;oui;non\nFin;non;oui\n".encode("cp1252")
    assert rows(root, "order_statuses", dash)[0]["status"] == "En prod \u2013 suite"


def test_a_file_that_is_older_than_a_column_gets_its_default(root: Path) -> None:
    assert [row["is_contained"] for row in rows(root, "order_statuses", STATUSES)] == ["false", "false"]


def test_dates_numbers_and_times_read_as_people_write_them(root: Path) -> None:
    wanted = {"first_day": "2026-05-01", "last_day": "2026-05-04", "reason": "Pont ; usine fermée"}
    saved = 'first_day;last_day;reason\r\n01/05/2026;4.5.2026;"Pont ; usine fermée"\r\n'
    assert rows(root, "plant_closures", saved.encode("cp1252")) == [wanted]
    hours = "weekday;opens_at;closes_at\n1;7:00;19h30\n2;07:00:00;24:00\n"
    assert [list(row.values()) for row in rows(root, "working_hours", hours)] == [
        ["1", "07:00", "19:30"],
        ["2", "07:00", "24:00"],
    ]
    periods = "retention_key;period_days;counted_from;action;reason\nx;1 095;Event;Delete;Durée\n"
    periods += "y;;event;keep;Durée\n"
    assert [(row["period_days"], row["action"]) for row in rows(root, "retention_periods", periods)] == [
        ("1095", "delete"),
        ("", "keep"),
    ]
    limits = (
        (root / FOLDER / "alert_thresholds.csv").read_text("utf-8").replace("share,0.05,", 'share,"0,5",')
    )
    by_name = {row["threshold"]: row["limit_value"] for row in rows(root, "alert_thresholds", limits)}
    assert by_name["rejected_share"] == "0.5"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        (
            "order_statuses",
            "status;is_open;is_done\nPlanifiée;oui;non\nvitrage;peut-être;oui\n",
            "transform/seeds/order_statuses.csv, ligne 3, colonne is_open : « peut-être » n'est pas permis ; "
            "écrire oui ou non",
        ),
        (
            "order_statuses",
            "status;is_open;is_done\n;oui;non\nx;non;oui\n",
            "ligne 2, colonne status : la valeur manque ; écrire un texte",
        ),
        (
            "order_statuses",
            "status;is_open;is_done\nVitrage;oui;non\nx;non;oui\n VITRÂGE;oui;non\n",
            "ligne 4, colonne status : « VITRÂGE » figure déjà à la ligne 2",
        ),
        (
            "order_statuses",
            "status;is_open;is_done\nVitrage;non;non\nx;non;oui\n",
            "order_statuses.csv, colonne is_open : aucune ligne ne porte « oui »",
        ),
        ("order_statuses", "status;is_open\nx;oui\n", "ligne 1 : la colonne « is_done » manque ; colonnes"),
        (
            "order_statuses",
            "status;is_open;is_done;couleur\nx;oui;non;bleu\n",
            "ligne 1 : la colonne « couleur » est inconnue ; colonnes attendues : status, is_open, is_done",
        ),
        ("order_statuses", "status;status;is_open;is_done\n", "la colonne « status » figure deux fois"),
        ("order_statuses", "status;is_open;is_done\nx;oui;non;de plus\n", "ligne 2 : il y a plus de valeurs"),
        ("order_statuses", 'status;is_open;is_done\n"x;oui;non\n', 'ligne 2 : un guillemet "'),
        ("order_statuses", "", "le fichier est vide"),
        ("order_statuses", b"PK\x03\x04\x14\x00", "ce n'est pas un fichier CSV"),
        ("order_statuses", b"x" * (folder.MOST_BYTES + 1), "le fichier dépasse 1000 ko"),
        (
            "plant_closures",
            "first_day;last_day;reason\n01/05/2026;31/02/2026;x\n",
            "ligne 2, colonne last_day : « 31/02/2026 » n'est pas permis ; écrire une date qui existe",
        ),
        (
            "shutter_prefixes",
            "prefix;accessory_kind;needs_blank_or_digit\nVR;volet;non\n",
            "« volet » n'est pas permis ; valeurs permises : roller shutter, standard box, made",
        ),
        (
            "alert_silences",
            "kind;machine_id;last_day;reason\n*;*;01/01/2027;x\nsilent;*;01/01/2027;x\n",
            "ligne 3, colonne kind : « silent » n'est pas permis ; valeurs permises : machine_silent",
        ),
        (
            "working_hours",
            "weekday;opens_at;closes_at\n1;24:00;25:00\n",
            "ligne 2, colonne opens_at : « 24:00 » n'est pas permis ; écrire une heure de 00:00 à 23:59",
        ),
        (
            "working_hours",
            "weekday;opens_at;closes_at\n8;08:00;12:00\n",
            "colonne weekday : « 8 » n'est pas permis ; valeurs permises : 1, 2, 3, 4, 5, 6, 7",
        ),
        (
            "working_hours",
            "weekday;opens_at;closes_at\n1;08:00;12:00\n1;8h;13:00\n",
            "ligne 3, colonne weekday, opens_at : « 1, 08:00 » figure déjà à la ligne 2",
        ),
        (
            "order_statuses",
            "status;is_open;is_done\nPlanifiée;oui;non\nTerminée;oui;oui\n",
            "ligne 3, colonne is_open, is_done : « oui » figure dans les deux colonnes",
        ),
        (
            "plant_closures",
            "first_day;last_day;reason\n04/05/2026;01/05/2026;Pont\n",
            "ligne 2, colonne last_day : « 2026-05-01 » vient avant « 2026-05-04 » de la colonne first_day",
        ),
        (
            "working_hours",
            "weekday;opens_at;closes_at\n;;\n",
            "il n'y a aucune ligne sous les noms des colonnes",
        ),
        (
            "alert_thresholds",
            "threshold;limit_value;meaning\nsilent_minutes;-1;x\n",
            "ligne 2, colonne limit_value : « -1 » n'est pas permis ; écrire 0 ou plus",
        ),
        (
            "alert_thresholds",
            "threshold;limit_value;meaning\nrejected_share;1,5;x\n",
            "« 1,5 » n'est pas permis ; écrire 1 ou moins",
        ),
        (
            "alert_thresholds",
            "threshold;limit_value;meaning\nsilent_minute;1;x\n",
            "« silent_minute » n'est pas permis ; valeurs permises : silent_minutes, active_working_days",
        ),
        (
            "alert_thresholds",
            "threshold;limit_value;meaning\nsilent_minutes;1;x\n",
            "colonne threshold : aucune ligne ne porte « active_working_days » ; la remettre",
        ),
        (
            "retention_periods",
            "retention_key;period_days;counted_from;action;reason\nx;0;event;delete;x\n",
            "ligne 2, colonne period_days : « 0 » n'est pas permis ; écrire 1 ou plus",
        ),
        (
            "retention_periods",
            "retention_key;period_days;counted_from;action;reason\nx;9;event;keep;x\n",
            "ligne 2, colonne period_days : « 9 » n'est pas permis ; laisser vide là où la colonne",
        ),
        (
            "retention_periods",
            "retention_key;period_days;counted_from;action;reason\nx;;event;delete;x\n",
            "ligne 2, colonne period_days : la valeur manque ; elle ne peut manquer que là où la",
        ),
        (
            "retention_periods",
            "retention_key;period_days;counted_from;action;reason\nx;30;event;delete;x\n"
            "job_names;31;event;anonymise;x\n",
            "ligne 3, colonne period_days : « 31 » n'est pas permis ; écrire 30 ou moins",
        ),
        (
            "retention_periods",
            "retention_key;period_days;counted_from;action;reason\nx;1.095;event;delete;x\n",
            "ligne 2, colonne period_days : « 1.095 » n'est pas permis ; écrire un nombre entier",
        ),
    ],
)
def test_a_mistake_names_file_line_column_value_and_rule(
    root: Path, name: str, content: bytes | str, says: str
) -> None:
    write(root, name, content)
    told = mistake(root)
    assert says in told
    assert "rien n'a été modifié" in told
    assert "\n" not in told


def test_every_mistake_is_counted_and_the_first_are_named(root: Path) -> None:
    write(root, "order_statuses", "status;is_open;is_done\n" + "x;peut-être;1\n" * 20)
    told = mistake(root)
    assert "contiennent 20 erreurs" in told
    assert told.count("peut-être") == 5
    assert told.endswith("| et 15 autres")


@pytest.mark.parametrize("name", ["order_statuses (1).csv", "order_statuses.CSV", "copie/order_statuses.csv"])
def test_a_missing_and_an_unknown_file_are_told(root: Path, name: str) -> None:
    (root / FOLDER / name).parent.mkdir(exist_ok=True)
    (root / FOLDER / "order_statuses.csv").rename(root / FOLDER / name)
    told = mistake(root)
    assert "transform/seeds/order_statuses.csv : le fichier manque" in told
    assert f"transform/seeds/{name.partition('/')[0]} : ce fichier n'est pas attendu ; le renommer" in told


def run_dbt(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / ".venv" / "bin" / "atelier-dbt"), *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


#: What dbt would run, or show to readers of the documentation.
HOSTILE = """
seeds:
  - name: machine_names
    description: "{{ env_var('POSTGRES_PASSWORD') }} </script><script>alert(1)</script>"
    config: {post_hook: "create table stolen as select 1"}
"""


@pytest.mark.security(
    attack="YAML, SQL or a link in the planner's folder",
    rule="CSV files that are expected, and nothing else",
)
@pytest.mark.parametrize(
    "name",
    [
        *("evil.yml", "evil.yaml", "EVIL.YML", "_seeds.yml", "a/evil.yml", ".evil.yml", "evil.md"),
        *("evil.sql", "evil.py", "notes", ".git/config", "machine_names.csv/evil.yml", "machine\n_names.csv"),
    ],
)
def test_an_entry_that_is_no_file_of_the_planner_is_refused(root: Path, name: str) -> None:
    path = root / FOLDER / name
    if path.parent.name == "machine_names.csv":
        path.parent.unlink()
    path.parent.mkdir(exist_ok=True)
    path.write_text(HOSTILE)
    with pytest.raises(reading.SeedError) as failure:
        reading.check_folder(root)
    assert "transform/seeds/" in str(failure.value)
    assert "\n" not in str(failure.value)


def test_no_command_of_dbt_starts_with_such_an_entry(root: Path) -> None:
    (root / FOLDER / "evil.yml").write_text(HOSTILE)
    done = run_dbt(root, "--quiet", "docs", "generate")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "transform/seeds/evil.yml : ce fichier n'est pas attendu" in done.stderr


@pytest.mark.security(
    attack="the same, put there after the check",
    rule="dbt reads CSV files alone there",
)
def test_dbt_itself_takes_csv_files_only_from_the_planners_folder(tmp_path: Path) -> None:
    """A file that comes between the check and dbt's reading has no effect either."""
    project = tmp_path / "transform"
    shutil.copytree(ROOT / "transform", project, ignore=shutil.ignore_patterns("target", "logs"))
    for name in ("evil.yml", "evil.yaml", "evil.YML", "a/evil.yml", "a/evil.csv", ".x.yml", "e.md", "e.sql"):
        (project / "seeds" / name).parent.mkdir(exist_ok=True)
        (project / "seeds" / name).write_text(HOSTILE)
    spec = read_files.generate_dbt_ignore_spec(str(project))
    found = {
        entry["relative_path"]
        for pattern in ("[!.]*.*", ".*", "*")
        for entry in find_matching(str(project), ["seeds"], pattern, spec)
    }
    assert found == {seed.file for seed in SEEDS.values()}
    models = find_matching(str(project), ["models"], "*.yml", spec)
    assert "_seeds.yml" in {entry["relative_path"] for entry in models}


@pytest.mark.parametrize("kind", ["link", "link to a seed", "dangling", "folder", "pipe"])
def test_what_stands_for_a_file_is_neither_read_nor_quoted(root: Path, tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "password"
    secret.write_text("hunter2,x\n")
    path = root / FOLDER / "machine_names.csv"
    path.rename(tmp_path / "aside.csv")
    match kind:
        case "link":
            path.symlink_to(secret)
        case "link to a seed":
            path.symlink_to("plant_closures.csv")
        case "dangling":
            path.symlink_to("nowhere")
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
    told = mistake(root)
    assert "transform/seeds/machine_names.csv : c'est un lien ou un dossier" in told
    assert "hunter2" not in told
    with pytest.raises(reading.SeedError):
        reading.check_folder(root)
    with pytest.raises(reading.SeedError):
        reading.read_whole(root, "machine_names")


def test_a_huge_file_and_a_full_folder_are_not_read_whole(root: Path) -> None:
    with (root / FOLDER / "machine_names.csv").open("wb") as file:
        file.truncate(1 << 40)
    for number in range(1_500):
        (root / FOLDER / f"{number}.yml").touch()
    tracemalloc.start()
    told = mistake(root)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "le fichier dépasse 1000 ko" in told
    assert peak < 20_000_000


def test_dbt_is_not_started_with_a_mistake(root: Path) -> None:
    write(root, "order_statuses", "status;is_open;is_done\nx;peut-être;oui\n")
    done = run_dbt(root, "build")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "ligne 2, colonne is_open : « peut-être »" in done.stderr


@pytest.mark.integration
def test_dbt_loads_a_file_that_french_excel_has_saved(root: Path, postgres: dict[str, str]) -> None:
    unneeded = shutil.ignore_patterns("target", "logs", "seeds")
    shutil.copytree(ROOT / "transform", root / "transform", dirs_exist_ok=True, ignore=unneeded)
    write(root, "order_statuses", french("status,is_open,is_done\nDécalée,true,false\nFinie,false,true\n"))
    project = root / "transform"
    done = subprocess.run(
        [str(ROOT / ".venv" / "bin" / "atelier-dbt"), "seed", "--select", "order_statuses"],
        cwd=project,
        env={
            **{key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ},
            **postgres,
            "ATELIER_TRANSFORMER_ROLE": "",
            "ATELIER_READER_ROLE": "",
            "ATELIER_DPO_ROLE": "",
            "DBT_PROFILES_DIR": str(project),
            "DBT_TARGET": "test",
            "MELTANO_PROJECT_ROOT": str(root),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    with closing(connect(Warehouse.of(postgres))) as connection, connection.cursor() as cursor:
        cursor.execute("select status, is_open, is_done from seeds.order_statuses order by status")
        assert cursor.fetchall() == [("Décalée", True, False), ("Finie", False, True)]
        cursor.execute("drop schema seeds cascade")
        connection.commit()


def french(content: str) -> bytes:
    """Return a CSV file as French Excel writes it."""
    words = content.replace(",", ";").replace("true", "VRAI").replace("false", "FAUX")
    return words.replace("\n", "\r\n").encode("cp1252")


@given(st.text(alphabet=st.characters(blacklist_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=30))
def test_a_text_is_written_as_it_was_read(name: str) -> None:
    found = text.records(
        f'machine_id;machine_name\nX;"{name.replace(chr(34), chr(34) * 2)}"\n', ["machine_id"]
    )
    assert found[1] == (2, ["X", name])


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_mistakes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    for head in (b"", b"machine_id;machine_name\n"):
        path.write_bytes(head + content)
        table = reading.read_table(path, SEEDS["machine_names"])
        assert table.mistakes or all(row[0] and row[1] for _, row in table.rows)


@given(
    st.dates(), st.sampled_from(["{0:%d/%m}/{0.year:04}", "{0.year:04}-{0:%m-%d}", "{0:%d.%m}.{0.year:04}"])
)
def test_a_date_reads_alike_in_every_form(day: date, form: str) -> None:
    column = SEEDS["plant_closures"].columns[0]
    assert values.canonical(form.format(day), column) == day.isoformat()


def test_every_rule_of_the_description_is_known_to_the_reader() -> None:
    """A test that dbt alone knows would fail only after the files were loaded."""
    described = yaml.safe_load((ROOT / definitions.DESCRIPTION).read_text("utf-8"))["seeds"]
    listed = [test for seed in described for test in seed.get("data_tests", [])]
    listed += [
        test for seed in described for column in seed["columns"] for test in column.get("data_tests", [])
    ]
    names = {next(iter(test)) if isinstance(test, dict) else test for test in listed}
    assert names == {
        *(
            "not_null",
            "unique",
            "unique_in_normal_form",
            "unique_together",
            "accepted_values",
            "relationships",
        ),
        *("has_some_true", "has_rows", "has_every", "not_both_true", "in_order", "within"),
        *("empty_exactly_where", "smallest_where", "is_opening_time", "is_closing_time"),
        # The reader takes blanks away.
        "is_trimmed",
    }


def test_the_planners_page_names_every_file_and_column() -> None:
    page = (ROOT / "docs" / "planner-files.md").read_text("utf-8")
    told = {
        name: re.findall(r"`(\w+)`", columns)
        for name, columns in re.findall(r"^\| `(\w+)\.csv` \|[^|]*\|(.*)\|$", page, re.MULTILINE)
    }
    assert told == {name: [column.name for column in seed.columns] for name, seed in SEEDS.items()}
