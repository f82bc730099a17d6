"""What the tags of the columns say about personal data is complete, consistent, and in the register."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from atelier.erp_source import ERP_COLUMNS
from atelier.errors import AtelierError
from atelier.gdpr import labels, words
from atelier.gdpr.register import (
    TaggedColumn,
    not_extracted,
    parse_project,
    render,
    retentions,
    tagged_columns,
)
from atelier.gdpr.store import SCHEMA
from pipeline.plant import BOOKS
from target_warehouse import withholding

ROOT = Path(__file__).resolve().parents[2]

#: What never reaches a mart.
INTERNAL = {"journal_note", "machine_message", "rejected_line", "employee_pseudonym"}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return parse_project(ROOT)


@pytest.fixture(scope="module")
def columns(manifest: dict[str, Any]) -> list[TaggedColumn]:
    return tagged_columns(manifest)


def tag(column: dict[str, Any]) -> Any:
    return column["config"]["meta"].get("personal_data")


def erp_tables(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        source["name"]: source["columns"]
        for source in manifest["sources"].values()
        if source["schema"] == "raw_erp" and source["name"] not in BOOKS
    }


def test_every_column_of_the_erp_says_what_it_holds(manifest: dict[str, Any]) -> None:
    tables = erp_tables(manifest)
    assert {table: list(columns) for table, columns in tables.items()} == {
        table: list(columns) for table, columns in ERP_COLUMNS.items()
    }
    silent = [
        f"{table}.{name}"
        for table, columns in tables.items()
        for name, column in columns.items()
        if not (tag(column) == "none" or isinstance(tag(column), dict))
    ]
    assert not silent


def test_what_is_left_in_the_erp_is_not_described_as_loaded(manifest: dict[str, Any]) -> None:
    for table, names in not_extracted(manifest).items():
        assert not set(names) & set(ERP_COLUMNS.get(table, ())), table
    assert "a_adresse" in not_extracted(manifest)


def test_a_column_named_like_a_tagged_one_says_what_it_holds(
    manifest: dict[str, Any], columns: list[TaggedColumn]
) -> None:
    # Models rename in staging only, so a name means one thing from there on.
    names = {column.name for column in columns if not column.schema.startswith("raw_")}
    silent = [
        f"{node['name']}.{name}"
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "snapshot")
        for name, column in node["columns"].items()
        if name in names and tag(column) is None
    ]
    assert not silent


def test_neither_notes_nor_messages_nor_employees_reach_a_mart(columns: list[TaggedColumn]) -> None:
    assert not [column for column in columns if column.schema == "marts" and column.category in INTERNAL]


def test_the_loader_makes_the_pseudonyms_that_the_tags_promise(columns: list[TaggedColumn]) -> None:
    loaders = yaml.safe_load((ROOT / "load" / "loaders.meltano.yml").read_text())
    settings = loaders["plugins"]["loaders"][0]["settings"]
    made = next(setting["value"] for setting in settings if setting["name"] == "pseudonym_columns")
    promised = {f"{c.table}.{c.name}" for c in columns if c.schema == "raw_erp" and c.is_pseudonym}
    assert set(made) == promised


def test_what_is_withheld_is_what_the_tags_promise(columns: list[TaggedColumn]) -> None:
    promised: dict[str, set[tuple[str, str]]] = {}
    for column in columns:
        if column.schema == "raw_erp":
            promised.setdefault(column.retention, set()).add((column.table, column.name))
    # The period of the orders deletes them whole.
    assert {table for table, _ in promised.pop(withholding.DELETED)} == set(withholding.TABLES)
    assert retentions(ROOT)[withholding.DELETED].action == "delete"
    key, note = withholding.NOTES
    assert promised == {key: {note}, **{key: set(found) for key, found in withholding.EMPTIED.items()}}
    assert {retentions(ROOT)[key].action for key in promised} == {"anonymise"}


def test_the_loader_keeps_the_words_by_which_dbt_knows_a_planned_order() -> None:
    loaders = yaml.safe_load((ROOT / "load" / "loaders.meltano.yml").read_text())
    settings = {each["name"]: each.get("value") for each in loaders["plugins"]["loaders"][0]["settings"]}
    project = yaml.safe_load((ROOT / "transform" / "dbt_project.yml").read_text())
    assert settings["planned_note"] == project["vars"]["planned_note"]
    assert settings["withholding_schema"] == SCHEMA


def test_no_event_of_a_machine_is_taken_for_a_message() -> None:
    macro = (ROOT / "transform" / "macros" / "logs" / "details.sql").read_text()
    assert set(re.findall(r"when '(\w+)' then", macro)) == {
        *(words.PIECE, words.JOB, words.WAIT, words.STOP, words.START)
    }


def test_a_kind_of_data_is_treated_alike_wherever_it_is(columns: list[TaggedColumn]) -> None:
    treatments: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for column in columns:
        key = (column.category, column.purpose)
        treatments.setdefault(key, set()).add((column.legal_basis, column.retention))
    assert [key for key, treatment in treatments.items() if len(treatment) > 1] == []


def test_every_word_is_used_and_every_period_known(columns: list[TaggedColumn]) -> None:
    assert {column.category for column in columns} == set(labels.CATEGORIES)
    assert {column.purpose for column in columns} == set(labels.PURPOSES)
    assert {column.legal_basis for column in columns} == set(labels.LEGAL_BASES)
    periods = retentions(ROOT)
    assert {column.retention for column in columns} == set(periods)
    assert set(labels.RETENTIONS) == {key for key, period in periods.items() if period.action != "keep"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"category": "horoscope"}, r"raw_erp.a_kopf.kundennr has the category horoscope"),
        ({"retention": "for_ever"}, r"raw_erp.a_kopf.kundennr has the retention for_ever"),
        ({"colour": "red"}, r"raw_erp.a_kopf.kundennr must have the keys category"),
    ],
)
def test_a_tag_that_nobody_explains_is_refused(
    manifest: dict[str, Any], change: dict[str, str], message: str
) -> None:
    meta = erp_tables(manifest)["a_kopf"]["kundennr"]["config"]["meta"]
    right = meta["personal_data"]
    meta["personal_data"] = {**right, **change}
    try:
        with pytest.raises(AtelierError, match=message):
            render(manifest, retentions(ROOT))
    finally:
        meta["personal_data"] = right


def test_the_register_is_what_the_tags_say(manifest: dict[str, Any]) -> None:
    for path, content in render(manifest, retentions(ROOT)).items():
        assert (ROOT / path).read_text(encoding="utf-8") == content, f"{path} is old: make gdpr-register"
