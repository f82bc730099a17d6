"""What we use of others: the list is whole and valid, and advisories are asked for and not overlooked."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urljoin

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def uv() -> str:
    own = ROOT / ".local" / "bin" / "uv"
    return str(own) if own.is_file() else "uv"


def script(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "setup" / name), "--uv", uv(), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def sbom(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("sbom") / "atelier.cdx.json"
    done = script("sbom.py", str(path))
    assert done.returncode == 0, done.stderr
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def cyclonedx_validator() -> Any:
    """Return a validator of CycloneDX 1.5, by the schemas that its own library brings.

    The library's validator would also parse every address by a grammar, which takes minutes.
    """
    folder = files("cyclonedx.schema") / "_res"
    schemas = {
        f"{name}.SNAPSHOT.schema.json": json.loads(
            (folder / f"{name}.SNAPSHOT.schema.json").read_text(encoding="utf-8")
        )
        for name in ("bom-1.5", "jsf-0.82", "spdx")
    }
    bom = schemas["bom-1.5.SNAPSHOT.schema.json"]
    # They refer to each other by the names of their files, from where the first one says that it is.
    registry: Registry[Any] = Registry().with_resources(
        (urljoin(bom["$id"], name), Resource.from_contents(schema)) for name, schema in schemas.items()
    )
    return Draft7Validator(bom, registry=registry)


def test_the_list_is_valid_cyclonedx(sbom: dict[str, Any]) -> None:
    validator = cyclonedx_validator()
    assert [error.message for error in validator.iter_errors(sbom)] == []
    assert not validator.is_valid({**sbom, "components": [{"name": "of no type"}]})
    licence = {"licenses": [{"license": {"id": "none of SPDX's"}}]}
    assert not validator.is_valid({**sbom, "components": [{**sbom["components"][0], **licence}]})


def test_the_list_names_all_that_runs_and_nothing_that_does_not(sbom: dict[str, Any]) -> None:
    found = {(component["name"], component.get("version")) for component in sbom["components"]}
    locked = {
        (name, version)
        for lock in ("uv.lock", "extract/tap_mysql_published/uv.lock")
        for name, version in re.findall(
            r'^name = "(.+)"\nversion = "(.+)"$', (ROOT / lock).read_text(), re.MULTILINE
        )
    }
    names = {name for name, _ in found}
    assert {
        "meltano",
        "dbt-core",
        "psycopg2-binary",
        "atelier-api",
        "tap-mysql",
        "pymysql",
        "echarts",
    } <= names
    assert ("tap-mysql", "1.17.7") in found
    assert "@fontsource-variable/ibm-plex-sans" in names
    assert found - locked <= {
        (name, version)
        for name, version in found
        if name in {"echarts", "@fontsource-variable/ibm-plex-sans"}
    }
    assert names.isdisjoint({"pytest", "ruff", "mypy", "playwright", "atelier-demo"})


def test_every_reference_of_the_list_leads_somewhere(sbom: dict[str, Any]) -> None:
    references = [component["bom-ref"] for component in sbom["components"]]
    references.append(sbom["metadata"]["component"]["bom-ref"])
    assert len(references) == len(set(references))
    named = {name for item in sbom["dependencies"] for name in (item["ref"], *item.get("dependsOn", ()))}
    assert named <= set(references)


class Advisories(BaseHTTPRequestHandler):
    """Answers as OSV's service does: by package, which advisories are known."""

    known: ClassVar[dict[str, str]] = {}
    asked: ClassVar[set[tuple[str, str, str]]] = set()

    def do_POST(self) -> None:
        queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        results: list[dict[str, Any]] = []
        for query in queries:
            package = query["package"]
            self.asked.add((package["ecosystem"], package["name"], query["version"]))
            advisory = self.known.get(package["name"])
            results.append(
                {"vulns": [{"id": advisory, "modified": "2026-01-01T00:00:00Z"}]} if advisory else {}
            )
        self._answer({"results": results})

    def do_GET(self) -> None:
        advisory = self.path.rpartition("/")[2]
        name = next(name for name, known in self.known.items() if known == advisory)
        self._answer(
            {
                "id": advisory,
                "modified": "2026-01-01T00:00:00Z",
                "summary": "made up",
                "affected": [{"package": {"ecosystem": "PyPI", "name": name}, "versions": []}],
            }
        )

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # its name there
        pass

    def _answer(self, content: dict[str, Any]) -> None:
        text = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@contextmanager
