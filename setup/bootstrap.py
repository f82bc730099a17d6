#!/usr/bin/env python3
"""Set Atelier up: one locked environment, one more for PyPI's tap-mysql, the `meltano` launcher.

Needs nothing but a Python 3 (3.8 is enough to run this file) and a way to the package index. Run again, it
changes nothing and takes a second or two.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import os
import platform
import shlex
import ssl
import stat
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV_VERSION = "0.13.9"
# The wheel of uv for each kind of machine, with the digest that it must have.
UV_WHEELS = {
    ("Linux", "x86_64", "glibc"): (
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
        "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    ),
    ("Linux", "x86_64", "musl"): (
        "musllinux_1_1_x86_64",
        "2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25",
    ),
    ("Linux", "aarch64", "glibc"): (
        "manylinux_2_28_aarch64",
        "ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375",
    ),
    ("Darwin", "x86_64", ""): (
        "macosx_10_12_x86_64",
        "c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5",
    ),
    ("Darwin", "arm64", ""): (
        "macosx_11_0_arm64",
        "66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63",
    ),
}
PYPI = "https://pypi.org/simple"
PUBLISHED_TAP = ROOT / "extract" / "tap_mysql_published"
# As in pyproject.toml.
PYTHON = ">=3.10,<3.15"
PUBLISHED_TAP_PYTHON = ">=3.9,<3.12"


class SetupError(Exception):
    """Something that the reader has to mend, in one sentence."""


def say(text: str) -> None:
    """Print a line of progress at once."""
    print(f"setup: {text}", flush=True)


def download(url: str, accept: str = "*/*") -> bytes:
    """Return the bytes at an address of the package index, whose certificate is verified."""
    parts = urllib.parse.urlsplit(url)
    headers = {"Accept": accept, "User-Agent": f"atelier-setup uv/{UV_VERSION}"}
    if parts.username:
        # An index of a company may want a log-in, written into its address.
        login = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
        parts = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    shown = parts._replace(query="").geturl()
    request = urllib.request.Request(parts.geturl(), headers=headers)
    error: OSError | None = None
    for pause in (0, 2, 5):
        time.sleep(pause)
        try:
            with urllib.request.urlopen(request, timeout=60, context=ssl.create_default_context()) as reply:
                return bytes(reply.read())
        except OSError as caught:
            error = caught
    raise SetupError(
        f"cannot read {shown} ({error}): check the network and proxy, or name your index in UV_DEFAULT_INDEX"
    )


def uv_wheel() -> tuple[str, str]:
    """Return file name ending and digest of the wheel of uv for this machine."""
    libc = ""
    if platform.system() == "Linux":
        libc = "glibc" if platform.libc_ver()[0] == "glibc" else "musl"
    key = (platform.system(), platform.machine(), libc)
    try:
        return UV_WHEELS[key]
    except KeyError:
        raise SetupError(
            f"no uv {UV_VERSION} is known for {' '.join(key)}: install uv {UV_VERSION} yourself, "
            "put it on PATH and run this again"
        ) from None


def uv_version(program: str) -> str | None:
    """Return the version of a uv program, or None if it does not run."""
    try:
        done = subprocess.run([program, "--version"], stdout=subprocess.PIPE, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    words = done.stdout.decode().split()
    return words[1] if len(words) > 1 else None


def find_uv() -> str:
    """Return a uv of the version that the locks were made with, downloading it if need be."""
    own = ROOT / ".local" / "bin" / "uv"
    for program in (str(own), "uv"):
        if uv_version(program) == UV_VERSION:
            return program
    say(f"downloading uv {UV_VERSION}")
    tag, digest = uv_wheel()
    name = f"uv-{UV_VERSION}-py3-none-{tag}.whl"
    index = package_index()
    page = f"{index}/uv/"
    listing = download(page, accept="application/vnd.pypi.simple.v1+json, text/html;q=0.1").decode()
    wheel = download(urllib.parse.urljoin(page, file_address(listing, name, index)))
    if hashlib.sha256(wheel).hexdigest() != digest:
        raise SetupError(f"{name} from {index} is not the file that was published: its digest differs")
    own.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        member = next(n for n in archive.namelist() if n.endswith("/scripts/uv"))
        part = own.with_suffix(".part")
        part.write_bytes(archive.read(member))
    part.chmod(part.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    part.replace(own)
    return str(own)


def package_index() -> str:
    """Return the address of the index of packages: the environment's, or else PyPI."""
    return (
        os.environ.get("UV_DEFAULT_INDEX")
        or os.environ.get("UV_INDEX_URL")
        or os.environ.get("PIP_INDEX_URL")
        or PYPI
    ).rstrip("/")


def file_address(listing: str, name: str, index: str) -> str:
    """Return the address of a file in the index's page, which is JSON or, on older indexes, HTML."""
    if listing.lstrip().startswith("{"):
        for file in json.loads(listing)["files"]:
            if file["filename"] == name:
                return str(file["url"])
    else:
        for link in listing.split('href="')[1:]:
            address = link.partition('"')[0]
            if urllib.parse.unquote(address.partition("#")[0]).rpartition("/")[2] == name:
                return address
    raise SetupError(f"the package index {index} has no {name}: use an index that mirrors PyPI")


