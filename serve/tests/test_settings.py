"""Settings that make no sense are refused in one sentence that names them and shows no secret."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from atelier.errors import AtelierError
from atelier_api import cli
from atelier_api.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "k" * 40
GOOD = {
    "POSTGRES_HOST": "h",
    "POSTGRES_PORT": "5432",
    "POSTGRES_USER": "u",
    "POSTGRES_PASSWORD": "p",
    "POSTGRES_DB": "d",
    "PLANT_TIMEZONE": "Europe/Paris",
    "API_SECRET_KEY": SECRET,
}


def test_what_is_not_given_has_a_default() -> None:
    settings = Settings.of(GOOD)
    assert (settings.host, settings.port, settings.rate_limit) == ("127.0.0.1", 8000, 600)
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.cors_origins == settings.trusted_proxies == ()
    assert not settings.is_https
    # As .env.example has them: named, but empty.
    empty = {
        "API_HOST": "",
        "API_PORT": "",
        "API_PUBLIC_URL": "",
        "API_CORS_ORIGINS": "",
        "API_RATE_LIMIT": "",
    }
    assert Settings.of({**GOOD, **empty}) == settings


def test_what_is_given_is_taken() -> None:
    given = {
        "API_HOST": "::1",
        "API_PORT": "9000",
        "API_PUBLIC_URL": "https://atelier.example/",
        "API_CORS_ORIGINS": "https://a.example, https://b.example:8443",
        "API_TRUSTED_PROXIES": "10.0.0.5, 192.168.0.0/16",
    }
    settings = Settings.of({**GOOD, **given})
    assert settings.public_url == "https://atelier.example"
    assert settings.is_https
    assert settings.cors_origins == ("https://a.example", "https://b.example:8443")
    assert settings.trusted_proxies == ("10.0.0.5/32", "192.168.0.0/16")
    assert Settings.of({**GOOD, "API_HOST": "::1"}).public_url == "http://[::1]:8000"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"API_SECRET_KEY": ""}, "set API_SECRET_KEY"),
        ({"API_SECRET_KEY": "x" * 31}, "API_SECRET_KEY has fewer than 32 characters"),
        ({"API_PORT": "http"}, "API_PORT is 'http'"),
        ({"API_PORT": "70000"}, "API_PORT is '70000'"),
        ({"API_PUBLIC_URL": "atelier.example"}, "API_PUBLIC_URL names"),
        ({"API_PUBLIC_URL": "https://atelier.example/app"}, "API_PUBLIC_URL names"),
        ({"API_CORS_ORIGINS": "*"}, "API_CORS_ORIGINS names"),
        ({"API_CORS_ORIGINS": "null"}, "API_CORS_ORIGINS names"),
        ({"API_TRUSTED_PROXIES": "proxy.example"}, "API_TRUSTED_PROXIES names"),
        ({"API_RATE_LIMIT": "0"}, "API_RATE_LIMIT is '0'"),
        ({"PLANT_TIMEZONE": "Paris"}, "PLANT_TIMEZONE is 'Paris'"),
        ({"POSTGRES_HOST": ""}, "set POSTGRES_HOST"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(AtelierError) as refused:
        Settings.of({**GOOD, **changes})
    assert sentence in str(refused.value)
    assert SECRET not in str(refused.value)
    assert "x" * 31 not in str(refused.value)


def test_the_documentation_is_made_without_the_key_of_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pipeline's service makes it, and has no such key; the server reads it by its group."""
    variables = {name: value for name, value in GOOD.items() if name != "API_SECRET_KEY"}
    folder = tmp_path / "site"
    file = tmp_path / "env"
    lines = [f"{name}={value}" for name, value in {**variables, "ATELIER_DOCS_DIR": str(folder)}.items()]
    file.write_text("\n".join(lines))
    monkeypatch.setattr(cli, "build", lambda _root, site, *_, **__: site.mkdir())
    before = os.umask(0o077)
    try:
        assert cli.main(["--env-file", str(file), "docs"]) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
    assert str(folder) in capsys.readouterr().out
    assert cli.main(["--env-file", str(file), "serve"]) == 1
    assert "API_SECRET_KEY" in capsys.readouterr().err
