"""The set-up: quick and without effect the second time, strict about what it downloads."""

from __future__ import annotations

import importlib.util
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "setup" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_running_it_again_changes_nothing() -> None:
    launcher = ROOT / ".venv" / "bin" / "meltano"
    before = (launcher.stat().st_ino, launcher.stat().st_mtime_ns)
    done = subprocess.run(
        [sys.executable, str(ROOT / "setup" / "bootstrap.py")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "downloading" not in done.stdout
    # Not the whole status: that it is read changes it too.
    assert (launcher.stat().st_ino, launcher.stat().st_mtime_ns) == before
    assert "atelier.launcher" in launcher.read_text()


def test_the_wheel_is_found_in_either_form_of_an_index(bootstrap: ModuleType) -> None:
    name = "uv-1-py3-none-any.whl"
    pages = (
        json.dumps({"files": [{"filename": "o", "url": "no"}, {"filename": name, "url": f"../{name}"}]}),
        f'<html><a href="../other#sha256=1">o</a><a href="../{name}#sha256=2">u</a></html>',
    )
    for page in pages:
        assert bootstrap.file_address(page, name, "index").partition("#")[0] == f"../{name}"
    with pytest.raises(bootstrap.SetupError, match="has no uv-1"):
        bootstrap.file_address("<html></html>", name, "https://index.example")


def test_a_wheel_with_another_digest_is_refused(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("uv.data/scripts/uv", "#!/bin/sh\necho evil\n")
    tag, _ = bootstrap.uv_wheel()
    name = f"uv-{bootstrap.UV_VERSION}-py3-none-{tag}.whl"

    def download(url: str, **_: Any) -> bytes:
        return wheel.getvalue() if url.endswith(".whl") else f'<a href="{name}">'.encode()

    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "uv_version", lambda _: None)
    monkeypatch.setattr(bootstrap, "download", download)
    with pytest.raises(bootstrap.SetupError, match="its digest differs"):
        bootstrap.find_uv()
    assert not list(tmp_path.rglob("uv"))


def test_both_locks_pin_every_file(bootstrap: ModuleType) -> None:
    for lock in (ROOT / "uv.lock", bootstrap.PUBLISHED_TAP / "uv.lock"):
        text = lock.read_text()
        assert "sha256:" in text
        files = [line for line in text.splitlines() if "url = " in line and "{" in line]
        assert files
        assert all("hash = " in line for line in files)


@pytest.mark.parametrize("name", ["plain", 'l\'été (2) & "x"', "''"])
def test_the_launcher_starts_wherever_the_project_lies(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    root = tmp_path / name
    programs = root / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    package = root / "code" / "atelier"
    package.mkdir(parents=True)
    (package / "launcher.py").write_text("import sys\ndef main():\n    print(sys.argv[1:])\n    return 3\n")
    monkeypatch.setattr(bootstrap, "ROOT", root)
    bootstrap.write_launcher()
    done = subprocess.run(
        [str(programs / "meltano"), "run", "a b"],
        env={"PYTHONPATH": str(root / "code"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "['run', 'a b']\n"), done.stderr


def test_without_a_home_the_packages_are_kept_in_the_project(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = {"UV_CACHE_DIR": str(ROOT / ".local" / "cache" / "uv")}
    for variable in ("UV_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    for home, cache in ((str(tmp_path), {}), ("/proc/none", own), ("relative", own)):
        monkeypatch.setenv("HOME", home)
        assert bootstrap.own_cache() == cache, home
    monkeypatch.setenv("UV_CACHE_DIR", "/proc/none")
    assert bootstrap.own_cache() == {}
