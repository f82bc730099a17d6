"""Which variables hold where, and that any password survives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from atelier.connections import SESSION_OPTIONS, Warehouse, port, require, resolve
from atelier.errors import AtelierError
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_process_wins_over_dotenv_and_dotenv_over_defaults(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FTP_HOST=from-file\nFTP_USER='a $HOME # b'\nFTP_ROOT=/logs\n")
    variables = resolve(tmp_path, "prod", {"FTP_HOST": "from-shell"})
    assert variables["FTP_HOST"] == "from-shell"
    assert variables["FTP_USER"] == "a $HOME # b"
    assert variables["FTP_ROOT"] == "/logs"
    assert variables["MYSQL_PORT"] == "3306"


def test_dev_is_the_local_servers_whatever_else_is_set(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FTP_HOST=from-file\n")
    with pytest.raises(AtelierError, match="make demo"):
        resolve(tmp_path, "dev", {})
    folder = tmp_path / ".local" / "dev"
    folder.mkdir(parents=True)
    (folder / "env").write_text("FTP_HOST=local\n")
    assert resolve(tmp_path, "dev", {"FTP_HOST": "from-shell"})["FTP_HOST"] == "local"
    assert resolve(tmp_path, "prod", {"FTP_HOST": "from-shell"})["FTP_HOST"] == "from-shell"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.write_bytes("FTP_USER=Lefèvre\n".encode("latin-1")), "is not UTF-8"),
        # What not even an administrator can read.
        (lambda path: path.symlink_to("/proc/self/mem"), r"\.env cannot be read \("),
    ],
)
def test_a_dotenv_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, spoil: Callable[[Path], object], says: str
) -> None:
    spoil(tmp_path / ".env")
    with pytest.raises(AtelierError, match=says):
        resolve(tmp_path, "prod", {})


def test_missing_variables_are_named() -> None:
    with pytest.raises(AtelierError, match=r"set B, C in the environment or in the file \.env"):
        require({"A": "x", "B": ""}, ("A", "B", "C"), "it")


@pytest.mark.parametrize("text", ["", "five", "0", "65536", "-1", "5432 ", "٣"])
def test_what_is_no_port_is_named(text: str) -> None:
    with pytest.raises(AtelierError, match="SOME_PORT"):
        port({"SOME_PORT": text}, "SOME_PORT")


@given(st.text(min_size=1).filter(lambda text: "\x00" not in text and text.isprintable()))
def test_any_password_survives_in_the_address_of_the_system_database(secret: str) -> None:
    url = make_url(Warehouse("::1", 5432, secret, secret, "db").system_database_uri)
    assert (url.host, url.username, url.password, url.database) == ("::1", secret, secret, "db")
    assert url.query["options"] == f"-csearch_path=meltano {SESSION_OPTIONS}"
