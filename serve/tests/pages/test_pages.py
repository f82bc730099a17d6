"""Each page with data: what it says is what the marts say, every chart is drawn, in three sizes."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pages.visit import LAPTOP, PHONE, WALL, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from served import Served

    from pages.visit import Visit

pytestmark = pytest.mark.integration

#: Kept by CI, so that people look at them.
SCREENSHOTS = Path(__file__).resolve().parents[3] / ".local" / "screenshots"

DAY = "2025-11-20"
MACHINE_DAY = f"/machine/DEM12/{DAY}"
PAGES = {
    "aujourdhui": ("/", {"lanes", "hours"}),
    "machine-jour": (MACHINE_DAY, {"day"}),
    "semaine": ("/semaine/2025-W47", {"shares", "calendar", "pareto", "trend"}),
    "commandes": ("/commandes", {"orders"}),
    "qualite": ("/qualite", {"rejected"}),
}
PRODUCTIVE, WAITING, STOPPED = 0x2A9D7C, 0xF2B632, 0xB3261E


def query(served: Served, statement: str) -> list[tuple[Any, ...]]:
    with closing(served.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("set timezone = 'Europe/Paris'")
        cursor.execute(statement)
        return cursor.fetchall()


def french(value: float, digits: int = 0) -> str:
    return f"{float(value):,.{digits}f}".replace(",", " ").replace(".", ",")


def percent(rate: float, digits: int = 1) -> str:
    return f"{french(float(rate) * 100, digits)} %"


@pytest.mark.parametrize("size", ["phone", "laptop", "wall"])
@pytest.mark.parametrize("name", PAGES)
def test_it_looks_right_in_every_size(visit: Callable[..., Visit], name: str, size: str) -> None:
    path, expected = PAGES[name]
    dimensions = {"phone": PHONE, "laptop": LAPTOP, "wall": WALL}[size]
    seen = visit(path + ("?mural=1" if size == "wall" else ""), size=dimensions, touch=size == "phone")
    page = seen.page
    charts = seen.charts()
    # The wall leaves out what would not fit on one screen.
    assert set(charts) <= expected if size == "wall" else set(charts) == expected
    for chart, colours in charts.items():
        assert len(colours) > 3, chart
        canvas = page.locator(f"[data-chart={chart}]")
        assert len(canvas.get_attribute("aria-label") or "") > 20
        assert page.locator("figure", has=canvas).locator("details table tbody tr").count() > 0
    assert page.evaluate("document.documentElement.scrollWidth") <= dimensions[0]
    if size != "wall":
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": dimensions[0], "height": max(height, dimensions[1])})
        page.wait_for_timeout(100)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}-{size}.png")
    page.evaluate("document.querySelectorAll('.chart__table').forEach(table => { table.open = true; })")
    assert seen.serious() == []


def test_today_shows_the_newest_day(visit: Callable[..., Visit], served: Served) -> None:
    seen = visit("/")
    [(pieces, occupancy, speed)] = query(
        served,
        "select sum(piece_count), sum(productive_seconds) / sum(span_seconds), "
        "sum(piece_count) * 3600 / sum(productive_seconds) "
        f"from marts.fct_sessions where production_date = '{DAY}'",
    )
    assert plain(seen.page.get_by_role("heading", level=1).inner_text()) == "Jeudi 20 novembre 2025"
    assert seen.figure("Pièces") == french(pieces)
    assert seen.figure("Occupation") == percent(occupancy)
    assert seen.figure("Pièces par heure productive") == french(speed, 1)
    for machine, count, rate in query(
        served,
        "select machine_id, piece_count, occupancy_rate from marts.fct_sessions "
        f"where production_date = '{DAY}'",
    ):
        row = seen.page.locator(f"[data-machine='{machine}']")
        words = plain(row.inner_text())
        assert f" {french(count)} " in words
        assert percent(rate) in words
        # Its log is of another year: whatever it did last is not what it does now.
        assert re.search("Journée finie|Silencieuse", words)
    stretches = query(
        served,
        "select count(*) from marts.fct_machine_states inner join marts.fct_sessions using (session_id) "
        f"where production_date = '{DAY}'",
    )
    assert len(seen.rows("La journée des machines")) == stretches[0][0]


def test_today_says_what_needs_attention(visit: Callable[..., Visit]) -> None:
    seen = visit("/")
    words = plain(seen.page.locator(".attention").inner_text())
    assert re.search(r"Aucune machine n'écrit depuis \d+ jours", words)
    assert "1 fichier ou dossier illisible" in words
    # The warehouse's own alerts, the critical ones before the others.
    assert words.index("Exécution en échec : erp-to-marts") < words.index(
        "Horloge d'une machine qui saute : SU12"
    )
    assert "recul de 121 min. Régler l'heure du PC de la machine" in words
    seen.page.get_by_role("link", name=re.compile("1 fichier ou dossier illisible")).click()
    seen.settle()
    assert seen.page.url.endswith("/qualite#problemes")
    assert "550 Permission denied" in seen.page.locator("#problemes").inner_text()


def test_a_machines_day_shows_its_session(visit: Callable[..., Visit], served: Served) -> None:
    seen = visit(MACHINE_DAY)
    where = f"from marts.fct_sessions where machine_id = 'DEM12' and production_date = '{DAY}'"
    [(session, pieces, occupancy, waiting, stopped)] = query(
        served, f"select session_id, piece_count, occupancy_rate, waiting_rate, stop_rate {where}"
    )
    assert seen.figure("Pièces") == french(pieces)
    assert seen.figure("Occupation") == percent(occupancy)
    assert seen.figure("Attente") == percent(waiting)
    assert seen.figure("Arrêt") == percent(stopped)
    states = query(
        served,
        "select state, to_char(started_at, 'HH24:MI:SS'), to_char(ended_at, 'HH24:MI:SS') "
        f"from marts.fct_machine_states where session_id = '{session}' order by state_number",
    )
    names = {"productive": "Production", "waiting": "Attente", "stopped": "Arrêt"}
    # The browser stands in New York: the plant's clock is shown all the same.
    shown = [tuple(row[:3]) for row in seen.rows("Déroulé de la journée")]
    assert shown == [(names[state], start, end) for state, start, end in states]
    colours = {"productive": PRODUCTIVE, "waiting": WAITING, "stopped": STOPPED}
    assert {colours[state] for state, _, _ in states} <= seen.charts()["day"]
    numbers = [int(row[0]) for row in seen.rows("Pièces")]
    assert numbers == list(range(1, min(pieces, 200) + 1))


def test_why_a_number_leads_to_the_line_of_the_log(visit: Callable[..., Visit], served: Served) -> None:
    seen = visit(MACHINE_DAY)
    seen.page.get_by_role("button", name="Pourquoi ce chiffre : Occupation").click()
    drawer = seen.page.get_by_role("dialog", name="Occupation de DEM12")
    drawer.get_by_role("table", name="Les lignes du journal").wait_for()
    [(rate,)] = query(
        served,
        "select occupancy_rate from marts.fct_sessions "
        f"where machine_id = 'DEM12' and production_date = '{DAY}'",
    )
    assert plain(drawer.locator(".formula__result").inner_text()) == percent(rate, 2)
    found = query(
        served,
        "select to_char(e.occurred_at, 'HH24:MI:SS'), e.file_path, e.line_number::text, e.byte_offset "
        "from marts.fct_session_events as e inner join marts.fct_sessions as s using (session_id) "
        f"where s.machine_id = 'DEM12' and s.production_date = '{DAY}' order by e.event_number",
    )
    known = {(at, path, line, french(offset)) for at, path, line, offset in found}
    lines = seen.rows("Les lignes du journal")
    assert lines
    assert {(row[0], row[2], row[3], row[4]) for row in lines} <= known


def test_a_week_shows_sums_and_rates_of_sums(visit: Callable[..., Visit], served: Served) -> None:
    seen = visit("/semaine/2025-W47")
    [(pieces, occupancy)] = query(
        served,
        "select sum(piece_count), sum(productive_seconds) / sum(span_seconds) "
        "from marts.fct_machine_weeks where iso_week = '2025-W47'",
    )
    assert seen.figure("Pièces") == french(pieces)
    assert seen.figure("Occupation") == percent(occupancy)
    weeks = query(
        served,
        "select machine_id, occupancy_rate, waiting_rate, stop_rate, piece_count "
        "from marts.fct_machine_weeks where iso_week = '2025-W47' order by 1",
    )
    assert [row[:5] for row in seen.rows("Machines de la semaine")] == [
        [machine, *map(percent, rates), french(count)] for machine, *rates, count in weeks
    ]
    losses = query(
        served,
        "select machine_id, state, count(*) from marts.fct_machine_states as states "
        "inner join marts.fct_sessions as sessions using (session_id, machine_id) "
        "where production_date between '2025-11-17' and '2025-11-23' and state <> 'productive' "
        "group by 1, 2 order by sum(duration_seconds) desc",
    )
    names = {"waiting": "Attente", "stopped": "Arrêt"}
    pareto = [[row[0], row[1], row[3]] for row in seen.rows("Pertes : attentes et arrêts")]
    assert pareto == [[machine, names[state], french(count)] for machine, state, count in losses]
    assert seen.rows("Pertes : attentes et arrêts")[-1][5] == "100,0 %"


def test_quality_accounts_for_every_line(visit: Callable[..., Visit], served: Served) -> None:
    seen = visit("/qualite")
    [(lines, events, rejected)] = query(
        served,
        "select sum(line_count), sum(event_count), sum(rejected_count) from marts.fct_log_files "
        f"where session_id is not null and production_date > date '{DAY}' - 30",
    )
    assert seen.figure("Lignes lues") == french(lines)
    assert seen.figure("Événements") == french(events)
    assert seen.figure("Rejetées") == french(rejected)
    alerts = query(served, "select subject, details, what_to_do from marts.fct_alerts order by subject")
    assert sorted((row[2], row[4], row[5]) for row in seen.rows("Alertes en cours")) == alerts
    runs = query(served, "select job, message from marts.fct_runs order by started_at desc limit 10")
    shown = seen.rows("Dernières exécutions")
    assert [(row[1], row[7] or None) for row in shown] == runs
    assert {row[3] for row in shown} == {"En cours", "Réussie", "En échec", "Interrompue"}
    [(until,)] = query(
        served, "select complete_until from marts.fct_source_freshness where source = 'ftplogs'"
    )
    assert seen.figure("Journaux complets jusqu'à") == f"20/11/2025 {until:%H:%M}"
    assert f"{until:%H:%M}" in seen.page.locator("#freshness").inner_text()
