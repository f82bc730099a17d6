"""Which variables hold where, and that any password survives."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from atelier.connections import Warehouse, port, require, resolve
from atelier.errors import AtelierError
from atelier.last_words import LastWords
from hypothesis import given
from hypothesis import strategies as st
from meltano.core.plugin.base import PluginType
from sqlalchemy.engine import make_url

if TYPE_CHECKING:
    from collections import deque
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
    assert url.query["options"] == "-csearch_path=meltano"


def test_who_was_killed_is_said_before_what_others_say_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LastWords, "lines", {})
    monkeypatch.setattr(LastWords, "killed", ())
    handler = LastWords()

    def log(**event: object) -> None:
        record = logging.LogRecord("x", logging.INFO, "", 0, "", None, None)
        record.msg = event  # type: ignore[assignment] # structlog's dictionary
        handler.emit(record)

    log(name="tap-mysql", event="reading")
    log(name="target-postgres", event="FAILED: the tap sent a line that is no message")
    end = {"event": "Block run completed", "set_number": 2, "success": False}
    log(**end, err="Extractor and loader failed", exit_codes={PluginType.EXTRACTORS: -9, "loaders": 1})
    assert (LastWords.sentence() or "").startswith("tap-mysql was killed (SIGKILL): see whether")
    # Of one that had said nothing yet the name is not known.
    log(**end, err="Loader failed", exit_codes={PluginType.LOADERS: -11})
    assert (LastWords.sentence() or "").startswith("the loader was killed (SIGSEGV): see whether")
    log(**end, err="`dbt build` failed with exit code: -9", exit_codes={})
    assert (LastWords.sentence() or "").startswith("dbt:build was killed (SIGKILL): see whether")
    discovery = "Catalog discovery failed: command ['tap-ftplogs', '--discover'] returned -9 with stderr:\n x"
    log(**end, err=f"Cannot start plugin tap-ftplogs: {discovery}", exit_codes={})
    assert (LastWords.sentence() or "").startswith("tap-ftplogs was killed (SIGKILL): see whether")
    log(**end, err="Extractor failed", exit_codes={PluginType.EXTRACTORS: 1})
    assert LastWords.sentence() == "the tap sent a line that is no message"


@pytest.mark.parametrize(
    ("trouble", "text", "sentence"),
    [
        (
            BrokenPipeError(32, "Broken pipe"),
            "[Errno 32] Broken pipe",
            "a program of the run has ended without",
        ),
        (ConnectionResetError(), "", "a program of the run has ended without a word"),
        (ValueError("odd"), "odd", "meltano failed: odd"),
    ],
)
def test_what_meltano_cannot_cope_with_is_said_last(
    monkeypatch: pytest.MonkeyPatch, trouble: Exception, text: str, sentence: str
) -> None:
    monkeypatch.setattr(LastWords, "lines", {})
    record = logging.LogRecord("x", logging.ERROR, "", 0, "", None, None)
    record.msg = {"event": text, "exc_info": trouble}  # type: ignore[assignment] # structlog's dictionary
    LastWords().emit(record)
    assert (LastWords.sentence() or "").startswith(sentence)


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (
            {"name": "dbt", "event": '03:32:28    could not extend file "base/1/2": No space left on device'},
            "dbt failed because a disk of the warehouse is full: make room there, then start this again",
        ),
        (
            {"event": "[Errno 28] No space left on device", "exc_info": OSError(28, "")},
            "meltano failed because a disk of this machine is full: make room there, then start this again",
        ),
    ],
)
def test_a_full_disk_is_said(
    monkeypatch: pytest.MonkeyPatch, event: dict[str, object], sentence: str
) -> None:
    monkeypatch.setattr(LastWords, "lines", {})
    for each in (event, {"name": "tap", "event": "FAILED: whatever was reading has ended"}):
        record = logging.LogRecord("x", logging.INFO, "", 0, "", None, None)
        record.msg = each  # type: ignore[assignment] # structlog's dictionary
        LastWords().emit(record)
    assert LastWords.sentence() == sentence


def test_the_last_words_are_a_sentence_of_ours_or_the_last_error(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: dict[str, deque[str]] = {}
    monkeypatch.setattr(LastWords, "lines", lines)
    handler = LastWords()

    def log(name: str, text: str) -> None:
        record = logging.LogRecord("x", logging.INFO, "", 0, "", None, None)
        record.msg = {"name": name, "event": text}  # type: ignore[assignment] # structlog's dictionary
        handler.emit(record)

    assert LastWords.sentence() is None
    log("tap", "reading")
    log("tap", "\x1b[31mpsycopg.OperationalError: connection lost\x1b[0m")
    log("tap", "bye")
    assert LastWords.sentence() == "tap failed: psycopg.OperationalError: connection lost"
    log("dbt", "03:03:28  Failure in test assert_x (tests/assert_x.sql)")
    log("dbt", "03:03:28    Got 2 results, configured to fail if != 0")
    log("dbt", "03:03:28  Failure in model fct_y (models/fct_y.sql)")
    log("dbt", "03:03:28    Database Error in model fct_y (models/fct_y.sql)")
    log("dbt", "03:03:28    relation is missing")
    assert LastWords.sentence() == (
        "dbt: Failure in test assert_x (tests/assert_x.sql): Got 2 results, configured to fail if != 0 "
        "(and 1 more, above)"
    )
    log("atelier", "FAILED: the server is down: start it")
    log("dbt", "some ERROR")
    assert LastWords.sentence() == "the server is down: start it"
