"""A copy of OSV's database of advisories, and the service that OSV is, on this machine: to audit offline.

The copy is a folder with OSV's own archives, `PyPI.zip` and `npm.zip`, each with one JSON file an advisory
(https://google.github.io/osv.dev/data/#data-dumps).
"""

from __future__ import annotations

import json
import re
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ECOSYSTEMS: Final = ("PyPI", "npm")

#: Bytes of the largest advisory that is read; OSV's own have some hundred kilobytes.
_LARGEST_BYTES: Final = 20_000_000


class DatabaseError(Exception):
    """The copy cannot be used; the message says why."""


@dataclass
class Database:
    """The advisories of a copy."""

    #: When the newest of them was changed, by ecosystem: nothing later is known.
    known_until: dict[str, datetime] = field(default_factory=dict)
    by_id: dict[str, dict[str, Any]] = field(default_factory=dict)
    _by_package: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, names: Mapping[str, set[str]]) -> Database:
        """Read a copy.

        Args:
            folder: The folder of the archives.
            names: The packages that matter, by their ecosystem; advisories of others are left out.

        Raises:
            DatabaseError: An archive is missing, damaged or empty.
        """
        found = cls()
        for ecosystem in ECOSYSTEMS:
            path = folder / f"{ecosystem}.zip"
            try:
                with zipfile.ZipFile(path) as archive:
                    for member in archive.infolist():
                        if member.filename.endswith(".json"):
                            found._add(archive, member, ecosystem, names[ecosystem])
            except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError) as error:
                raise DatabaseError(f"{path} cannot be read ({error})") from None
            if ecosystem not in found.known_until:
                raise DatabaseError(f"{path} holds no advisory")
        return found

    def _add(
        self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, ecosystem: str, names: set[str]
    ) -> None:
        if member.file_size > _LARGEST_BYTES:
            raise ValueError(f"{member.filename} is too large")
        advisory = json.loads(archive.read(member))
        changed = datetime.fromisoformat(advisory["modified"][:19] + "+00:00")
        self.known_until[ecosystem] = max(changed, self.known_until.get(ecosystem, changed))
        if advisory.get("withdrawn"):
            return
        for affected in advisory.get("affected", ()):
            package = affected.get("package", {})
            name = normal_name(package.get("name", ""))
            if package.get("ecosystem") == ecosystem and name in names:
                self.by_id[advisory["id"]] = advisory
                listed = self._by_package.setdefault((ecosystem, name), [])
                if advisory["id"] not in listed:
                    listed.append(advisory["id"])

    def about(self, ecosystem: str, name: str, version: str) -> list[dict[str, Any]]:
        """Return the advisories about a version of a package."""
        name = normal_name(name)
        return [
            advisory
            for advisory in map(self.by_id.__getitem__, self._by_package.get((ecosystem, name), ()))
            if any(
                _is_affected(affected, version)
                for affected in advisory["affected"]
                if affected.get("package", {}).get("ecosystem") == ecosystem
                and normal_name(affected["package"]["name"]) == name
            )
        ]


def normal_name(name: str) -> str:
    """Return the name of a package as all its spellings are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_affected(affected: Mapping[str, Any], version: str) -> bool:
    """Whether a version is one of those listed, or in a range; one that cannot be compared counts as well."""
    if version in affected.get("versions", ()):
        return True
    return any(
        _is_within(spread.get("events", ()), version)
        for spread in affected.get("ranges", ())
        if spread.get("type") in {"ECOSYSTEM", "SEMVER"}
    )


def _is_within(events: list[dict[str, str]], version: str) -> bool:
    try:
        ours = Version(version)
        steps = sorted(
            (Version(bound), kind) for event in events for kind, bound in event.items() if kind != "limit"
        )
    except InvalidVersion:
        return True
    is_within = False
    for bound, kind in steps:
        if kind == "introduced" and ours >= bound:
            is_within = True
        elif (kind == "fixed" and ours >= bound) or (kind == "last_affected" and ours > bound):
            is_within = False
    return is_within


@contextmanager
def served(database: Database) -> Iterator[str]:
    """Answer on this machine as OSV's service does; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        """Which advisories there are about packages, and what one says."""

        def do_POST(self) -> None:
            """Answer `/v1/querybatch`."""
            queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            results = [
                {
                    "vulns": [
                        {"id": advisory["id"], "modified": advisory["modified"]}
                        for advisory in database.about(
                            query["package"]["ecosystem"], query["package"]["name"], query["version"]
                        )
                    ]
                }
                for query in queries
            ]
            self._answer({"results": results})

        def do_GET(self) -> None:
            """Answer `/v1/vulns/ID`."""
            self._answer(database.by_id[self.path.rpartition("/")[2]])

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 # its name and type there
            """Log nothing."""

        def _answer(self, content: dict[str, Any]) -> None:
            text = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
