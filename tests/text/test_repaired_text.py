"""The macro `repaired_text` on PostgreSQL, with ftfy as an oracle.

ftfy judges a text as a whole and knows every alphabet; the macro knows two languages and judges each sign. So
neither repairs all that the other does: where they differ, the reason has a name here, and it is counted.
"""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import pytest
from ftfy import TextFixerConfig, fix_encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from text.corpus import CLEAN, CP1252, DOS, FOREIGN, TREACHEROUS, cut, misread, misread_once, misread_twice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Repair = Callable[[Iterable[str | None]], list[str | None]]

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]

#: ftfy with everything off but the decoding of UTF-8 in disguise, the blank in the place of A0 included.
ONLY_ENCODING = TextFixerConfig(
    unescape_html=False,
    remove_terminal_escapes=False,
    restore_byte_a0=True,
    replace_lossy_sequences=False,
    decode_inconsistent_utf8=True,
    fix_c1_controls=False,
    fix_latin_ligatures=False,
    fix_character_width=False,
    uncurl_quotes=False,
    fix_line_breaks=False,
    fix_surrogates=False,
    remove_control_chars=False,
    normalization=None,
    explain=False,
)

#: Î, Œ and ™ in disguise. ftfy lets them pass, as in some other language the disguise might be meant.
LEFT_BY_FTFY = re.compile(r"ÃŽ|Å’|Ã…Â’|â„¢")
#: œ or Œ where the text ends: ftfy repairs it, the macro wants a letter to follow, since „Å“ is clean.
LIGATURE_AT_THE_END = re.compile(r"Å[“’]$")
#: What is left of à where the text ends. Was a no-break space trimmed, or another sign cut off?
LAST_A_GRAVE = re.compile(r"Ã(?:[\x83ƒ]Â)? ?$")
#: A cut text may end in what is left of its last sign, of at most this many characters.
LONGEST_REST = 5


@pytest.fixture(scope="module")
def repair(postgres: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repair]:
    """The macro as dbt compiles it, for any number of texts in one query."""
    target = tmp_path_factory.mktemp("compiled")
    essentials = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    compiled = subprocess.run(
        [
            *(str(ROOT / ".venv" / "bin" / "dbt"), "--quiet", "compile", "--no-populate-cache"),
            *("--target-path", str(target), "--log-path", str(target)),
            *("--inline", "select {{ repaired_text('text') }} from texts order by place"),
        ],
        cwd=ROOT / "transform",
        env={**essentials, **postgres, "DBT_PROFILES_DIR": str(ROOT / "transform")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert compiled.returncode == 0, compiled.stdout
    texts = "texts as (select * from unnest(%s::text[]) with ordinality as given (text, place))"
    # What dbt compiled holds no parameter of its own: its per cent signs, if any, are doubled.
    query = f"with {texts} {compiled.stdout.replace('%', '%%')}"
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

        def run(given_texts: Iterable[str | None]) -> list[str | None]:
            with connection.cursor() as cursor:
                cursor.execute(query, (list(given_texts),))
                return [row[0] for row in cursor.fetchall()]

        yield run


def ftfys(text: str) -> str:
    return fix_encoding(text, ONLY_ENCODING)


def share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})"


def shown(line: str) -> None:
    """Print a measurement; `pytest -rP` shows it."""
    print(line)  # noqa: T201


def test_clean_text_is_never_changed(repair: Repair) -> None:
    texts = [*CLEAN, *TREACHEROUS, *FOREIGN]
    assert repair(texts) == texts
    wrong = [text for text in texts if ftfys(text) != text]
    shown(f"ftfy changes {share(len(wrong), len(texts))} clean texts: {wrong}")


def test_texts_of_dos_come_back_where_no_quotation_mark_could_be_meant(repair: Repair) -> None:
    assert repair(DOS) == list(DOS.values())
    quoted = [
        "\u201aWort\u2018",
        "\u201eWort\u201c",
        "l'\u201a\u00e9t\u00e9\u2018",
        "« MÚR »",
        "ÚTIL",
        "12 \u2030",
        "a \u201a b",
    ]
    assert repair(quoted) == quoted


