"""A plain host, by the very commands of docs/install.md: systemd is the first process of a container here.

Its sources are the trial's, its warehouse is the host's own PostgreSQL.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from atelier.secret_files import API, PIPELINE, SECRETS

from deploy.engine import BASE_IMAGE, make_context
from deploy.programs import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(1800)]

#: What a shell, an EnvironmentFile and a .env would each read otherwise, were it not quoted.
PASSWORD = 'p@ss w/rd%#?$HOME"'  # noqa: S105 # of a host that is gone after the test


class Host:
    """A machine with systemd."""

    def __init__(self, stack: Stack, name: str) -> None:
        self.stack = stack
        self.name = name

    def shell(self, script: str, seconds: float = 900) -> str:
        """Run commands as root in a shell; they must succeed."""
        return self.stack.engine.run(
            "docker", "exec", self.name, "bash", "-euo", "pipefail", "-c", script, seconds=seconds
        )


def documented(heading: str, number: int) -> str:
    """A block of commands of docs/install.md."""
    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    section = text[text.index(f"\n## {heading}") :]
    blocks: list[str] = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return blocks[number]


@pytest.fixture(scope="module")
def host(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    run = stack.engine.run
    image, name = "atelier-test/host", f"{stack.engine.environment['COMPOSE_PROJECT_NAME']}-host"
    here = str(ROOT / "tests" / "deploy" / "host")
    run("docker", "build", "--build-arg", f"BASE_IMAGE={BASE_IMAGE}", "--tag", image, here)
    stack.wait_for("trial-data", "{{.State.Status}}", "exited")
    network = f"{stack.engine.environment['COMPOSE_PROJECT_NAME']}_sources"
    # What systemd wants to make name spaces for its services, and we to look into them; less than privileged.
    cgroups = (
        "--cap-add=SYS_ADMIN",
        "--cap-add=SYS_PTRACE",
        "--security-opt=seccomp=unconfined",
        "--cgroupns=private",
    )
    run(
        "docker",
        "run",
        "--detach",
        *cgroups,
        "--tmpfs=/run",
        "--tmpfs=/tmp",
        f"--name={name}",
        f"--network={network}",
        image,
    )
    try:
        project = tmp_path_factory.mktemp("release")
        make_context(project)
        found = Host(stack, name)
        for _ in range(60):
            state = found.shell("systemctl is-system-running || true").strip()
            if state in {"running", "degraded"}:
                break
            time.sleep(1)
        else:
            pytest.skip(f"systemd does not start in a container here: {state}")
        # As `git clone` makes it; a test's own folders are for nobody else.
        project.chmod(0o755)
        run("docker", "cp", f"{project}/.", f"{name}:/opt/atelier")
        yield found
    finally:
        run("docker", "rm", "--force", "--volumes", name)


@pytest.fixture(scope="module")
def installed(host: Host) -> Host:
    """The host after the blocks of the chapter on systemd, but for `git clone` and `apt-get`."""
    first, second = documented("B. A plain host", 0), documented("B. A plain host", 1)
    assert "git clone … /opt/atelier && cd /opt/atelier\n" in first
    first = first.replace("git clone … /opt/atelier && cd", "cd").replace("apt-get install", "true")
    certificates = (
        "cp deploy/site/certificates/*.crt /usr/local/share/ca-certificates/ || true; update-ca-certificates"
    )
    host.shell(f"cd /opt/atelier; {certificates}\n{first}")
    secrets = host.stack.secrets()
    host.shell(
        "systemctl start postgresql && cd / && su postgres -c psql <<'SQL'\n"
        f"create role atelier login createrole password '{PASSWORD}';\n"
        "create database atelier owner atelier encoding 'UTF8' template template0;\nSQL"
    )
    values = {
        "FTP_HOST": "ftp",
        "FTP_PORT": "2121",
        "FTP_USER": "anonymous",
        "FTP_PASSWORD": secrets["ftp_password"],
        "FTP_ROOT": "/srv/ftp/files",
        "MYSQL_HOST": "erp",
        "MYSQL_USER": "atelier",
        "MYSQL_PASSWORD": secrets["mysql_password"],
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_USER": "atelier",
        "POSTGRES_PASSWORD": f"'{PASSWORD}'",
        "PSEUDONYM_KEY": secrets["pseudonym_key"],
        "API_SECRET_KEY": secrets["api_secret_key"],
    }
    filled = "".join(f"{name}={value}\n" for name, value in values.items())
    # Later lines win; the file keeps its rights.
    split = "cd /opt/atelier && .venv/bin/atelier schedules split-secrets --environment=prod"
    host.shell(f"cat >>/etc/atelier/atelier.env <<'END'\n{filled}END\n{split}")
    said = host.shell(f"cd /opt/atelier\n{second}")
    assert "http://127.0.0.1:8000/setup/" in said
    return host


def test_services_run_and_the_marts_are_filled(installed: Host) -> None:
    count = "cd / && su postgres -c \"psql -Atc 'select count(*) from marts.fct_sessions' atelier\""
    assert int(installed.shell(count)) > 30
    installed.shell("systemctl is-active atelier-scheduler atelier-api")
    installed.shell("cd /opt/atelier && deploy/as-service atelier scheduler health")
    # What stands in front of a one-off command goes before the file.
    elsewhere = (
        "cd /opt/atelier && POSTGRES_DB=elsewhere deploy/as-service atelier scheduler status 2>&1 || :"
    )
    assert "database elsewhere at 127.0.0.1" in installed.shell(elsewhere)
    request = (
        "CUSTOMER='no such' REQUESTED_BY=DPO REFERENCE=1 deploy/as-service atelier gdpr export 2>&1 || :"
    )
    assert "no customer is named" not in installed.shell(f"cd /opt/atelier && {request}")
    ready = "python3 -c \"from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/ready')\""
    installed.shell(ready)


def test_services_see_little_of_the_host(installed: Host) -> None:
    """In their name spaces, as systemd has made them."""
    enter = "nsenter --mount --target $(systemctl show --property=MainPID --value atelier-scheduler)"
    loop = "for place in /opt/atelier /etc /usr; do touch $place/x 2>&1 && echo WRITTEN; done; :"
    script = f"{enter} sh -c '{loop}'"
    assert "WRITTEN" not in installed.shell(script)
    assert installed.shell("stat -c %U:%a /etc/atelier/atelier.env /etc/atelier").split() == [
        "root:600",
        "root:700",
    ]
    owner = "stat -c %U /proc/$(systemctl show --property=MainPID --value atelier-api)"
    assert installed.shell(owner).strip() == "atelier-api"
    variables = "tr '\\0' '\\n' </proc/$(systemctl show --property=MainPID --value {})/environ | cut -d= -f1"
    for unit, service in (("atelier-scheduler", PIPELINE), ("atelier-api", API)):
        there = set(installed.shell(variables.format(unit)).split())
        own = {name for name, services in SECRETS.items() if service in services}
        assert there & set(SECRETS) <= own, unit
    process = "$(systemctl show --property=MainPID --value atelier-api)"
    hidden = f"nsenter --mount --target {process} ls /var/lib/atelier"
    assert installed.shell(f"{hidden} 2>&1 || :").strip() == ""


def test_a_timer_starts_a_run(installed: Host) -> None:
    """The system itself at work in the scheduler's place: the run of a schedule, recorded as such."""
    installed.shell("systemctl stop atelier-scheduler && systemctl start atelier-retention-at-night.timer")
    assert "atelier-retention-at-night.timer" in installed.shell("systemctl list-timers --all")
    installed.shell("systemctl start atelier-run@retention-at-night")
    query = (
        "select job, outcome from ops.runs where schedule = 'retention-at-night' "
        "order by started_at desc limit 1"
    )
    said = installed.shell(f'cd / && su postgres -c "psql -At atelier" <<< "{query}"')
    assert said.strip() == "retention|succeeded"


