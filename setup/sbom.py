#!/usr/bin/env python3
"""Write the list of all that Atelier consists of, as CycloneDX 1.5; `make sbom`.

It names what runs on a server: both locked environments without the tools of development, and the files of
others that the pages bring along.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED_TAP = ROOT / "extract" / "tap_mysql_published"
VENDOR = ROOT / "serve" / "atelier_api" / "static" / "vendor"


def exported(uv: str, project: Path) -> dict[str, Any]:
    """Return what uv knows of a locked environment."""
    command = [uv, "export", "--frozen", "--no-dev", "--format", "cyclonedx1.5"]
    options = ["--preview-features", "sbom-export", "--project", str(project), "--quiet"]
    done = subprocess.run([*command, *options], stdout=subprocess.PIPE, check=True)
    content: dict[str, Any] = json.loads(done.stdout)
    return content


def renamed(content: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Return a list whose references are told from those of another one."""
    for component in (content["metadata"]["component"], *content["components"]):
        component["bom-ref"] = prefix + component["bom-ref"]
    for dependency in content["dependencies"]:
        dependency["ref"] = prefix + dependency["ref"]
        dependency["dependsOn"] = [prefix + name for name in dependency.get("dependsOn", ())]
    return content


def vendored(folder: Path) -> list[dict[str, Any]]:
    """Return the components whose files the pages bring along."""
    components = []
    for package in json.loads((folder / "vendor.json").read_text(encoding="utf-8")):
        name, version = package["package"], package["version"]
        purl = f"pkg:npm/{quote(name, safe='/')}@{version}"
        files = [
            {
                "type": "file",
                "bom-ref": f"{purl}#{path}",
                "name": path,
                "hashes": [{"alg": "SHA-256", "content": digest}],
            }
            for path, digest in package["files"].items()
        ]
        components.append(
            {
                "type": "library",
                "bom-ref": purl,
                "name": name,
                "version": version,
                "description": f"{package['name']}, served with the pages",
                "licenses": [{"license": {"id": package["licence"]}}],
                "purl": purl,
                "components": files,
            }
        )
    return components


def merged(uv: str) -> dict[str, Any]:
    """Return the whole list."""
    content = exported(uv, ROOT)
    published = renamed(exported(uv, PUBLISHED_TAP), "tap-mysql-published/")
    content["metadata"]["component"].update({"type": "application", "name": "atelier"})
    parts = vendored(VENDOR)
    content["components"] += [published["metadata"]["component"], *published["components"], *parts]
    content["dependencies"] += published["dependencies"]
    root = content["metadata"]["component"]["bom-ref"]
    for dependency in content["dependencies"]:
        if dependency["ref"] == root:
            dependency["dependsOn"] += [part["bom-ref"] for part in parts]
            dependency["dependsOn"].append(published["metadata"]["component"]["bom-ref"])
    return content


def main() -> int:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uv", required=True, help="the program uv")
    parser.add_argument("file", type=Path, help="where to write it")
    options = parser.parse_args()
    try:
        content = merged(options.uv)
    except (OSError, subprocess.CalledProcessError, KeyError, ValueError) as error:
        print(f"sbom: failed: uv.lock cannot be exported ({error}): run `make setup`", file=sys.stderr)
        return 1
    options.file.parent.mkdir(parents=True, exist_ok=True)
    options.file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"{options.file}: {len(content['components'])} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())
