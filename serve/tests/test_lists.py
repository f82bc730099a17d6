"""Lists: each can be read to its end in every order, filtered, thinned out; and says what the marts say."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from served import Served

pytestmark = pytest.mark.integration

LISTS = {
    "machines": "machine_id",
    "machines/status": "machine_id",
    "sessions": "session_id",
    "pieces": "piece_id",
    "jobs": "job_id",
    "shutter-orders": "order_id",
    "order-selection": "order_id",
    "kpis/days": ("production_date", "machine_id"),
    "kpis/days?machine_id=all": ("production_date", "machine_id"),
    "kpis/weeks": ("week_starts_on", "machine_id"),
    "kpis/weeks?machine_id=all": ("week_starts_on", "machine_id"),
    "losses": ("machine_id", "state"),
    "losses/stretches": "machine_state_id",
    "freshness": "source",
    "files": "log_file_id",
    "source-problems": "problem_id",
    "data-problems": "data_problem_id",
    "alerts": "alert_id",
    "runs": "run_id",
    "quality/days": ("production_date", "machine_id"),
    "sessions/{session_id}/timeline": "machine_state_id",
    "sessions/{session_id}/pieces": "piece_id",
    "sessions/{session_id}/jobs": "job_id",
    "sessions/{session_id}/events": "event_id",
}


def query(served: Served, statement: str) -> list[tuple[Any, ...]]:
    with closing(served.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("set timezone = 'Europe/Paris'")
        cursor.execute(statement)
        return cursor.fetchall()


def path_of(served: Served, name: str) -> str:
    session = query(served, "select session_id from marts.fct_sessions order by piece_count desc limit 1")
    return "/v1/" + name.replace("{session_id}", session[0][0])


def pages(client: httpx.Client, path: str, **parameters: Any) -> Iterator[list[dict[str, Any]]]:
    cursor: str | None = ""
    while cursor is not None:
        sent = parameters | ({"cursor": cursor} if cursor else {})
        answer = client.get(path.partition("?")[0], params={**dict_of(path), **sent})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page["count"] == len(page["data"])
        cursor = page["next_cursor"]
        yield page["data"]


def dict_of(path: str) -> dict[str, str]:
    return dict(part.split("=") for part in path.partition("?")[2].split("&") if part)


def orders_of(client: httpx.Client, path: str) -> list[str]:
    described = client.get("/v1/openapi.json").json()["paths"]
    plain = path.partition("?")[0]
    for route, methods in described.items():
        parts = route.split("/")
        if len(parts) == len(plain.split("/")) and all(
            ours == theirs or ours.startswith("{")
            for ours, theirs in zip(parts, plain.split("/"), strict=True)
        ):
            for parameter in methods["get"]["parameters"]:
                if parameter["name"] == "sort":
                    found: list[str] = parameter["schema"]["enum"]
                    return found
    raise AssertionError(path)


@pytest.mark.parametrize("name", LISTS)
def test_pages_hold_every_row_once_in_every_order(served: Served, name: str) -> None:
    key = LISTS[name]
    names = (key,) if isinstance(key, str) else key
    path = path_of(served, name)
    with served.client("admin") as client:
        whole = [row for page in pages(client, path, limit=1000) for row in page]
        keys = {tuple(row[name] for name in names) for row in whole}
        assert len(keys) == len(whole)
        assert len(whole) >= (1 if name == "source-problems" else 2)
        for sort in orders_of(client, path):
            limit = max(1, min(len(whole) // 3, 400))
            rows = [row for page in pages(client, path, limit=limit, sort=sort) for row in page]
            assert len(rows) == len(whole), sort
            assert {tuple(row[name] for name in names) for row in rows} == keys
            values = [row[sort.removeprefix("-")] for row in rows]
            known = [value for value in values if value is not None]
            # Nulls are last in either direction.
            assert values == known + [None] * (len(values) - len(known))
            if sort.removeprefix("-") not in {"status", "status_name", "job_name", "path", "machine_name"}:
                assert known == sorted(known, reverse=sort.startswith("-")), sort


@pytest.mark.parametrize("name", LISTS)
def test_sparse_rows_have_the_key_and_what_was_asked_for(served: Served, name: str) -> None:
    key = LISTS[name]
    names = {key} if isinstance(key, str) else set(key)
    path = path_of(served, name)
    with served.client("admin") as client:
        row = next(pages(client, path, limit=1))[0]
        for column in row:
            thin = next(pages(client, path, limit=1, fields=column))[0]
            extra = {column.removesuffix("_label")} if column.endswith("_label") else set()
            assert set(thin) == names | {column} | extra
            if column != "silent_seconds":
                assert thin[column] == row[column]
        answer = client.get(path.partition("?")[0], params={"fields": "nothing_of_this"})
        assert answer.status_code == 422


def test_the_sessions_are_those_of_the_mart(served: Served) -> None:
    rows = query(
        served,
        "select session_id, machine_id, production_date::text, "
        "to_char(first_event_at, 'YYYY-MM-DD\"T\"HH24:MI:SSTZH:TZM'), piece_count, span_seconds::float, "
        "occupancy_rate::float from marts.fct_sessions order by production_date desc, session_id desc",
    )
    with served.client("reader") as client:
        data = client.get("/v1/sessions", params={"limit": 1000}).json()["data"]
    names = (
        "session_id",
        "machine_id",
        "production_date",
        "first_event_at",
        "piece_count",
        "span_seconds",
        "occupancy_rate",
    )
    assert [tuple(row[name] for name in names) for row in data] == rows


def test_the_filters_of_sessions(served: Served) -> None:
    with served.client("reader") as client:
        everything = client.get("/v1/sessions", params={"limit": 1000}).json()["data"]
        asked = {
            "machine_id": "DEM12",
            "production_date_from": "2025-11-13",
            "production_date_to": "2025-11-17",
        }
        found = client.get("/v1/sessions", params=asked).json()["data"]
    expected = [
        row
        for row in everything
        if row["machine_id"] == "DEM12" and "2025-11-13" <= row["production_date"] <= "2025-11-17"
    ]
    assert found == expected
    assert len(found) == 3


def test_a_cursor_is_good_for_its_query_alone(served: Served) -> None:
    with served.client("reader") as client:
        cursor = client.get("/v1/sessions", params={"limit": 3}).json()["next_cursor"]
        good = client.get("/v1/sessions", params={"limit": 5, "cursor": cursor, "fields": "piece_count"})
        assert good.status_code == 200
        for path, change in (
            ("/v1/sessions", {"sort": "production_date"}),
            ("/v1/sessions", {"machine_id": "DEM12"}),
            ("/v1/pieces", {}),
            ("/v1/sessions", {"cursor": cursor[:-3] + "AAA"}),
            ("/v1/sessions", {"cursor": "A" + cursor[1:] if cursor[0] != "A" else "B" + cursor[1:]}),
            ("/v1/sessions", {"cursor": "AAAA"}),
            ("/v1/sessions", {"cursor": "A"}),
        ):
            answer = client.get(path, params={"cursor": cursor, **change})
            assert answer.status_code == 409, (path, change)
            assert answer.json()["type"] == "urn:atelier:problem:cursor-of-another-query"


def test_the_figures_of_all_machines_are_made_from_the_sums(served: Served) -> None:
    rows = query(
        served,
        "select production_date::text, sum(piece_count)::int, sum(productive_seconds)::float / "
        "sum(span_seconds)::float from marts.fct_machine_days group by 1 order by 1 desc",
    )
    with served.client("reader") as client:
        data = client.get("/v1/kpis/days", params={"machine_id": "all"}).json()["data"]
        weeks = client.get("/v1/kpis/weeks", params={"machine_id": "all"}).json()["data"]
    assert [(row["production_date"], row["piece_count"]) for row in data] == [row[:2] for row in rows]
    assert [row["occupancy_rate"] for row in data] == pytest.approx([row[2] for row in rows], abs=1e-11)
    assert sum(week["piece_count"] for week in weeks) == sum(row[1] for row in rows)
    assert {week["machine_count"] for week in weeks} == {2}


def test_losses_are_ranked_and_part_of_the_days_that_are_asked_for(served: Served) -> None:
    days = {"production_date_from": "2025-11-17", "production_date_to": "2025-11-18"}
    with served.client("reader") as client:
        data = client.get("/v1/losses", params=days).json()["data"]
        longest = client.get("/v1/losses/stretches", params={**days, "limit": 1}).json()["data"][0]
        stopped = client.get(
            "/v1/losses/stretches", params={**days, "state": "stopped", "limit": 1000}
        ).json()
    rows = query(
        served,
        "select s.machine_id, s.state, count(*), sum(s.duration_seconds)::float, "
        "max(s.duration_seconds)::float, "
        "(sum(s.duration_seconds) / (select sum(span_seconds) from marts.fct_sessions x "
        "where x.machine_id = s.machine_id "
        "and x.production_date between '2025-11-17' and '2025-11-18'))::float "
        "from marts.fct_machine_states s join marts.fct_sessions d using (session_id) "
        "where s.state <> 'productive' and d.production_date between '2025-11-17' and '2025-11-18' "
        "group by 1, 2 order by 4 desc",
    )
    found = [
        (row["machine_id"], row["state"], row["count"], row["duration_seconds"], row["longest_seconds"])
        for row in data
    ]
    assert found == [row[:5] for row in rows]
    assert [row["loss_rate"] for row in data] == pytest.approx([row[5] for row in rows], abs=1e-11)
    assert longest["duration_seconds"] == max(row[4] for row in rows)
    assert stopped["count"] == sum(row[2] for row in rows if row[1] == "stopped")


def test_orders_are_searched_without_case_and_accents(served: Served) -> None:
    with served.client("planner") as client:

        def found(**asked: Any) -> list[dict[str, Any]]:
            data: list[dict[str, Any]] = client.get(
                "/v1/shutter-orders", params={"limit": 1000, **asked}
            ).json()["data"]
            return data

        everything = found()
        assert {row["job_name"] for row in found(q="ecole de l'oeuvre")} <= {"École de l'Œuvre"}
        assert len(found(q="RESIDENCE")) == sum(
            row["job_name"] == "Résidence Les Tilleuls" for row in everything
        )
        assert [row["order_number"] for row in found(q="230007")] == [230007]
        assert found(q="%") == found(q="_") == []
        assert found(q="sop25") == [row for row in everything if row["box_code"] == "SOP25"]
        assert found(is_stock_managed=True) == [row for row in everything if row["is_stock_managed"]]
        assert found(is_begun=False) == [row for row in everything if not row["produced_count"]]
        named = {row["status_name"] for row in everything}
        assert named == {"Planifiée", "lancer en prod", "vitrage"}
        for name in named:
            assert found(status=name) == [row for row in everything if row["status_name"] == name]
        spelt = [row for row in everything if row["status"] == "cde PLANIFIEE"]
        assert found(status="Cde planifiée") == spelt
        assert found(extension="B") == [row for row in everything if row["extension"] == "B"]
        days = sorted(row["planned_on"] for row in everything)
        middle = days[len(days) // 2]
        assert len(found(planned_from=middle)) == sum(day >= middle for day in days)
        assert len(found(planned_to=middle)) == sum(day <= middle for day in days)


def test_an_order_has_its_accessories_progress_and_history(served: Served) -> None:
    with served.client("planner") as client:
        order = client.get("/v1/shutter-orders/K000003").json()
    assert [row["position"] for row in order["accessories"]] == [1, 2]
    assert [row["is_current"] for row in order["status_history"]] == [False, True]
    assert order["status_history"][1]["status_name"] == order["status_name"]
    number = order["order_number"]
    pieces = query(served, f"select count(*) from marts.fct_pieces where order_number = {number}")
    assert order["produced_count"] == pieces[0][0] > 0


def test_every_order_of_the_erp_says_why_it_is_in_the_list_or_not(served: Served) -> None:
    with served.client("reader") as client:

        def found(**asked: Any) -> list[dict[str, Any]]:
            answer = client.get("/v1/order-selection", params={"limit": 1000, **asked})
            data: list[dict[str, Any]] = answer.json()["data"]
            return data

        (absent,) = found(is_selected=False)
        assert absent["reason"] == "Absente de la liste : statut inconnu de la liste des statuts."
        assert (absent["status"], absent["status_name"], absent["is_status_known"]) == (
            "Bloquée",
            None,
            False,
        )
        assert found(q="990001/a") == found(status="BLOQUEE") == found(is_status_known=False) == [absent]
        assert found(q="%") == []
        assert len(found(is_selected=True)) == len(found()) - 1
        (problem,) = client.get("/v1/data-problems", params={"table_name": "p_zubeh"}).json()["data"]
        assert (problem["column_name"], problem["reason"]) == ("stueck", "unreadable_number")


def test_labels_are_in_the_language_that_is_asked_for(served: Served) -> None:
    for language, words in (
        ("fr", {"Production", "Attente", "Arrêt"}),
        ("en", {"Production", "Waiting", "Stop"}),
    ):
        with served.client("reader") as client:
            answer = client.get(
                path_of(served, "sessions/{session_id}/timeline"), headers={"Accept-Language": language}
            )
        assert answer.headers["content-language"] == language
        assert {row["state_label"] for row in answer.json()["data"]} <= words


@pytest.mark.parametrize(
    "path",
    [
        "/v1/machines/NONE",
        "/v1/sessions/" + "0" * 32,
        "/v1/sessions/" + "0" * 32 + "/timeline",
        "/v1/sessions/" + "0" * 32 + "/pieces",
        "/v1/sessions/" + "0" * 32 + "/jobs",
        "/v1/sessions/" + "0" * 32 + "/events",
        "/v1/shutter-orders/NONE",
        "/v1/explain/stop_rate?machine_id=NONE&production_date=2025-11-20",
    ],
)
def test_what_is_not_there_is_a_problem(served: Served, path: str) -> None:
    with served.client("reader") as client:
        answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 404
    assert problem["instance"] == path.partition("?")[0]
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["errors"] == []


def test_a_figure_is_explained_down_to_the_lines_of_the_log(served: Served) -> None:
    with served.client("reader") as client:
        days = client.get("/v1/kpis/days", params={"machine_id": "DEM12"}).json()["data"]
        day = next(day for day in days if day["stop_count"] and day["wait_count"])
        asked = {"machine_id": "DEM12", "production_date": day["production_date"]}
        for kpi in ("occupancy_rate", "waiting_rate", "stop_rate", "pieces_per_productive_hour"):
            why = client.get(f"/v1/explain/{kpi}", params=asked).json()
            assert why["value"] == day[kpi]
            assert why["computed_value"] == pytest.approx(day[kpi], abs=1e-6)
        for name, kind in (("piece_count", "piece"), ("job_count", "job")):
            why = client.get(f"/v1/explain/{name}", params=asked).json()
            assert why["is_all"] is True
            assert len(why["events"]) == day[name]
            assert {event["kind"] for event in why["events"]} == {kind}
        for name, state in (("stopped_seconds", "stopped"), ("waiting_seconds", "waiting")):
            why = client.get(f"/v1/explain/{name}", params=asked).json()
            assert {stretch["state"] for stretch in why["states"]} == {state}
            assert sum(stretch["duration_seconds"] for stretch in why["states"]) == day[name]
        why = client.get("/v1/explain/span_seconds", params=asked, headers={"Accept-Language": "en"}).json()
        assert why["formula"].startswith("productive + waiting + stopped")
        assert why["computed_value"] == day["span_seconds"]
        assert [file["path"] for file in why["files"]] == [
            f"DEM12 (PVC)/{day['production_date'].replace('-', '')}.LOG"
        ]
        assert client.get(why["states_url"]).json()["count"] == len(why["states"])
        event = why["events"][0]
        english = {"Accept-Language": "en"}
        located = client.get(why["events_url"], params={"kind": "piece"}, headers=english).json()["data"]
        assert located[0] == event
        assert event["byte_offset"] == (event["line_number"] - 1) * 40
