"""A Docker engine for a test: one that is reachable, or Debian's, started for the test alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from atelier_demo.servers import apt

from deploy.programs import FOLDER, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE_IMAGE = "atelier-test/debian:bookworm-slim"
POSTGRES_IMAGE = "atelier-test/postgres:15"
_PACKAGES = {"dockerd": "docker.io", "docker-compose": "docker-compose", "debootstrap": "debootstrap"}


class Engine:
    """An engine, as the programs `docker` and `docker-compose` see it."""

    def __init__(self, address: str) -> None:
        self.environment = {
            **{name: os.environ[name] for name in ("HOME",) if name in os.environ},
            # Debian's own client first: it builds with BuildKit by itself.
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin:" + os.environ.get("PATH", ""),
            "DOCKER_HOST": address,
            "DOCKER_BUILDKIT": "1",
            "COMPOSE_DOCKER_CLI_BUILD": "1",
        }

    def run(self, *command: str, folder: Path = ROOT, seconds: float = 900) -> str:
        """Run a command that must succeed; return what it says on standard output."""
        done = subprocess.run(
            command,
            cwd=folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout


@contextmanager
def engine() -> Iterator[Engine]:
    """An engine; the test is skipped, with the reason, where there can be none."""
    if os.geteuid() != 0:
        pytest.skip("an engine and a clean root can only be made by root")
    missing = [package for name, package in _PACKAGES.items() if shutil.which(name) is None]
    if missing:
        try:
            apt.install(missing)
        except apt.AptError as error:
            pytest.skip(f"{', '.join(missing)} cannot be installed: {error}")
    with tempfile.TemporaryDirectory(prefix="atelier-docker-") as folder:
        address = f"unix://{folder}/sock"
        data = FOLDER / "docker"
        data.mkdir(parents=True, exist_ok=True)
        command = ["dockerd", f"--host={address}", f"--data-root={data}", f"--exec-root={folder}/exec"]
        found = Engine(address)
        with (
            (FOLDER / "dockerd.log").open("wb") as log,
            subprocess.Popen(
                [*command, f"--pidfile={folder}/pid"], stdout=log, stderr=log, env=found.environment
            ) as daemon,
        ):
            try:
                _wait(found, daemon)
                yield found
            finally:
                daemon.terminate()
                daemon.wait(120)


def _wait(found: Engine, daemon: subprocess.Popen[bytes]) -> None:
    for _ in range(120):
        done = subprocess.run(["docker", "version"], env=found.environment, capture_output=True, check=False)
        if done.returncode == 0:
            return
        if daemon.poll() is not None:
            lines = (FOLDER / "dockerd.log").read_text(errors="replace").splitlines()
            pytest.skip(f"no engine runs on this machine: {lines[-1] if lines else 'it says nothing'}")
        time.sleep(0.5)
    pytest.fail("the engine does not answer after a minute")


def make_base(found: Engine) -> None:
    """Make a clean Debian by debootstrap from the machine's own mirror, as the official image is made."""
    if found.run("docker", "images", "--quiet", BASE_IMAGE).strip():
        return
    sites = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)", "Codename: bookworm", "Origin: Debian"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    sites.sort(key=lambda site: "security" in site)
    if not sites:
        pytest.skip("apt knows no mirror of Debian 12 here: run apt-get update")
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        root = Path(folder) / "root"
        found.run("debootstrap", "--variant=minbase", "bookworm", str(root), sites[0])
        (root / "etc" / "apt" / "sources.list").write_text(
            "".join(f"deb {site} {suite} main\n" for site, suite in _suites(sites))
        )
        tar = Path(folder) / "base.tar"
        found.run("tar", "--directory", str(root), "--create", "--file", str(tar), ".")
        found.run("docker", "import", str(tar), BASE_IMAGE)


def _suites(sites: list[str]) -> list[tuple[str, str]]:
    suites = [(sites[0], "bookworm"), (sites[0], "bookworm-updates")]
    return suites + [(site, "bookworm-security") for site in dict.fromkeys(sites) if "security" in site]


def make_context(folder: Path) -> None:
    """Copy what git knows of the project, and what this machine trusts beside Debian's authorities."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    for name in filter(None, names.decode().split("\0")):
        if (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    certificates = folder / "deploy" / "site" / "certificates"
    for path in Path("/etc/ssl/certs").glob("*.pem"):
        if not path.is_symlink():
            shutil.copy(path, certificates / f"{path.stem}.crt")
    for path in Path("/usr/local/share/ca-certificates").glob("*.crt"):
        shutil.copy(path, certificates)