def service(**known: str) -> Iterator[str]:
    Advisories.known, Advisories.asked = known, set()
    with ThreadingHTTPServer(("127.0.0.1", 0), Advisories) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow  # two audits
def test_everything_is_asked_about() -> None:
    with service() as address:
        done = script("audit.py", "--service", address)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "audit: no advisory is known, as http://127.0.0.1:" in done.stdout
    names = {(ecosystem, name) for ecosystem, name, _ in Advisories.asked}
    assert {("PyPI", "meltano"), ("PyPI", "pymysql"), ("npm", "echarts")} <= names
    # Of both locks.
    assert len({version for _, name, version in Advisories.asked if name == "pymysql"}) == 2


@pytest.mark.slow  # four audits each
@pytest.mark.parametrize(("package", "advisory"), [("meltano", "GHSA-1"), ("echarts", "GHSA-2")])
def test_an_advisory_is_told_unless_it_is_ignored_for_a_reason(
    package: str, advisory: str, tmp_path: Path
) -> None:
    with service(**{package: advisory}) as address:
        done = script("audit.py", "--service", address)
        assert done.returncode == 1, done.stdout + done.stderr
        assert advisory in done.stdout
        assert "add `ADVISORY: reason`" in done.stderr
        file = tmp_path / "ignored.txt"
        file.write_text(f"# why\n{advisory}: it is about something that is not used\n")
        done = script("audit.py", "--service", address, "--ignored", str(file))
        assert done.returncode == 0, done.stdout + done.stderr
        file.write_text(f"{advisory}:\n")
        done = script("audit.py", "--service", address, "--ignored", str(file))
    assert done.returncode == 2
    assert "say why the advisory does not concern us" in done.stderr


Advisory = dict[str, Any]


def advisory(
    name: str, *, ecosystem: str = "PyPI", modified: str = "2026-11-20", **affected: Any
) -> Advisory:
    package = {"package": {"ecosystem": ecosystem, "name": name}, **affected}
    return {
        "id": f"GHSA-{name}",
        "modified": f"{modified}T10:00:00.123Z",
        "summary": "made up",
        "affected": [package],
    }


def spread(**events: str) -> list[dict[str, Any]]:
    return [{"type": "ECOSYSTEM", "events": [{kind: version} for kind, version in events.items()]}]


def copy_of_database(folder: Path, *advisories: Advisory) -> Path:
    """A copy of OSV's database: its archives, also with advisories about other packages."""
    for ecosystem in ("PyPI", "npm"):
        with zipfile.ZipFile(folder / f"{ecosystem}.zip", "w") as archive:
            for each in (advisory("others", ecosystem=ecosystem, versions=["1"]), *advisories):
                if each["affected"][0]["package"]["ecosystem"] == ecosystem:
                    archive.writestr(f"{each['id']}.json", json.dumps(each))
    return folder


def test_a_copy_of_the_database_is_enough_and_its_date_is_told(tmp_path: Path) -> None:
    database = f"--database={copy_of_database(tmp_path)}"
    # No other service can be asked.
    unreachable = ("--service", "http://127.0.0.1:1")
    done = script("audit.py", database, *unreachable)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "no advisory is known, as the copy of the database says: PyPI of 2026-11-20, npm of 2026-11-20"
        in done.stdout.splitlines()[-1]
    )
    copy_of_database(
        tmp_path,
        advisory("Meltano", ranges=spread(introduced="0", fixed="99")),
        advisory("echarts", ecosystem="npm", ranges=spread(introduced="1.0.0")),
    )
    done = script("audit.py", database, *unreachable)
    assert done.returncode == 1
    assert "GHSA-Meltano" in done.stdout
    assert "vendored: GHSA-echarts (echarts " in done.stdout
    assert "PyPI of 2026-11-20" in done.stderr


