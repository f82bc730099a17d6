"""The commands `fill` and `grow` on a site of their own."""

from __future__ import annotations

import argparse
import time
from datetime import date
from typing import TYPE_CHECKING

import pytest
from atelier.errors import AtelierError
from atelier_demo import cli
from atelier_demo.factory import fill, grow
from atelier_demo.factory.ending import Ending, remembered
from atelier_demo.factory.logs import make_logs
from atelier_demo.servers.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPTIONS = ["--days", "2", "--machines", "1", "--orders", "60", "--seed", "3", "--until", "2025-06-12"]
UNTIL = date(2025, 6, 12)


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
    assert [path.name for path in own_site.ftp_root.iterdir()] == ["DEM12 (PVC)"]
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


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["--days", "0"], "DAYS is '0': give a whole number from 1 to 3650"),
        (["--days", "٣"], "DAYS is"),
        (["--machines=-2"], "MACHINES is '-2'"),
        (["--orders", "many"], "ORDERS is 'many'"),
        (["--orders", "9999999"], "ORDERS is '9999999'"),
        (["--seed", "1.5"], "SEED is '1.5'"),
    ],
)
def test_a_senseless_amount_is_refused_in_one_sentence(
    capsys: pytest.CaptureFixture[str], words: list[str], refusal: str
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.parser().parse_args(["run", *words])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert refusal in said
    assert said.count("\n") == 1


def test_amounts_come_from_the_environment_as_make_gives_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DAYS": "5", "MACHINES": "2", "ORDERS": "", "SEED": "0"}.items():
        monkeypatch.setenv(name, value)
    options = cli.parser().parse_args(["run"])
    assert (options.days, options.machines, options.orders, options.seed) == (5, 2, None, 0)


def test_what_was_made_stays_and_another_amount_is_refused(tmp_path: Path) -> None:
    site = Site(tmp_path)
    defaults = {name: amount.default for name, amount in fill.AMOUNTS.items()}
    assert fill.amounts(site, dict.fromkeys(fill.AMOUNTS)) == defaults
    make_logs(site.ftp_root, seed=0, days=1, machines=1, until=UNTIL, manifest=fill.logs_note(site))
    made = {"seed": 0, "days": 1, "machines": 1, "orders": 2000}
    assert fill.amounts(site, dict.fromkeys(fill.AMOUNTS)) == made
    assert fill.amounts(site, {"machines": 1, "orders": 7}) == {**made, "orders": 7}
    with pytest.raises(AtelierError, match=r"made with MACHINES=1, not 4: .*make demo-reset"):
        fill.amounts(site, {"machines": 4})


def test_the_moment_of_the_first_time_is_remembered(tmp_path: Path) -> None:
    note = tmp_path / "new" / "last-day"
    first = remembered(note)
    assert 0 <= time.time() - first.now < 60
    assert remembered(note) == first
    note.write_text("2025-06-12", encoding="ascii")  # as it was remembered before
    assert remembered(note) == Ending.of_day(UNTIL)