def run(command: list[str], what: str, cwd: Path = ROOT, **more_environment: str) -> None:
    """Run a command; its output is shown as it comes."""
    environment = {**surroundings(), **more_environment}
    if subprocess.run(command, cwd=str(cwd), env=environment, check=False).returncode != 0:
        raise SetupError(f"{what} failed: its message is above; mend that and run `make setup` again")


def surroundings() -> dict[str, str]:
    """Return the environment that uv works in."""
    return {
        **{k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")},
        # A company proxy that intercepts TLS has its certificate in the system's list, not in uv's own.
        "UV_SYSTEM_CERTS": "1",
        **own_cache(),
    }


def own_cache() -> dict[str, str]:
    """Return the variable that gives uv a cache in the project, where the user has no home to write to."""
    if os.environ.get("UV_CACHE_DIR"):
        return {}
    try:
        place = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uv"
        place.mkdir(parents=True, exist_ok=True)
        if place.is_absolute() and os.access(str(place), os.W_OK | os.X_OK):
            return {}
    except (OSError, RuntimeError):
        pass  # a home that cannot be written to, or none at all
    return {"UV_CACHE_DIR": str(ROOT / ".local" / "cache" / "uv")}


def sync(uv: str, *, production: bool) -> None:
    """Bring the one environment to what uv.lock says."""
    say("the environment .venv (Meltano, dbt, the taps, the loader)")
    install_locked(
        uv, ROOT, ["--no-dev"] if production else [], "installing the environment from uv.lock", PYTHON
    )


def install_locked(uv: str, project: Path, options: list[str], what: str, python: str) -> None:
    """Bring a project's environment, its folder .venv, to what its lock says.

    Args:
        uv: The program.
        project: The folder with `pyproject.toml` and `uv.lock`.
        options: Which groups of dependencies.
        what: What is done, for messages.
        python: Which Python the environment is made with where it is not there yet.
    """
    environment = project / ".venv"
    index = package_index()
    if index == PYPI:
        command = [uv, "sync", "--locked", "--quiet", *options]
        run(command, what, project, UV_PROJECT_ENVIRONMENT=str(environment))
        return
    # The lock has the addresses of PyPI's files, and uv would lock anew for another index: so what is locked,
    # versions and digests, is taken from it and fetched from there.
    wanted = project / ".local" / "locked.txt"
    wanted.parent.mkdir(exist_ok=True)
    export = [uv, "export", "--frozen", "--quiet", "--no-header", *options, f"--output-file={wanted}"]
    run(export, what, project)
    program = environment / "bin" / "python"
    if not program.exists():
        run([uv, "venv", "--quiet", f"--python={python}", str(environment)], what, project)
    install = [uv, "pip", "sync", "--quiet", f"--python={program}", str(wanted)]
    run(install, what, project, UV_DEFAULT_INDEX=index)


def sync_published_tap(uv: str) -> None:
    """Bring the environment of PyPI's tap-mysql to what its lock says, if a Python for it is here."""
    found = subprocess.run(
        [uv, "python", "find", "--no-project", "--no-python-downloads", PUBLISHED_TAP_PYTHON],
        env=surroundings(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if found.returncode != 0:
        say(
            "left out: PyPI's tap-mysql wants Python 3.9 to 3.11 and none is here; only the job "
            "erp-published needs it"
        )
        return
    say("the environment of PyPI's tap-mysql")
    install_locked(uv, PUBLISHED_TAP, [], "installing PyPI's tap-mysql from its lock", PUBLISHED_TAP_PYTHON)


def write_launcher() -> None:
    """Put Atelier's launcher in the place of the `meltano` program (see docs/adr/0003)."""
    program = ROOT / ".venv" / "bin" / "meltano"
    text = (
        "#!/bin/sh\n"
        # A first line with the path would be cut by the kernel where the project lies deep.
        f"'''exec' {shlex.quote(str(ROOT / '.venv' / 'bin' / 'python'))} \"$0\" \"$@\"\n"
        "' '''\n"
        "# Atelier's launcher of Meltano: resolves the connections, then runs Meltano itself.\n"
        "import sys\n"
        "from atelier.launcher import main\n"
        'if __name__ == "__main__":\n'
        "    sys.exit(main())\n"
    )
    if not program.exists() or program.read_text(encoding="utf-8", errors="replace") != text:
        part = program.with_name("meltano.part")
        part.write_text(text, encoding="utf-8")
        part.chmod(0o755)
        part.replace(program)


def main() -> int:
    """Set everything up; exit status 1 and one sentence if something is missing."""
    parser = argparse.ArgumentParser(description="Set Atelier up.")
    parser.add_argument("--production", action="store_true", help="leave out the demo and the test tools")
    arguments = parser.parse_args()
    started = time.monotonic()
    try:
        uv = find_uv()
        sync(uv, production=arguments.production)
        sync_published_tap(uv)
        write_launcher()
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    say(f"done in {time.monotonic() - started:.0f} s; .venv/bin/meltano is ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
