"""The dbt project keeps its own rules: layers, contracts, descriptions, tested grains."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("staging", "intermediate", "marts")

#: What each layer may read. Seeds are business data: any layer of models may use them.
MAY_READ = {
    "staging": {"source", "seed"},
    "intermediate": {"staging", "intermediate", "seed"},
    "marts": {"staging", "intermediate", "marts", "seed", "snapshot"},
    # A snapshot is a memory: it reads what is computed from the sources, and only facts for people read it.
    "snapshot": {"intermediate"},
}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Dbt's own picture of the project; parsing it needs no database."""
    target = tmp_path_factory.mktemp("manifest")
    fake = {f"POSTGRES_{name}": "1" for name in ("HOST", "PORT", "USER", "PASSWORD", "DB")}
    done = subprocess.run(
        [
            str(ROOT / ".venv" / "bin" / "dbt"),
            "parse",
            "--no-partial-parse",
            "--target-path",
            str(target),
            "--warn-error-options",
            '{"error": "all"}',
        ],
        cwd=ROOT / "transform",
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(target),
            "DBT_PROFILES_DIR": str(ROOT / "transform"),
            **fake,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    content: dict[str, Any] = json.loads((target / "manifest.json").read_text())
    return content


def models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def snapshots(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "snapshot"]


def layer(node: dict[str, Any]) -> str:
    return str(node["fqn"][1] if node["resource_type"] == "model" else node["resource_type"])


def test_each_layer_reads_only_what_it_may(manifest: dict[str, Any]) -> None:
    everything = {**manifest["nodes"], **manifest["sources"]}
    assert {layer(model) for model in models(manifest)} == set(LAYERS)
    wrong = [
        f"{model['name']} reads {everything[parent]['name']}"
        for model in [*models(manifest), *snapshots(manifest)]
        for parent in model["depends_on"]["nodes"]
        if layer(everything[parent]) not in MAY_READ[layer(model)]
    ]
    assert not wrong


def test_a_source_is_read_by_one_staging_model(manifest: dict[str, Any]) -> None:
    readers: dict[str, list[str]] = {source: [] for source in manifest["sources"]}
    for model in models(manifest):
        for parent in model["depends_on"]["nodes"]:
            if parent in readers:
                readers[parent].append(model["name"])
    for source, names in readers.items():
        schema, table = source.split(".")[-2:]
        area = schema.removeprefix("raw_")
        assert len(names) == 1, f"{source} is read by {names}"
        assert names[0].startswith(f"stg_{area}__"), table


def test_everything_is_described(manifest: dict[str, Any]) -> None:
    missing = []
    for node in [*models(manifest), *snapshots(manifest), *manifest["sources"].values()]:
        if not node["description"].strip():
            missing.append(node["unique_id"])
        if not node["columns"]:
            missing.append(f"{node['unique_id']}: no columns")
        missing += [
            f"{node['unique_id']}.{column['name']}"
            for column in node["columns"].values()
            if not column["description"].strip()
        ]
    assert not missing


def test_a_fact_says_its_grain_and_keeps_a_contract(manifest: dict[str, Any]) -> None:
    for model in models(manifest):
        if layer(model) != "marts":
            continue
        assert model["contract"]["enforced"], model["name"]
        assert model["description"].startswith("One row per "), model["name"]


def test_every_mart_has_a_tested_key(manifest: dict[str, Any]) -> None:
    tested = {
        node.get("attached_node")
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and "unique" in (node.get("test_metadata") or {}).get("name", "")
    }
    assert {model["unique_id"] for model in models(manifest) if layer(model) != "staging"} <= tested


@pytest.mark.parametrize(
    "rule",
    [
        "test_an_order_counts_when_all_three_hold",
        "test_an_order_counts_in_whatever_spelling",
        "test_text_is_repaired_where_it_is_certain",
        "test_a_code_starts_with_a_shutter_prefix",
        "test_a_deleted_event_manages_no_stock",
        "test_stopped_wins_over_waiting_over_productive",
        "test_a_stop_ends_with_the_start_right_after_it",
        "test_a_wait_lasts_the_number_before_sec",
        "test_a_night_shift_belongs_to_the_day_it_began",
        "test_a_file_sent_twice_never_counts_twice",
        "test_only_the_current_version_of_a_path_counts",
        "test_an_order_is_planned_in_whatever_spelling",
        "test_a_status_has_one_form_in_all_its_spellings",
        "test_an_order_that_returns_to_a_status_has_two_stretches",
        "test_the_last_status_of_a_deleted_order_ends",
        "test_a_lead_time_runs_from_planned_to_the_first_done",
        "test_a_file_whose_lines_lost_a_text_makes_its_session_anew",
        "test_a_day_counts_stretches_of_stops_and_waits",
        "test_the_rates_of_a_week_come_from_its_sums",
        "test_a_week_belongs_to_the_year_of_its_thursday",
        "test_an_event_leads_back_to_its_line",
        "test_a_replaced_version_counts_in_no_session",
        "test_a_source_is_as_fresh_as_its_last_successful_load",
        "test_the_plant_works_by_weekday_break_and_closure",
        "test_a_machine_is_silent_by_the_time_in_which_the_plant_works",
        "test_no_machine_falls_silent_at_night",
        "test_a_working_day_without_a_file_is_missed",
        "test_the_clock_of_a_file_is_followed_line_by_line",
        "test_the_hour_that_autumn_repeats_is_no_jump",
        "test_a_job_has_failed_until_it_succeeds",
        "test_a_backup_is_too_old_after_two_days",
        "test_an_alert_says_what_where_since_when_and_what_to_do",
        "test_a_silence_holds_for_its_kind_its_machine_and_its_days",
        "test_a_piece_counts_for_the_orders_that_it_names",
        "test_the_history_keeps_its_beginning_without_its_first_rows",
    ],
)
def test_each_business_rule_has_a_unit_test(manifest: dict[str, Any], rule: str) -> None:
    assert rule in {test["name"] for test in manifest["unit_tests"].values()}