def test_null_stays_null(repair: Repair) -> None:
    assert repair([None, "PlanifiÃ©e", None]) == [None, "Planifiée", None]


@pytest.mark.parametrize("misreading", [misread_once, misread_twice])
def test_whatever_was_misread_comes_back(repair: Repair, misreading: Callable[[str], set[str]]) -> None:
    cases = [(text, wrong) for text in CLEAN for wrong in sorted(misreading(text) - {text})]
    assert len(cases) > 200
    repaired = repair(wrong for _, wrong in cases)
    assert [case for case, back in zip(cases, repaired, strict=True) if back != case[0]] == []
    others = [wrong for text, wrong in cases if ftfys(wrong) != text]
    shown(f"ftfy gives the same for {share(len(cases) - len(others), len(cases))}")
    assert [wrong for wrong in others if not LEFT_BY_FTFY.search(ftfys(ftfys(wrong)))] == []


def test_misread_words_come_back_among_clean_ones(repair: Repair) -> None:
    forms = ("{} {}", "{1} {0}", "{1} ({0})", "{1} – {0} – {1}", "{1}\n{0}", "« {0} » {1}", "{1}/{0}")
    cases = [
        (form.format(text, other), form.format(wrong, other))
        for text, other in zip(CLEAN, reversed(CLEAN), strict=True)
        for wrong in sorted(misread(text) - {text})
        for form in forms
    ]
    assert len(cases) > 4000
    repaired = repair(wrong for _, wrong in cases)
    assert [case for case, back in zip(cases, repaired, strict=True) if back != case[0]] == []


def right_until(text: str, back: str) -> int:
    """Give how many characters of a repaired text are the clean one's."""
    return next((at for at, (one, other) in enumerate(zip(text, back)) if one != other), len(back))  # noqa: B905


def cut_texts() -> list[tuple[str, str]]:
    """Give texts and their misreadings, cut where columns end and, for the single text, anywhere."""
    cases: set[tuple[str, str]] = set()
    for text in CLEAN:
        for longer in (text, f"{text} {text}", f"{text} – {text} – {text}"):
            cases |= {(longer, part) for wrong in misread(longer) - {longer} for part in cut(wrong)}
        cases |= {(text, wrong[:end]) for wrong in misread(text) - {text} for end in range(1, len(wrong))}
    return sorted(cases)


def test_of_a_cut_text_all_comes_back_but_its_last_sign(repair: Repair) -> None:
    cases = cut_texts()
    assert len(cases) > 8000
    alike = 0
    for (text, part), back in zip(cases, repair(part for _, part in cases), strict=True):
        assert back is not None
        rest, oracle = back[right_until(text, back) :], ftfys(part)
        assert len(rest) <= LONGEST_REST, (part, back)
        assert not re.search(r"[\x00-\x7f]", rest), (part, back)
        # ftfy turns left-over control characters into the signs of cp1252: another repair than ours.
        alike += back.translate(CP1252) == oracle.translate(CP1252)
        if not LIGATURE_AT_THE_END.search(back):
            assert right_until(text, back) >= right_until(text, oracle), (part, back, oracle)
    shown(f"ftfy gives the same for {share(alike, len(cases))} cut texts, and nowhere more of the text")


def test_a_no_break_space_that_became_a_blank(repair: Repair) -> None:
    """The second byte of à: software makes a blank of it, trims it, or joins it to the next blank."""

    def words(text: str) -> str:
        return " ".join(text.replace("\u00a0", " ").split())

    cases = []
    for text in CLEAN:
        for wrong in sorted(misread(text)):
            if "\u00a0" in wrong:
                blank = wrong.replace("\u00a0", " ")
                cases += [(text, variant) for variant in {blank, blank.strip(), re.sub(" +", " ", blank)}]
    back = dict(zip(cases, repair(wrong for _, wrong in cases), strict=True))
    missed = [case for case in cases if words(back[case] or "") != words(case[0])]
    ftfys_missed = [case for case in cases if words(ftfys(case[1])) != words(case[0])]
    shown(f"not back: {share(len(missed), len(cases))}, with ftfy {share(len(ftfys_missed), len(cases))}")
    assert [wrong for _, wrong in missed if not LAST_A_GRAVE.search(wrong)] == []


