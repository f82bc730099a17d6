"""Which variables hold where, and that any password survives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from atelier import connections
from atelier.connections import Warehouse, port, require, resolve
from atelier.errors import AtelierError
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url
from target_warehouse import sessions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def _project(tmp_path: Path) -> None:
    (tmp_path / "meltano.yml").write_text("environments: [{name: dev}, {name: test}, {name: prod}]\n")
    connections._tell_ignored.cache_clear()


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


@pytest.mark.parametrize("name", ["POSTGRES_PORT", "FTP_AFTER_LOAD", "PLANT_TIMEZONE", "MYSQL_PASSWORD_FILE"])
@pytest.mark.parametrize("where", ["the shell", ".env"])
def test_what_does_not_count_in_dev_is_named_once_and_without_its_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, where: str
) -> None:
    folder = tmp_path / ".local" / "dev"
    folder.mkdir(parents=True)
    variables = ("POSTGRES_PORT", "FTP_AFTER_LOAD", "PLANT_TIMEZONE", "MYSQL_PASSWORD", "FTP_HOST")
    (folder / "env").write_text("".join(f"{one}=local\n" for one in variables))
    shell = {"FTP_HOST": "local", "ERP_MAX_DELETE_SHARE": "1", "POSTGRES_DB": ""}
    if where == ".env":
        (tmp_path / ".env").write_text(f"{name}=mine\n")
    else:
        shell[name] = "mine"
    for _ in range(2):
        found = resolve(tmp_path, "dev", shell)
    assert {found[one] for one in variables} == {"local"}
    assert found["ERP_MAX_DELETE_SHARE"] == "1"
    said = capsys.readouterr().err
    assert said.startswith(f"atelier: warning: {name} of the shell or .env is ignored")
    assert said.count("\n") == 1
    assert "mine" not in said


def test_nothing_is_said_where_all_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / ".local" / "dev"
    folder.mkdir(parents=True)
    (folder / "env").write_text("POSTGRES_PORT=5\n")
    resolve(tmp_path, "dev", {"POSTGRES_PORT": "5", "FTP_PORT": "7"})
    resolve(tmp_path, "prod", {"POSTGRES_PORT": "6"})
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("environment", ["pord", "PROD", "", "dev "])
def test_an_unknown_environment_is_refused_with_those_that_there_are(
    tmp_path: Path, environment: str
) -> None:
    with pytest.raises(AtelierError, match=r"there is no environment .*: meltano.yml has dev, test, prod"):
        resolve(tmp_path, environment, {})


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
    assert url.query["options"] == sessions.options({"search_path": "meltano"})
