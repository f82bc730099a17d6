"""The commands `fill` and `grow` on a site of their own."""

from __future__ import annotations

import argparse
from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest
from atelier.errors import AtelierError
from atelier_demo.factory import fill, grow
from atelier_demo.factory.shifts import PLANT
from atelier_demo.servers.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPTIONS = ["--days", "2", "--machines", "1", "--orders", "60", "--seed", "3", "--until", "2025-06-12"]


@pytest.fixture(scope="module")
def own_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Servers of our own: what is filled here must not be seen by any other test."""
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.down()


def arguments(site: Site) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--site")
    fill.add_arguments(parser)
    grow.add_arguments(parser)
    options = parser.parse_args(OPTIONS)
    options.site = site.folder
    return options


def test_nothing_grows_before_it_was_filled(tmp_path: Path) -> None:
    with pytest.raises(AtelierError, match="fill"):
        grow.grow(Site(tmp_path))


def test_fill_starts_the_servers_and_fills_both_sources(
    own_site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fill.run(arguments(own_site)) == 0
    shown = capsys.readouterr().out
    assert "machine logs until 2025-06-12: " in shown
    assert "60 orders" in shown
    assert {path.name for path in own_site.ftp_root.iterdir()} == {
        "DEM12 (PVC)",
        "PERÇAGE9 (ACIER GALVANISÉ)",
    }
    started = Site(own_site.folder)
    assert started.variables()["MYSQL_PASSWORD"] not in shown
    with started.mysql.connect() as reader, reader.cursor() as cursor:
        cursor.execute("show tables")
        assert {name for (name,) in cursor.fetchall()} == set(fill.PIPELINE_TABLES)


def test_fill_and_grow_again_change_nothing(own_site: Site) -> None:
    fill.run(arguments(own_site))

    def snapshot() -> dict[Path, tuple[bytes, int]]:
        files = (path for path in own_site.ftp_root.rglob("*") if path.is_file())
        return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    before = snapshot()
    assert grow.run(arguments(own_site)) == 0
    grown = snapshot()
    assert grown != before
    assert grow.grow(own_site) == 0
    fill.run(arguments(own_site))
    assert snapshot() == grown


def test_a_count_below_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    fill.add_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--days", "0"])
    assert "at least 1" in capsys.readouterr().err


def test_no_line_lies_in_the_future_by_default() -> None:
    noon = datetime.combine(fill.last_half_day(), datetime.min.time(), PLANT).replace(hour=12)
    assert noon <= datetime.now(PLANT)
    assert fill.last_half_day() <= date.today()  # noqa: DTZ011 - the machine's own date is meant
