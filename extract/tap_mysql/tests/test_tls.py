"""TLS: verified, or refused; switched off only with a word."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from tap_mysql.check import check_source
from tap_mysql.errors import SourceError

from .source import READER, Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("own_mysql")]


@pytest.fixture(autouse=True)
def table(source: Source) -> Iterator[None]:
    source.execute("create table t (id int primary key)")
    source.execute("alter user %s@'%%' require ssl", (READER,))
    yield
    source.execute("alter user %s@'%%' require none", (READER,))


def test_rows_are_read_over_tls(source: Source, certificates: dict[str, Path]) -> None:
    source.execute("insert into t select seq from numbers.from_1_to_100000")
    tls = {"tls": "required", "tls_ca_file": str(certificates["server"])}
    run = source.run(config=tls)
    assert run.error is None
    assert len(run.records("t")) == 100_000
    report = check_source({**source.config, **tls})
    assert report.tls is not None
    assert f"as {READER}, with {report.tls}, certificate verified; the server" in str(report)


def test_a_certificate_of_a_stranger_is_refused(source: Source, certificates: dict[str, Path]) -> None:
    for trusted in (None, str(certificates["stranger"])):
        run = source.run(config={"tls": "required", "tls_ca_file": trusted})
        assert isinstance(run.error, SourceError)
        assert "certificate of the MySQL server 127.0.0.1" in str(run.error)
        assert "is not trusted" in str(run.error)
        assert "MYSQL_TLS_CA" in str(run.error)
        assert not run.messages


def test_the_name_in_the_certificate_counts(source: Source, certificates: dict[str, Path]) -> None:
    # The server listens on 127.0.0.1 alone, which localhost is, too: but the certificate does not say so.
    changes = {"host": "localhost", "tls": "required", "tls_ca_file": str(certificates["server"])}
    with pytest.raises(SourceError, match=r"is not trusted .*localhost.*MYSQL_HOST"):
        check_source({**source.config, **changes})


def test_verification_can_be_switched_off_and_that_is_told(
    source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    run = source.run(config={"tls": "required", "tls_verify": "false"})
    assert run.error is None
    (warning,) = [
        record.message
        for record in caplog.records
        if record.levelno == logging.WARNING and "NOT verified" in record.message
    ][-1:]
    assert warning.startswith("the certificate of 127.0.0.1")


def test_a_server_that_insists_on_tls_is_told(source: Source) -> None:
    with pytest.raises(SourceError, match="refuses user"):
        check_source(source.config)


def test_a_file_that_is_no_certificate_is_named(source: Source, tmp_path: Path) -> None:
    path = tmp_path / "empty.pem"
    path.write_text("")
    with pytest.raises(SourceError, match=r"empty\.pem cannot be used"):
        check_source({**source.config, "tls": "required", "tls_ca_file": str(path)})
    with pytest.raises(SourceError, match=r"gone\.pem is missing"):
        check_source({**source.config, "tls": "required", "tls_ca_file": str(tmp_path / "gone.pem")})
