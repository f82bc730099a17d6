"""Set up from a mirror of the index, as docs/install.md has it for machines without the internet."""

from __future__ import annotations

import functools
import http.server
import os
import re
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from deploy.engine import make_context
from deploy.programs import ROOT, essentials

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

#: What the source packages of PyPI's tap-mysql and our own are built with.
BUILD_TOOLS = ["setuptools==80.9.0", "wheel==0.45.1", "uv_build>=0.9,<0.14", "uv==0.13.9"]


def run(*command: str, **environment: str) -> None:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A folder of files that pip has fetched, served as an index."""
    folder = tmp_path_factory.mktemp("mirror")
    files = folder / "files"
    uv = str(ROOT / ".local" / "bin" / "uv")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"--dest={files}"]
    for project in (ROOT, ROOT / "extract" / "tap_mysql_published"):
        wanted = folder / f"{project.name}.txt"
        export = [uv, "export", "--frozen", "--quiet", "--no-dev", "--no-emit-workspace", "--no-header"]
        run(*export, f"--project={project}", f"--output-file={wanted}")
        # Set up by another installation, pip would hold versions back.
        run(*pip, "--require-hashes", f"--requirement={wanted}", PIP_CONFIG_FILE=os.devnull)
    run(*pip, *BUILD_TOOLS, PIP_CONFIG_FILE=os.devnull)
    for path in files.iterdir():
        name = re.sub(r"[-_.]+", "-", path.name[: re.search(r"-\d", path.name).start()]).lower()  # type: ignore[union-attr]
        place = folder / "simple" / name
        place.mkdir(parents=True, exist_ok=True)
        with (place / "index.html").open("a") as page:
            page.write(f'<a href="../../files/{path.name}">{path.name}</a>\n')
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


def test_everything_comes_from_the_mirror(mirror: str, tmp_path: Path) -> None:
    """PyPI itself cannot be reached: its address leads nowhere."""
    project = tmp_path / "project"
    make_context(project)
    environment = essentials(UV_DEFAULT_INDEX=mirror, UV_CACHE_DIR=str(tmp_path / "cache"))
    # Whatever goes elsewhere ends at a proxy that is not there.
    environment |= {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "setup/bootstrap.py", "--production"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    for program in (
        ".venv/bin/meltano",
        ".venv/bin/atelier-api",
        "extract/tap_mysql_published/.venv/bin/tap-mysql",
    ):
        subprocess.run([str(project / program), "--help"], check=True, capture_output=True, timeout=120)
