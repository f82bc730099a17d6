"""What the documents name is there, and nothing that is needed goes unnamed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]

CONTRACT_VARIABLES = {
    *("FTP_HOST", "FTP_PORT", "FTP_USER", "FTP_PASSWORD", "FTP_TLS", "FTP_ROOT", "FTP_AFTER_LOAD"),
    *("MYSQL_HOST", "MYSQL_PORT", "MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_DATABASE"),
    *("POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"),
    *("PLANT_TIMEZONE", "PSEUDONYM_KEY"),
}


def tracked(*patterns: str) -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / line for line in listing.splitlines()]


@pytest.mark.parametrize("page", tracked("*.md"), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not re.match(r"\w+:", link):
            assert (page.parent / link).exists(), f"{page.name} leads to {link}, which is not there"


def test_what_security_names_as_its_tests_is_there() -> None:
    named = re.findall(r"`([\w/]+/test_\w+\.py)`", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    assert len(named) > 10
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_every_variable_is_explained() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert named >= CONTRACT_VARIABLES
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {name for name in named if f"`{name}`" not in readme} == set()
    # And what the README explains can be copied from the example.
    explained = {
        name
        for row in re.findall(r"^\| (`[A-Z].*?) \|", readme, re.MULTILINE)
        for name in re.findall(r"`([A-Z_]+)`", row)
    }
    assert explained - named == set()


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in (ROOT / "README.md", ROOT / "CHANGELOG.md"):
        for target in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(), re.MULTILINE):
            assert target in targets, f"{page.name}: make {target}"


def test_every_job_and_schedule_is_as_promised() -> None:
    content = yaml.safe_load((ROOT / "orchestrate" / "orchestration.meltano.yml").read_text())
    jobs = {job["name"]: job["tasks"] for job in content["jobs"]}
    assert {"elt", "ftplogs", "erp", "transform"} <= set(jobs)
    schedules = {(schedule["interval"], schedule["job"]) for schedule in content["schedules"]}
    assert schedules == {
        ("*/15 * * * *", "ftplogs-to-marts"),
        ("0 9 * * *", "erp-to-marts"),
        ("0 14 * * *", "erp-to-marts"),
        ("30 2 * * *", "retention"),
        ("30 3 * * *", "backup"),
        ("0 * * * *", "freshness"),
    }
    assert all(job in jobs for _, job in schedules)


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text()
    for page in folder.glob("0*.md"):
        assert page.name in index
        text = page.read_text()
        for part in ("**Context.**", "**Decision.**", "**Consequences.**", "**Alternatives.**"):
            assert part in text, f"{page.name} has no {part}"


def test_the_checks_know_the_columns_that_the_tap_selects() -> None:
    from atelier.erp_source import ERP_COLUMNS

    extractors = yaml.safe_load((ROOT / "extract" / "extractors.meltano.yml").read_text())
    selected = next(
        plugin["select"] for plugin in extractors["plugins"]["extractors"] if plugin["name"] == "tap-mysql"
    )
    wanted = [f"*-{table}.{column}" for table, columns in ERP_COLUMNS.items() for column in columns]
    assert selected == [*wanted, "*-table_reads.*"]


def test_the_roles_know_every_schema() -> None:
    from atelier.rights import MODELLED, RAW

    extractors = yaml.safe_load((ROOT / "extract" / "extractors.meltano.yml").read_text())
    assert {plugin["load_schema"] for plugin in extractors["plugins"]["extractors"]} == set(RAW)
    project = (ROOT / "transform" / "dbt_project.yml").read_text()
    assert set(re.findall(r"^ *\+schema: (\w+)$", project, re.MULTILINE)) == set(MODELLED)
