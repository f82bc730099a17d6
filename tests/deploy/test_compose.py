"""What compose.yaml says once Compose itself has read it."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from atelier.secret_files import API, PIPELINE, SECRETS, SUFFIX

from deploy.programs import essentials, program, said

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]

#: Where it listens in its container, and what the image has on its path.
SET_FOR_GOOD = {"API_HOST", "API_PORT", "PG_BIN_DIR"}


def compose_command() -> list[str]:
    """Compose: the plugin where there is one, else Debian's program."""
    docker = shutil.which("docker")
    if docker:
        done = subprocess.run([docker, "compose", "version"], capture_output=True, check=False)
        if done.returncode == 0:
            return [docker, "compose"]
    return program("docker-compose", "docker-compose")


def configuration(folder: Path, **variables: str) -> dict[str, Any]:
    """What Compose makes of the file, in a folder without any .env."""
    shutil.copy(ROOT / "compose.yaml", folder)
    shutil.copytree(
        ROOT / "deploy", folder / "deploy", ignore=shutil.ignore_patterns("secrets"), dirs_exist_ok=True
    )
    subprocess.run([str(folder / "deploy" / "make-secrets")], capture_output=True, check=True)
    command = [*compose_command(), "--profile", "trial", "config"]
    found: dict[str, Any] = yaml.safe_load(said(command, essentials(**variables), folder))
    return found


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return configuration(tmp_path_factory.mktemp("compose"))


def environment(service: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: "" if value is None else str(value) for name, value in service.get("environment", {}).items()
    }


