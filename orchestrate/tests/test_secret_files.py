"""Secrets from files, and which of several places decides."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from atelier.connections import complete, resolve
from atelier.errors import AtelierError
from atelier.secret_files import SECRETS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _project(tmp_path: Path) -> None:
    (tmp_path / "meltano.yml").write_text("environments: [{name: dev}, {name: prod}]\n")


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_may_lie_in_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("p@ss w%rd'\"é\\ \n")
    found = resolve(tmp_path, "prod", {f"{name}_FILE": str(tmp_path / "secret")})
    assert found[name] == "p@ss w%rd'\"é\\ "
    # A program that is started with it finds one of both.
    assert resolve(tmp_path, "prod", found)[name] == found[name]


@pytest.mark.parametrize(
    ("written", "read"), [(b"a", "a"), (b"a\n", "a"), (b"a\r\n", "a"), (b"a\n\n", "a\n"), (b" a ", " a ")]
)
def test_one_line_end_is_no_part_of_it(tmp_path: Path, written: bytes, read: str) -> None:
    (tmp_path / "secret").write_bytes(written)
    # A path that is not whole counts from the project's folder.
    assert complete(tmp_path, {"PSEUDONYM_KEY_FILE": "secret"})["PSEUDONYM_KEY"] == read


def test_the_stronger_place_decides(tmp_path: Path) -> None:
    for name in ("weak", "strong"):
        (tmp_path / name).write_text(name)
    weak, strong = {"PSEUDONYM_KEY_FILE": "weak"}, {"PSEUDONYM_KEY_FILE": "strong"}
    assert complete(tmp_path, weak, strong)["PSEUDONYM_KEY"] == "strong"
    assert complete(tmp_path, weak, {"PSEUDONYM_KEY": "value"})["PSEUDONYM_KEY"] == "value"
    assert complete(tmp_path, {"PSEUDONYM_KEY": "value"}, strong)["PSEUDONYM_KEY"] == "strong"
    empty = {"PSEUDONYM_KEY": "", "PSEUDONYM_KEY_FILE": ""}
    assert complete(tmp_path, weak, empty)["PSEUDONYM_KEY"] == "weak"


def test_the_local_servers_ask_for_no_file(tmp_path: Path) -> None:
    folder = tmp_path / ".local" / "dev"
    folder.mkdir(parents=True)
    (folder / "env").write_text("PSEUDONYM_KEY=local\n")
    assert resolve(tmp_path, "dev", {"PSEUDONYM_KEY_FILE": "gone"})["PSEUDONYM_KEY"] == "local"


def test_both_at_once_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AtelierError, match=r"^PSEUDONYM_KEY and PSEUDONYM_KEY_FILE are both set: keep one"):
        complete(tmp_path, {"PSEUDONYM_KEY": "hush", "PSEUDONYM_KEY_FILE": "secret"})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        AtelierError, match=r"PSEUDONYM_KEY_FILE names .*/gone, which cannot be read \(No such"
    ):
        complete(tmp_path, {"PSEUDONYM_KEY_FILE": "gone"})
    with pytest.raises(AtelierError, match=r"which cannot be read \(Is a directory\)"):
        complete(tmp_path, {"PSEUDONYM_KEY_FILE": str(tmp_path)})
    locked = tmp_path / "locked"
    locked.write_text("hush")
    locked.chmod(0)
    if os.geteuid():  # root reads everything
        with pytest.raises(AtelierError, match=r"which cannot be read \(Permission denied\)"):
            complete(tmp_path, {"PSEUDONYM_KEY_FILE": "locked"})


@pytest.mark.parametrize("content", [b"", b"\n", b"hush\xff", b"hush\x00hush", b"hush" * 20_000])
def test_a_file_that_holds_no_secret_is_named_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(AtelierError, match=r"/secret, which holds no secret") as caught:
        complete(tmp_path, {"PSEUDONYM_KEY_FILE": "secret"})
    assert "hush" not in str(caught.value)
