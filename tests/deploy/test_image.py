"""What the image is made of, by the Dockerfile and what is sent to the engine."""

from __future__ import annotations

import posixpath
import re
import subprocess
from pathlib import Path

import pytest
from atelier_api.handbook import documents

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILES = [ROOT / "Dockerfile", *sorted((ROOT / "tests" / "deploy").glob("*/Dockerfile"))]
TEXT = DOCKERFILES[0].read_text(encoding="utf-8")


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_linter_of_dockerfiles_is_content(file: Path) -> None:
    done = subprocess.run(
        [str(ROOT / ".venv" / "bin" / "hadolint"), "--failure-threshold=style", "--no-color", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_an_ignored_rule_has_its_reason() -> None:
    """The first one says it; the same rule is then ignored for the same reason."""
    ignored = re.findall(r"(?m)^(.*)\n# hadolint ignore=(\S+)$", TEXT)
    assert {rule for _, rule in ignored} == {"DL3008"}
    assert ignored[0][0].startswith("# Debian replaces a version by its security update")


def test_no_stage_is_without_a_base_that_can_be_pinned() -> None:
    bases = re.findall(r"(?m)^FROM (\S+)", TEXT)
    stages = set(re.findall(r"(?m)^FROM \S+ AS (\S+)", TEXT))
    assert {base for base in bases if base not in stages} == {"${BASE_IMAGE}"}


def test_what_runs_is_no_root_and_has_a_fixed_number() -> None:
    final = TEXT[TEXT.index("AS runtime") : TEXT.index("AS trial")]
    assert re.findall(r"(?m)^USER (.+)$", final) == ["10001:10001"]
    assert re.findall(r"(?m)^USER (.+)$", TEXT[TEXT.index("AS trial") :])[-1] == "10001:10001"
    assert "HEALTHCHECK --interval" in final


def test_no_secret_is_an_argument_or_a_variable_of_the_image() -> None:
    names = re.findall(r"(?m)^(?:ARG|ENV|LABEL)?\s*([A-Z][A-Z_]+)=", TEXT)
    assert not [name for name in names if re.search("PASSWORD|SECRET|KEY|TOKEN", name)]


def test_no_host_is_written_into_it() -> None:
    for file in (*DOCKERFILES, ROOT / "compose.yaml"):
        found = set(re.findall(r"https?://[^/\s'\"}]+", file.read_text(encoding="utf-8")))
        assert found <= {"http://localhost:8000", "http://127.0.0.1:8000"}, file


def test_the_engine_is_sent_only_what_is_named() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    named = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert not {
        name for name in named if name.startswith((".git", ".env", ".local")) and name != ".env.example"
    }
    assert "deploy/secrets" in rules[len(named) :]


def test_documents_lead_only_to_what_the_image_has() -> None:
    """Or `atelier-api docs` would refuse them there."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")} - {"demo"}
    for page in documents.found(ROOT).values():
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.text):
            if not re.match(r"\w+:", link):
                target = posixpath.normpath(posixpath.join(posixpath.dirname(page.path), link))
                assert target.split("/")[0] in sent, f"{page.path} leads to {link}"
                assert "/tests/" not in target, f"{page.path} leads to {link}"


def test_the_version_is_that_of_compose() -> None:
    compose = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    version = re.search(r"(?m)^ARG VERSION=(\S+)$", TEXT)
    assert version is not None
    assert set(re.findall(r"ATELIER_VERSION:-([^}]+)", compose)) == {version[1]}
