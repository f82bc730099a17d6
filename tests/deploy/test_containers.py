"""The image, built from a clean Debian, and all of compose.yaml with its trial, in real containers.

The one part that is not what a plant would run is PostgreSQL's image (tests/deploy/postgres): build machines
reach no registry.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from deploy.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(1800)]


def test_the_trial_is_like_the_demo(stack: Stack) -> None:
    """The sources are filled, the first run succeeds, the API has figures, the scheduler lives."""
    stack.wait_for("trial-run", "{{.State.Status}}", "exited")
    assert stack.inspect("trial-run", "{{.State.ExitCode}}") == "0", stack.compose("logs", "trial-run")[
        -4000:
    ]
    for service in ("postgres", "scheduler", "api", "ftp", "erp"):
        stack.wait_for(service, "{{.State.Health.Status}}", "healthy", 180)
    said = re.search(r"(\d+) files of (\d+) machines", stack.compose("logs", "trial-data"))
    assert said is not None
    assert stack.sql("select count(*) from marts.dim_machines") == said[2]
    assert int(stack.sql("select count(*) from marts.fct_sessions")) > 30
    assert int(stack.sql("select count(*) from marts.fct_shutter_orders")) > 100
    assert (stack.get("/health"), stack.get("/ready")) == (200, 200)
    assert "logs-every-15-minutes" in stack.inside("scheduler", "atelier", "scheduler", "status")


def test_filling_the_sources_again_changes_nothing(stack: Stack) -> None:
    """As every `up` does it."""
    script = "cd /srv/ftp/files && find . -type f -exec sha256sum {} + | sort"
    before = stack.inside("ftp", "sh", "-c", script)
    stack.compose("run", "--rm", "trial-data")
    assert stack.inside("ftp", "sh", "-c", script) == before


@pytest.mark.parametrize("service", ["scheduler", "api", "ftp", "erp"])
def test_a_container_can_do_little(stack: Stack, service: str) -> None:
    status = stack.inside(service, "cat", "/proc/self/status")
    assert re.findall(r"(?m)^CapBnd:\s*(\w+)$", status) == ["0" * 16]
    assert re.findall(r"(?m)^NoNewPrivs:\s*(\d)$", status) == ["1"]
    assert stack.inside(service, "id", "-u").strip() == "10001"
    script = (
        "for place in / /opt/atelier /usr/local /etc /home; do touch $place/x 2>&1 && echo WRITTEN; done; :"
    )
    assert "WRITTEN" not in stack.inside(service, "sh", "-c", script)
    changed = stack.engine.run("docker", "diff", stack.container(service)).split("\n")
    # The engine's own: the places of secrets and of its init.
    assert not [line for line in changed if line and not re.match(r"[AC] /(run|usr|usr/sbin)(/|$)", line)]


def test_the_image_holds_no_more_than_it_needs(stack: Stack) -> None:
    names = set(stack.inside("scheduler", "ls", "-A", "/opt/atelier", "/opt/atelier/deploy").split())
    assert not names & {".env", ".git", ".local", "tests", "demo", "secrets", "node_modules"}
    packages = stack.inside("scheduler", "ls", "/opt/atelier/.venv/lib/python3.11/site-packages")
    assert "pytest" not in packages
    owners = stack.inside("scheduler", "find", "/opt/atelier", "!", "-user", "root")
    assert owners == ""
    # PyPI's tap-mysql has an environment of its own.
    assert stack.inside("scheduler", "ls", "extract/tap_mysql_published/.venv/bin/tap-mysql")


def test_no_secret_is_in_an_image_a_configuration_or_a_log(stack: Stack) -> None:
    services = ("postgres", "scheduler", "api", "ftp", "erp", "trial-data", "trial-run")
    shown = [stack.compose("logs", "--no-color"), stack.compose("config")]
    shown += [stack.engine.run("docker", "inspect", stack.container(service)) for service in services]
    for image in ("atelier:0.2.0", "atelier-trial:0.2.0"):
        shown.append(stack.engine.run("docker", "history", "--no-trunc", image))
        shown.append(stack.engine.run("docker", "inspect", image))
    shown.append(stack.inside("scheduler", "sh", "-c", "find /var/log/atelier -type f -exec cat {} +"))
    shown.append(stack.inside("scheduler", "sh", "-c", "cat /proc/1/environ | tr '\\0' '\\n'"))
    text = "\n".join(shown)
    assert len(stack.secrets()) == 7
    assert [name for name, secret in stack.secrets().items() if secret in text] == []


def test_the_api_cannot_reach_the_sources_and_nobody_the_warehouse(stack: Stack) -> None:
    script = "import socket; socket.create_connection(('ftp', 2121), 5)"
    with pytest.raises(AssertionError, match=r"Name or service|Temporary failure"):
        stack.inside("api", "python", "-c", script)
    assert stack.inspect("postgres", "{{json .NetworkSettings.Ports}}") in {"{}", '{"5432/tcp":null}'}
    ports = json.loads(stack.inspect("api", "{{json .NetworkSettings.Ports}}"))
    assert {binding["HostIp"] for bindings in ports.values() for binding in bindings} == {"127.0.0.1"}


def test_the_warehouse_is_set_up_as_the_documents_demand(stack: Stack) -> None:
    settings = {
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "password_encryption": "scram-sha-256",
    }
    for name, value in settings.items():
        assert stack.sql(f"show {name}") == value
    assert stack.sql("select rolsuper, rolcreaterole from pg_roles where rolname = 'atelier'") == "f|t"
    # Each step works as a role of its own, with least rights.
    assert stack.sql("select count(*) from pg_roles where rolname like 'atelier\\_%'") == "5"


def test_the_planners_files_are_those_of_the_host(stack: Stack) -> None:
    folder = "/opt/atelier/transform/seeds"
    places = stack.inspect("scheduler", "{{range .Mounts}}{{.Source}} {{.Destination}}\n{{end}}")
    here = stack.folder / "transform" / "seeds"
    assert f"{here} {folder}" in places
    hours = (here / "working_hours.csv").read_text(encoding="utf-8")
    assert stack.inside("scheduler", "cat", f"{folder}/working_hours.csv") == hours


def test_pg_dump_of_the_image_can_dump_the_warehouse(stack: Stack) -> None:
    script = (
        "PGPASSWORD=$(cat /run/secrets/postgres_password) "
        "pg_dump --host=postgres --username=atelier --schema=snapshots atelier"
    )
    assert "CREATE TABLE snapshots.order_history" in stack.inside("scheduler", "sh", "-c", script)


def test_documentation_and_first_link_are_made_in_the_container(stack: Stack) -> None:
    assert "the server has it under /docs" in stack.inside("scheduler", "atelier-api", "docs")
    site = stack.inside("api", "sh", "-c", 'ls "$ATELIER_DOCS_DIR"; touch "$ATELIER_DOCS_DIR/x" 2>&1; :')
    assert "index.html" in site
    assert "Read-only file system" in site
    # Neither what a run keeps nor what it exports.
    assert (
        stack.inside(
            "api", "find", "/var/lib/atelier", "/var/log/atelier", "/var/backups/atelier", "-type", "f"
        )
        == ""
    )
    link = stack.inside("api", "atelier-api", "setup-link").strip().splitlines()[-1]
    path = "/" + link.split("/", 3)[3]
    assert stack.get(path) == 200


def test_the_scheduler_stops_when_asked(stack: Stack) -> None:
    started = time.monotonic()
    stack.compose("stop", "scheduler")
    assert time.monotonic() - started < 115
    assert stack.inspect("scheduler", "{{.State.ExitCode}}") == "0"
    assert "the scheduler has stopped" in stack.compose("logs", "--tail=20", "scheduler")
    stack.compose("start", "scheduler")


def test_new_containers_go_on_with_the_old_data(stack: Stack) -> None:
    """The upgrade as docs/install.md has it: other containers on the same volumes."""
    figures = "select count(*), sum(piece_count) from marts.fct_sessions"
    before = stack.sql(figures)
    first = stack.container("api")
    stack.compose("up", "--detach", "--force-recreate", "--no-deps", "postgres", "scheduler", "api")
    assert stack.container("api") != first
    for service in ("postgres", "scheduler", "api"):
        stack.wait_for(service, "{{.State.Health.Status}}", "healthy", 180)
    assert stack.sql(figures) == before
    stack.compose("run", "--rm", "trial-run", "meltano", "run", "elt")
    assert stack.sql(figures) == before