def test_cron_starts_a_run(installed: Host) -> None:
    """The crontab is taken by cron; its line, started by cron within a minute, is recorded."""
    installed.shell(f"cd /opt/atelier\n{documented('C. cron', 0)}\n{documented('C. cron', 1)}")
    listing = installed.shell("crontab -u atelier -l")
    assert "atelier alerts send" in listing
    assert "30 2 * * *" in listing
    soon = installed.shell("date --date='+65 seconds' '+%-M %-H'").strip()
    installed.shell(
        f"crontab -u atelier -l | sed 's/^30 2 /{soon} /' | crontab -u atelier - && systemctl restart cron"
    )
    query = "select count(*) from ops.runs where schedule = 'retention-at-night' and outcome = 'succeeded'"
    for _ in range(60):
        if int(installed.shell(f'cd / && su postgres -c "psql -At atelier" <<< "{query}"')) == 2:
            return
        time.sleep(3)
    pytest.fail("cron has started no run: " + installed.shell("journalctl -u cron --no-pager | tail -20"))


def test_nothing_is_left(installed: Host) -> None:
    """The uninstallation as it is written, where cron starts the runs beside units that are there."""
    _, ours = documented("Uninstall", 0).split("\n\n")
    installed.shell(ours)
    assert installed.shell("systemctl list-unit-files 'atelier-*' --no-legend || :").strip() == ""
    assert (
        installed.shell("ls -d /opt/atelier /etc/atelier /var/lib/atelier /var/log/atelier 2>/dev/null || :")
        == ""
    )