def test_every_container_is_restrained(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert "privileged" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["init"] is True, name
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name
        assert service.get("user") == ("999:999" if name == "postgres" else None), name


def test_what_serves_is_watched_and_started_again(compose: dict[str, Any]) -> None:
    for name in ("postgres", "scheduler", "api", "ftp", "erp"):
        assert compose["services"][name]["healthcheck"]["test"], name
        assert compose["services"][name]["restart"] == "unless-stopped", name


def test_only_the_api_can_be_reached_and_only_from_this_machine(compose: dict[str, Any]) -> None:
    published = {
        name: service["ports"] for name, service in compose["services"].items() if service.get("ports")
    }
    assert set(published) == {"api"}
    assert "127.0.0.1" in str(published["api"])
    assert compose["networks"]["warehouse"]["internal"] is True
    assert set(compose["services"]["postgres"]["networks"]) == {"warehouse"}


def test_no_secret_is_a_value(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert not set(SECRETS) & set(environment(service)), name


def test_who_is_told_of_a_secret_has_it(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        has = {
            f"/run/secrets/{each if isinstance(each, str) else each['source']}" for each in service["secrets"]
        }
        told = {value for key, value in environment(service).items() if key.endswith("_FILE") and value}
        assert told <= has, name


def mounts(service: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    """Volume, place and `ro` or `rw` of each mount, as old and new Compose have them."""
    found = set()
    for each in service["volumes"]:
        if isinstance(each, str):
            source, target, *mode = each.split(":")
            found.add((source, target, mode[0] if mode else "rw"))
        else:
            found.add((each["source"], each["target"], "ro" if each.get("read_only") else "rw"))
    return found


@pytest.mark.security(
    attack="a hole in one service opens the others",
    rule="each service has its own secrets",
)
@pytest.mark.parametrize(
    ("name", "service"), [("scheduler", PIPELINE), ("trial-run", PIPELINE), ("api", API)]
)
def test_each_service_gets_its_own_secrets_and_no_other(
    compose: dict[str, Any], name: str, service: str
) -> None:
    found = compose["services"][name]
    own = {secret for secret, services in SECRETS.items() if service in services}
    assert {each["source"] for each in found["secrets"]} == {secret.lower() for secret in own}
    told = {key.removesuffix(SUFFIX) for key in environment(found) if key.removesuffix(SUFFIX) in SECRETS}
    assert told == own


@pytest.mark.security(
    attack="passwords and exports in the files of runs",
    rule="the API sees the documentation alone, read-only",
)
def test_the_api_sees_of_the_files_of_runs_the_documentation_alone(compose: dict[str, Any]) -> None:
    (docs,) = mounts(compose["services"]["api"])
    assert docs[0].endswith("docs")
    assert docs[2] == "ro"
    assert (*docs[:2], "rw") in mounts(compose["services"]["scheduler"])
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    places = dict(re.findall(r"(\w+)=(/var/\S+)", image))
    assert places["ATELIER_DOCS_DIR"].startswith(f"{docs[1]}/")
    # What may hold passwords, personal data or copies of the warehouse.
    for variable in ("MELTANO_SYS_DIR_ROOT", "EXPORT_FOLDER", "BACKUP_DIR", "ATELIER_LOG_DIR"):
        assert not places[variable].startswith(f"{docs[1]}/")


def test_the_api_knows_nothing_of_the_sources(compose: dict[str, Any]) -> None:
    api = compose["services"]["api"]
    assert not [name for name in environment(api) if name.startswith(("FTP_", "MYSQL_", "PSEUDONYM"))]
    assert "sources" not in api["networks"]


def test_every_variable_gets_to_where_it_is_read(tmp_path: Path) -> None:
    """Each of .env.example, set to something, arrives in a container."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    names = set(re.findall(r"(?m)^([A-Z_]+)=", example)) - set(SECRETS) - SET_FOR_GOOD
    # Folders are volumes, whose places the image names.
    folders = {name for name in names if name.endswith("_DIR")}
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert {name for name in folders if f"{name}=" not in image} == set()
    services = configuration(tmp_path, **{name: f"set-{name}" for name in names - folders})["services"]
    arrived = {**environment(services["scheduler"]), **environment(services["api"])}
    assert {name: arrived.get(name) for name in names - folders} == {
        name: f"set-{name}" for name in names - folders
    }


def test_defaults_are_those_of_the_example(compose: dict[str, Any]) -> None:
    """But for the names of servers, which lead to the trial's."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    services = compose["services"]
    arrived = {**environment(services["scheduler"]), **environment(services["api"])}
    others = {"FTP_HOST", "FTP_PORT", "FTP_USER", "FTP_ROOT", "MYSQL_HOST", "MYSQL_USER", "POSTGRES_HOST"}
    others |= {"POSTGRES_USER", "API_HOST", "API_PUBLIC_URL"}
    for name, value in re.findall(r"(?m)^([A-Z_]+)=(.*)$", example):
        if name in arrived and name not in others:
            assert arrived[name] == value, name


def test_the_warehouse_is_no_newer_than_what_dumps_it(compose: dict[str, Any]) -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    server = re.search(r"POSTGRES_IMAGE:-postgres:(\d+)", text)
    client = re.search(r"POSTGRES_CLIENT:-postgresql-client-(\d+)", text)
    assert server is not None
    assert client is not None
    assert int(client[1]) >= int(server[1])
    assert f"ARG POSTGRES_CLIENT=postgresql-client-{client[1]}\n" in (ROOT / "Dockerfile").read_text()
    assert "--log_error_verbosity=terse" in compose["services"]["postgres"]["command"]
    assert "--log_min_error_statement=panic" in compose["services"]["postgres"]["command"]


def test_secrets_are_made_once_and_stay(tmp_path: Path) -> None:
    folder, own = tmp_path / "with blank" / "secrets", "the plant's own"
    for _ in range(2):
        subprocess.run([str(ROOT / "deploy" / "make-secrets"), str(folder)], capture_output=True, check=True)
        found = {path.name: path.read_text() for path in folder.iterdir()}
        (folder / "ftp_password").chmod(0o600)
        (folder / "ftp_password").write_text(own)
    wanted = yaml.safe_load((ROOT / "compose.yaml").read_text())["secrets"]
    assert set(found) == set(wanted)
    assert found["ftp_password"] == own
    empty = {name for name, text in found.items() if not text}
    assert empty == {"smtp_password", "alert_webhook_secret"}
    made = [text for name, text in found.items() if text and name != "ftp_password"]
    assert all(re.fullmatch(r"[\w-]{48}", text) for text in made)
    assert len(set(made)) == len(made)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