def test_other_alphabets_come_back_where_no_sign_is_in_doubt(repair: Repair) -> None:
    cases = [(text, wrong) for text in FOREIGN for wrong in sorted(misread(text))]
    repaired = repair(wrong for _, wrong in cases)
    missed = sorted({text for (text, _), back in zip(cases, repaired, strict=True) if back != text})
    count = sum(back == text for (text, _), back in zip(cases, repaired, strict=True))
    ftfys_count = sum(ftfys(wrong) == text for text, wrong in cases)
    shown(f"back: {share(count, len(cases))}, with ftfy {share(ftfys_count, len(cases))}; missed: {missed}")
    # Greek, Cyrillic and Japanese begin with letters of ours; ř, ő and İ end in signs that may follow a word.
    assert set(missed) == {"Dvořák", "İstanbul", "Kovács Győző", "Ελλάδα", "Москва", "日本", "Ω", "Δ 5"}


def words_of(letters: str) -> st.SearchStrategy[str]:
    """Give words of these letters, in small letters, capitals or both.

    Any word but what neither language has: one that ends in â, œ or ÿ before anything but a letter.
    """
    word = st.text(letters, min_size=1, max_size=9).filter(
        lambda text: not re.search(r"â$|œ(?![a-z])|ÿ(?![a-z])", text)
    )
    return st.one_of(word, word.map(str.capitalize), word.map(str.upper))


WORDS = words_of("abcdefghijlmnopqrstuv" + 2 * "éèêëàâçîïôùûüÿœæ") | words_of(
    "abdefghiklmnorstuwz" + 3 * "äöüß"
)
NUMBERS = st.sampled_from(
    (
        "12 €",
        "12\u00a0€",
        "1 250,00 €",
        "5 %",
        "n° 5",
        "45°",
        "±5",
        "4/16/4",
        "2½",
        "1200×900",
        "Ø 40",
        "µm",
        "m²",
        "–",
    )
)
BEFORE = st.sampled_from(("", "", "", "«", "«\u00a0", "„", "‚", "“", '"', "(", "l’", "d'", "§\u00a0", "•"))
AFTER = st.sampled_from(
    (
        "",
        "",
        "",
        "»",
        "\u00a0»",
        "“",
        "‘",
        "”",
        "’",
        '"',
        ")",
        ",",
        ".",
        "…",
        "\u00a0:",
        "\u00a0!",
        "™",
        "®",
        "²",
        "°",
    )
)
SENTENCES = st.lists(
    st.one_of(st.tuples(BEFORE, WORDS, AFTER).map("".join), NUMBERS), min_size=1, max_size=6
).map(" ".join)
MANY = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@MANY
@given(texts=st.lists(SENTENCES, min_size=5, max_size=20))
def test_no_sentence_is_repaired_falsely(repair: Repair, texts: list[str]) -> None:
    assert repair(texts) == texts


@MANY
@given(texts=st.lists(st.tuples(SENTENCES, SENTENCES), min_size=1, max_size=5))
def test_every_sentence_comes_back(repair: Repair, texts: list[tuple[str, str]]) -> None:
    cases = [
        (f"{before}{text}", f"{before}{wrong}")
        for clean, text in texts
        for before in ("", f"{clean} ")
        for wrong in misread(text)
    ]
    repaired = repair(wrong for _, wrong in cases)
    assert [case for case, back in zip(cases, repaired, strict=True) if back != case[0]] == []


@MANY
@given(
    texts=st.lists(
        st.text(
            st.one_of(
                st.sampled_from("ÂÃÅÄÌËâáðµº«»„“ \u00a0\u0083\u0089eE" + "".join(CP1252.values())),
                st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
            )
        ),
        min_size=5,
        max_size=20,
    )
)
def test_no_text_stops_a_run_or_loses_a_plain_character(repair: Repair, texts: list[str]) -> None:
    def plain(text: str) -> str:
        return re.sub(r"[^\x01-\x7f]| ", "", text)

    for text, back in zip(texts, repair(texts), strict=True):
        assert back is not None
        assert len(back) <= len(text) + text.count("Ã ")
        assert plain(back) == plain(text)
