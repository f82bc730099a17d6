#!/usr/bin/env python3
"""Look for known advisories about everything of others that Atelier uses; `make audit`.

Both locked environments, through `uv audit`, and the files of others that the pages bring along. Asked is
OSV's service, or a copy of its database where the internet cannot be reached; the last line says until when
advisories are known. Exit status 0: none is known; 1: some are; 2: it could not be found out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from advisories import Database, DatabaseError, normal_name, served

ROOT = Path(__file__).resolve().parent.parent
LOCKS = (ROOT, ROOT / "extract" / "tap_mysql_published")
VENDOR = ROOT / "serve" / "atelier_api" / "static" / "vendor"
IGNORED = ROOT / "setup" / "ignored_advisories.txt"
SERVICE = "https://api.osv.dev"
TIMEOUT_SECONDS = 60.0
#: A copy of the database that is older is told.
OLD_DAYS = 31


class AuditError(Exception):
    """Why it could not be found out, in one sentence."""


def ignored(path: Path) -> dict[str, str]:
    """Return the advisories that are ignored on purpose, with the reasons.

    Raises:
        AuditError: One has no reason.
    """
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        advisory, _, reason = line.partition(":")
        if not reason.strip() or " " in advisory.strip():
            raise AuditError(
                f"line {number} of {path} is not `ADVISORY: reason`: say why the advisory does not concern us"
            )
        found[advisory.strip()] = reason.strip()
    return found


def vendored(folder: Path) -> list[dict[str, Any]]:
    """Return the packages whose files the pages bring along, each file being what was published.

    Raises:
        AuditError: A file was changed.
    """
    packages: list[dict[str, Any]] = json.loads((folder / "vendor.json").read_text(encoding="utf-8"))
    for package in packages:
        for name, digest in package["files"].items():
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
                raise AuditError(
                    f"{name} is not the file of {package['package']} {package['version']} that vendor.json "
                    "names: take it from the package anew"
                )
    return packages


def unreachable(service: str, reason: str) -> AuditError:
    """Return what to say when nobody can be asked."""
    return AuditError(
        f"the service of advisories, {service}, cannot be asked ({reason}), so nothing is known: run this "
        "where it can be reached, or name a mirror of it in OSV_SERVICE_URL, or the folder of a copy of its "
        "database in OSV_DATABASE (docs/install.md)"
    )


def advisories_of_vendored(packages: list[dict[str, Any]], service: str) -> list[str]:
    """Return the advisories about the vendored packages, as `ID (package version)`.

    Raises:
        AuditError: The service cannot be asked.
    """
    queries = [
        {"package": {"ecosystem": "npm", "name": package["package"]}, "version": package["version"]}
        for package in packages
    ]
    request = urllib.request.Request(
        f"{service}/v1/querybatch",
        data=json.dumps({"queries": queries}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(
            request, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
        ) as reply:
            results = json.load(reply)["results"]
    except (OSError, ValueError, KeyError) as error:
        raise unreachable(service, str(getattr(error, "reason", error))) from None
    return [
        f"{advisory['id']} ({package['package']} {package['version']})"
        for package, result in zip(packages, results, strict=True)
        for advisory in result.get("vulns") or ()
    ]


def audit_lock(uv: str, project: Path, service: str, ignore: dict[str, str], *, is_offline: bool) -> bool:
    """Show the advisories about a locked environment; return whether there is none.

    uv asks the index, too, whether a package is still kept up, and goes on without an answer.

    Raises:
        AuditError: The service cannot be asked, or the lock cannot be read.
    """
    options = [word for advisory in sorted(ignore) for word in ("--ignore", advisory)]
    # Its own name for what is still to be called stable.
    command = [uv, "audit", "--frozen", "--preview-features", "audit", "--service-url", f"{service}/"]
    impatient = {"UV_HTTP_TIMEOUT": "2", "UV_HTTP_RETRIES": "0"} if is_offline else {}
    done = subprocess.run(
        [*command, "--project", str(project), *options],
        env={**os.environ, "UV_SYSTEM_CERTS": "1", **impatient},
        capture_output=True,
        check=False,
    )
    said = done.stderr.decode(errors="replace").strip()
    print(done.stdout.decode(errors="replace").rstrip(), flush=True)
    if done.returncode not in (0, 1):
        raise unreachable(service, said.splitlines()[-1].strip() if said else f"status {done.returncode}")
    return done.returncode == 0


def database_of(folder: Path, packages: list[dict[str, Any]]) -> Database:
    """Return the advisories of a copy about what we use.

    Raises:
        AuditError: The copy cannot be used.
    """
    locked = {
        normal_name(name)
        for project in LOCKS
        for name in re.findall(r'(?m)^name = "(.+)"$', (project / "uv.lock").read_text(encoding="utf-8"))
    }
    names = {"PyPI": locked, "npm": {normal_name(package["package"]) for package in packages}}
    try:
        return Database.read(folder, names)
    except DatabaseError as error:
        raise AuditError(
            f"the copy of the database of advisories cannot be used: {error}; so nothing is known: copy it "
            "again (docs/install.md)"
        ) from None


def knowledge(database: Database | None, service: str) -> str:
    """Return until when advisories are known, and whence."""
    now = datetime.now(timezone.utc)
    if database is None:
        return f"as {service} said on {now:%Y-%m-%d}"
    oldest = min(database.known_until.values())
    days = (now - oldest).days
    told = ", ".join(f"{name} of {until:%Y-%m-%d}" for name, until in database.known_until.items())
    if days > OLD_DAYS:
        print(
            f"audit: warning: the copy of the database ends {days} days ago: advisories since are not known; "
            "copy it again (docs/install.md)",
            file=sys.stderr,
        )
    return f"as the copy of the database says: {told}"


def main() -> int:
    """Audit everything; the last line sums it up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uv", required=True, help="the program uv")
    parser.add_argument("--service", default=SERVICE, help="address of the service of advisories, as OSV's")
    parser.add_argument("--database", type=Path, help="folder of a copy of OSV's database, asked instead")
    parser.add_argument("--ignored", type=Path, default=IGNORED, help="file of advisories that are ignored")
    options = parser.parse_args()
    service = options.service.rstrip("/")
    database = None
    try:
        ignore = ignored(options.ignored)
        packages = vendored(VENDOR)
        with ExitStack() as held:
            if options.database:
                database = database_of(options.database, packages)
                service = held.enter_context(served(database))
            clean = [
                audit_lock(options.uv, project, service, ignore, is_offline=database is not None)
                for project in LOCKS
            ]
            found = [
                text
                for text in advisories_of_vendored(packages, service)
                if text.partition(" ")[0] not in ignore
            ]
    except AuditError as error:
        print(f"audit: failed: {error}", file=sys.stderr)
        return 2
    known = knowledge(database, service)
    for text in found:
        print(f"vendored: {text}")
    if found or not all(clean):
        print(
            f"audit: there are advisories, above, {known}: take a version that mends it, or add "
            f"`ADVISORY: reason` to {options.ignored}",
            file=sys.stderr,
        )
        return 1
    print(f"audit: no advisory is known, {known} ({len(ignore)} ignored on purpose)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
