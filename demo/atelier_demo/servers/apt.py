"""Debian's and Ubuntu's packages by way of apt: installed by root, unpacked into a folder by anyone."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT_SECONDS = 600
# Asked by a package's scripts before they start a service; 101 means: leave it.
POLICY = Path("/usr/sbin/policy-rc.d")
_POLICY_TEXT = "#!/bin/sh\n# Put here for a moment by Atelier's demo: start no service.\nexit 101\n"

# What packages would start at the next boot.
_SERVICES = {"vsftpd": ("vsftpd",), "docker.io": ("docker", "containerd")}

_INSTALLED = re.compile(r"^Inst (?P<name>\S+) (?P<old>\[\S+\] )?\((?P<version>\S+)", re.MULTILINE)


class AptError(Exception):
    """What apt or dpkg said, in a line."""


def is_here() -> bool:
    """Tell whether this system has apt and dpkg."""
    return all(shutil.which(name) for name in ("apt-get", "apt-cache", "dpkg"))


def install(wanted: list[str]) -> None:
    """Install packages as root, without starting any service, now or at the next boot.

    Nothing that is installed is ever removed for it.

    Raises:
        AptError: They cannot be installed.
    """
    options = ["-o", "DPkg::Lock::Timeout=120"]
    with _no_services():
        names = resolve(wanted, options)
        if names is None:
            _run(["apt-get", *options, "update"])
            names = resolve(wanted, options) or wanted
        command = ["apt-get", *options, "install", "-y", "--no-install-recommends", "--no-remove", *names]
        try:
            _run(command)
        except AptError:
            # The lists may be older than what the mirror still has.
            _run(["apt-get", *options, "update"])
            _run(command)
        for name in names:
            for service in _SERVICES.get(name, ()):
                _disable(service)


def unpack(wanted: list[str], root: Path, work: Path) -> None:
    """Unpack packages, and those that they need and the system lacks, into a folder. Needs no rights.

    Args:
        wanted: Names of packages.
        root: The folder that becomes their `/`.
        work: A folder for lists and downloads.

    Raises:
        AptError: They cannot be had.
    """
    downloads = work / "downloads"
    fresh = root.with_name(f"{root.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for folder in (fresh, downloads, work / "lists" / "partial", work / "cache" / "archives" / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    private = [
        *("-o", f"Dir::State::lists={work / 'lists'}"),
        *("-o", f"Dir::Cache={work / 'cache'}"),
        *("-o", "Debug::NoLocking=1"),
        # As root, apt would fetch as user _apt, who may not write here.
        *("-o", "APT::Sandbox::User=root"),
    ]
    try:
        # The system's lists save a download of some 10 MB, as long as they name what the mirror still has.
        _download(wanted, downloads, private[2:])
    except AptError:
        _run(["apt-get", *private, "update"])
        _download(wanted, downloads, private)
    for package in sorted(downloads.glob("*.deb")):
        _run(["dpkg", "-x", str(package), str(fresh)])
    # A program must not be there before its libraries are.
    if root.exists():
        _run(["cp", "-a", f"{fresh}/.", str(root)])
        shutil.rmtree(fresh)
    else:
        fresh.rename(root)
    shutil.rmtree(work, ignore_errors=True)


def resolve(wanted: list[str], options: list[str]) -> list[str] | None:
    """Return the names under which the lists know packages, or None if they do not know one of them.

    Ubuntu 22.04 and Debian 11 have the version in the name, as `mariadb-server-core-10.6`. A name that ends
    in a hyphen, as `postgresql-`, wants it there: the name without is that of an empty package.
    """
    names = []
    for name in wanted:
        pattern = f"^{re.escape(name.removesuffix('-'))}(-[0-9.]+)?$"
        listed = _run(["apt-cache", *options, "search", "--names-only", pattern])
        found = [line.split()[0] for line in listed.splitlines() if line.strip()]
        if not found:
            return None
        names.append(name if name in found else max(found, key=_version))
    return names


def needed(listing: str) -> list[str]:
    """Return the packages, as `name=version`, that a simulated installation would add.

    Those that it would only upgrade are left out: the system's own are in use, and a second C library next
    to the first would not run.
    """
    return [
        f"{match['name']}={match['version']}"
        for match in _INSTALLED.finditer(listing)
        if match["old"] is None
    ]


def _download(wanted: list[str], folder: Path, options: list[str]) -> None:
    names = resolve(wanted, options)
    if names is None:
        raise AptError(f"apt knows no {' or '.join(wanted)}")
    listing = _run(["apt-get", *options, "install", "--simulate", "--no-install-recommends", *names])
    packages = needed(listing)
    # A package that is installed, but was asked for all the same, is not listed.
    listed = {package.partition("=")[0] for package in packages}
    packages += [name for name in names if name not in listed]
    _run(["apt-get", *options, "download", *packages], folder)


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", name))


def _run(command: list[str], folder: Path | None = None) -> str:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    environment["PATH"] = os.pathsep.join((environment.get("PATH", ""), "/usr/sbin", "/sbin"))
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AptError(f"{command[0]}: {type(error).__name__}") from None
    if done.returncode:
        lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith(("E:", "dpkg"))]
        raise AptError((errors or lines or [f"{command[0]} ended with {done.returncode}"])[0])
    return done.stdout.decode(errors="replace")


@contextlib.contextmanager
def _no_services() -> Iterator[None]:
    """Keep packages from starting services meanwhile; a policy that is there already stays as it is."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text(_POLICY_TEXT, encoding="utf-8")
    try:
        POLICY.chmod(0o755)
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def _disable(service: str) -> None:
    """Keep a service that was just installed from starting at the next boot."""
    commands = (["systemctl", "disable", f"{service}.service"], ["update-rc.d", service, "disable"])
    for command in commands:
        with contextlib.suppress(AptError):
            _run(command)