def test_an_old_copy_is_told_and_a_bad_one_is_no_good_answer(tmp_path: Path) -> None:
    for ecosystem in ("PyPI", "npm"):
        with zipfile.ZipFile(tmp_path / f"{ecosystem}.zip", "w") as archive:
            archive.writestr("x.json", json.dumps(advisory("x", ecosystem=ecosystem, modified="2024-01-01")))
    done = script("audit.py", f"--database={tmp_path}")
    assert done.returncode == 0
    assert "PyPI of 2024-01-01" in done.stdout
    assert re.search(r"warning: the copy of the database ends \d+ days ago", done.stderr)
    for content in (b"", b"no archive"):
        (tmp_path / "npm.zip").write_bytes(content)
        done = script("audit.py", f"--database={tmp_path}")
        assert (done.returncode, "so nothing is known" in done.stderr) == (2, True)
    with zipfile.ZipFile(tmp_path / "npm.zip", "w") as archive:
        archive.writestr("x.txt", "")
    done = script("audit.py", f"--database={tmp_path}")
    assert (done.returncode, "holds no advisory" in done.stderr) == (2, True)


@pytest.fixture(scope="module")
def advisories() -> ModuleType:
    spec = importlib.util.spec_from_file_location("advisories", ROOT / "setup" / "advisories.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["advisories"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("affected", "is_affected"),
    [
        ({"versions": ["2.0"]}, True),
        ({"versions": ["2.0.1"]}, False),
        ({"ranges": spread(introduced="0")}, True),
        ({"ranges": spread(introduced="0", fixed="2.0")}, False),
        ({"ranges": spread(introduced="2.0rc1", fixed="2.0.post1")}, True),
        ({"ranges": spread(fixed="10.0", introduced="1.9")}, True),
        ({"ranges": spread(introduced="0", last_affected="2.0")}, True),
        ({"ranges": spread(introduced="0", last_affected="1.99")}, False),
        ({"ranges": spread(introduced="2.1")}, False),
        ({"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}, False),
        # What cannot be compared is told.
        ({"ranges": spread(introduced="0", fixed="of yesterday")}, True),
        ({}, False),
    ],
)
def test_a_version_is_compared_as_osv_does(
    advisories: ModuleType, tmp_path: Path, affected: dict[str, Any], *, is_affected: bool
) -> None:
    copy_of_database(tmp_path, advisory("A_b.C", **affected))
    database = advisories.Database.read(tmp_path, {"PyPI": {"a-b-c"}, "npm": set()})
    assert bool(database.about("PyPI", "a-b-c", "2.0")) == is_affected
    assert database.about("npm", "a-b-c", "2.0") == []


def test_a_withdrawn_advisory_is_none(advisories: ModuleType, tmp_path: Path) -> None:
    copy_of_database(tmp_path, {**advisory("a", versions=["1"]), "withdrawn": "2026-01-01T00:00:00Z"})
    database = advisories.Database.read(tmp_path, {"PyPI": {"a"}, "npm": set()})
    assert database.about("PyPI", "a", "1") == []


def test_a_service_that_cannot_be_reached_is_not_taken_for_a_good_answer() -> None:
    done = script("audit.py", "--service", "http://127.0.0.1:1")
    assert done.returncode == 2
    assert re.match(
        r"audit: failed: the service of advisories, http://127\.0\.0\.1:1, cannot be asked \(.+\), so "
        r"nothing is known: run this where it can be reached",
        done.stderr.splitlines()[-1],
    )
