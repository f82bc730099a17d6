"""What is left of an old journal note is planned if the note was: the loader's words, dbt's rule."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from target_warehouse.withholding import words_pattern

from text.corpus import misread_once, misread_twice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Reduction = Callable[[Iterable[str]], list[tuple[str | None, bool, bool]]]

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
PLANNED = str(yaml.safe_load((ROOT / "transform" / "dbt_project.yml").read_text())["vars"]["planned_note"])

SPELLINGS = (
    PLANNED,
    "CDE PLANIFIÉE",
    "cde planifiee",
    "Cde planifie\u0301e",
    "cde\u00a0planifiée",
    "cde plani\ufb01ée",
    "cde plànifiée",
    "cde  planifiée",
    "cde\t planifiée",
    "CDE\r\nPLANIFIÉE",
    "cde \u202fplanifiée",
    "cde\u2009planifiée",
    "cde plani\u00adfiée",
    "\ufeffcde plani\u200bfiée",
    "cde planifi\u201ae",
    "cde planifi\u201ae ",
    "CDE PLANIFI\u0090E",
    "cde planifi\u0082e",
    "cde planifiÚe",
    "cde planifi├®e",
    "CDE PLANIFI├ëE",
    *misread_once(PLANNED),
    *misread_twice(PLANNED),
    *misread_once("CDE PLANIFIÉE"),
    *misread_twice("CDE PLANIFIÉE"),
)
#: Near misses and names: what is not the rule's words is not to be left.
OTHERS = (
    "",
    "cde",
    "planifiée",
    "cdeplanifiée",
    "cde planifié",
    "commande planifiée",
    "Jérôme Lefèvre",
    "Иван Петрович Александров",
    "Ελευθερία Παπαδοπούλου",
    "Ãéèàùô ÃéèàùôéèàùôÃ",
    "06 12 34 56 78",
    "M. Petit\nrappeler",
)
NOTE = st.lists(
    st.one_of(st.sampled_from(SPELLINGS), st.sampled_from(OTHERS), st.text(max_size=6)), max_size=5
)


@pytest.fixture(scope="module")
def reduction(postgres: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reduction]:
    """For each note: what is left of it, whether it is planned by the rule, whether what is left is."""
    target = tmp_path_factory.mktemp("compiled")
    essentials = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    rule = "{{ dbt.position(normal_form(dbt.string_literal(var('planned_note'))), normal_form('%s')) }} > 0"
    compiled = subprocess.run(
        [
            *(str(ROOT / ".venv" / "bin" / "dbt"), "--quiet", "compile", "--no-populate-cache"),
            *("--target-path", str(target), "--log-path", str(target)),
            "--inline",
            f"select shortened, {rule % 'note'}, coalesce({rule % 'shortened'}, false) "
            "from notes order by place",
        ],
        cwd=ROOT / "transform",
        env={**essentials, **postgres, "DBT_PROFILES_DIR": str(ROOT / "transform")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert compiled.returncode == 0, compiled.stdout
    notes = (
        "notes as (select note, place, (select string_agg(found.words[1], ' / ' order by found.place) "
        "from regexp_matches(note, %s, 'g') with ordinality as found (words, place)) as shortened "
        "from unnest(%s::text[]) with ordinality as given (note, place))"
    )
    with closing(
        psycopg2.connect(
            host=postgres["POSTGRES_HOST"],
            port=postgres["POSTGRES_PORT"],
            user=postgres["POSTGRES_USER"],
            password=postgres["POSTGRES_PASSWORD"],
            dbname=postgres["POSTGRES_DB"],
        )
    ) as connection:
        connection.autocommit = True

        def run(given_notes: Iterable[str]) -> list[tuple[str | None, bool, bool]]:
            with connection.cursor() as cursor:
                query = f"with {notes} {compiled.stdout.replace('%', '%%')}"
                cursor.execute(query, (words_pattern(PLANNED), list(given_notes)))
                return cursor.fetchall()

        yield run


def test_every_spelling_is_left_and_stays_planned(reduction: Reduction) -> None:
    notes = [f"M. Petit, {spelling} (0612345678)" for spelling in SPELLINGS]
    for note, (left, was_planned, is_planned) in zip(notes, reduction(notes), strict=True):
        assert was_planned
        assert is_planned, note
        assert left is not None
        assert "Petit" not in left
        assert "06" not in left


def test_nothing_else_is_left(reduction: Reduction) -> None:
    for note, (left, was_planned, _) in zip(OTHERS, reduction(OTHERS), strict=True):
        assert not was_planned
        assert left is None, (note, left)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NOTE, st.sampled_from(("", " ", ", ", "\n")))
def test_a_note_is_planned_after_as_before(reduction: Reduction, parts: list[str], between: str) -> None:
    note = between.join(parts).replace("\x00", "")
    ((left, was_planned, is_planned),) = reduction([note])
    assert is_planned == was_planned
    if left is not None:
        assert not any(name in left for name in ("Petit", "Lef", "Иван", "06 12"))
