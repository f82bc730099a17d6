"""Every route as nobody, as each role and as keys of each scope: who may what, written down once more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from atelier_api.auth import keys
from atelier_api.server import services_for
from atelier_api.settings import Settings

if TYPE_CHECKING:
    import httpx
    from served import Served

pytestmark = pytest.mark.integration

NOBODY, READER, PLANNER, DPO, ADMIN = "nobody", "reader", "planner", "dpo", "admin"
EVERYBODY = {NOBODY, READER, PLANNER, DPO, ADMIN}
LOGGED_IN = EVERYBODY - {NOBODY}

#: Who may call each route. A route that is not here makes the test fail.
MAY: dict[tuple[str, str], set[str]] = {
    ("get", "/health"): EVERYBODY,
    ("get", "/ready"): EVERYBODY,
    # From this machine; for others see test_hardening.
    ("get", "/metrics"): EVERYBODY,
    ("get", "/v1/me"): LOGGED_IN,
    ("post", "/v1/me/password"): LOGGED_IN,
    ("post", "/v1/auth/token"): EVERYBODY,
    ("post", "/v1/auth/revoke"): EVERYBODY,
    ("get", "/v1/admin/audit"): {DPO, ADMIN},
    **{
        (method, path): {ADMIN}
        for method, path in (
            ("get", "/v1/admin/users"),
            ("post", "/v1/admin/users"),
            ("get", "/v1/admin/users/{user_id}"),
            ("patch", "/v1/admin/users/{user_id}"),
            ("delete", "/v1/admin/users/{user_id}"),
            ("post", "/v1/admin/users/{user_id}/link"),
            ("get", "/v1/admin/api-keys"),
            ("post", "/v1/admin/api-keys"),
            ("delete", "/v1/admin/api-keys/{key_id}"),
        )
    },
    **{
        ("get", f"/v1/{path}"): LOGGED_IN
        for path in (
            "machines",
            "machines/status",
            "machines/{machine_id}",
            "sessions",
            "sessions/{session_id}",
            "sessions/{session_id}/timeline",
            "sessions/{session_id}/pieces",
            "sessions/{session_id}/jobs",
            "sessions/{session_id}/events",
            "pieces",
            "jobs",
            "shutter-orders",
            "shutter-orders/{order_id}",
            "order-selection",
            "kpis/days",
            "kpis/weeks",
            "losses",
            "losses/stretches",
            "explain/{kpi}",
            "freshness",
            "files",
            "source-problems",
            "data-problems",
            "quality/days",
            "alerts",
            "runs",
        )
    },
}

#: Parts of paths for which there is nothing, so that nothing is changed by trying.
PARTS = {
    "{user_id}": "999999",
    "{key_id}": "0" * 16,
    "{machine_id}": "DEM12",
    "{session_id}": "0" * 32,
    "{order_id}": "NONE",
    "{kpi}": "stop_rate",
}


def routes(served: Served) -> list[tuple[str, str]]:
    with served.client() as client:
        paths = client.get("/v1/openapi.json").json()["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods]


def call(client: httpx.Client, method: str, path: str) -> httpx.Response:
    for part, value in PARTS.items():
        path = path.replace(part, value)
    return client.request(method, path)


def test_the_table_names_every_route(served: Served) -> None:
    assert set(routes(served)) == set(MAY)


@pytest.mark.parametrize("who", sorted(EVERYBODY))
def test_everybody_may_what_they_may_and_nothing_else(served: Served, who: str) -> None:
    with served.client(None if who == NOBODY else who) as client:
        for method, path in routes(served):
            answer = call(client, method, path)
            if who in MAY[method, path]:
                # Nothing is there, or the body is missing: but the door was open.
                assert answer.status_code in {200, 404, 422}, (method, path, answer.text)
            elif who == NOBODY:
                assert answer.status_code == 401, (method, path)
                assert answer.headers["www-authenticate"].startswith("Bearer")
            else:
                assert answer.status_code == 403, (method, path)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json"


LISTS = ("machines", "sessions", "pieces", "shutter-orders", "kpis/days", "losses", "files")


@pytest.mark.parametrize("who", [READER, PLANNER, DPO, ADMIN])
def test_files_are_for_planners_and_those_above(served: Served, who: str) -> None:
    with served.client(who) as client:
        for path in LISTS:
            for form in ("csv", "xlsx"):
                answer = client.get(f"/v1/{path}", params={"format": form})
                assert answer.status_code == (403 if who == READER else 200), (path, form)
        accept = client.get("/v1/sessions", headers={"Accept": "text/csv"})
        assert accept.status_code == (403 if who == READER else 200)


@pytest.mark.security(
    attack="a reader who looks for customers",
    rule="columns, sorting and search need the permission",
)
@pytest.mark.parametrize("who", [READER, PLANNER, DPO, ADMIN])
def test_customers_job_names_and_prices_are_not_for_readers(served: Served, who: str) -> None:
    secret = {"job_name", "price_eur", "customer_key"}
    with served.client(who) as client:
        rows = client.get("/v1/shutter-orders").json()["data"]
        single = client.get("/v1/shutter-orders/K000001").json()
        answers = [
            client.get("/v1/shutter-orders", params=asked)
            for asked in (
                {"fields": "price_eur"},
                {"fields": "order_number,customer_key"},
                # The order of the rows would tell who pays more.
                {"sort": "price_eur"},
                {"sort": "-price_eur"},
                {"sort": "job_name"},
            )
        ]
        named = client.get("/v1/shutter-orders", params={"q": "tilleuls", "limit": 1000}).json()["data"]
    assert bool(named) is (who != READER)
    if who == READER:
        assert not secret & set(rows[0])
        assert not secret & set(single)
        assert {answer.status_code for answer in answers} == {403}
    else:
        assert secret <= set(rows[0])
        assert secret <= set(single)
        assert {answer.status_code for answer in answers} == {200}


def test_a_key_may_what_its_scopes_say(served: Served) -> None:
    async def made() -> dict[str, str]:
        async with services_for(Settings.of(served.variables)) as services:
            return {
                scope: (await keys.create(services, f"key for {scope}", [scope], 1, "tests")).key
                for scope in ("marts", "orders", "exports", "metrics")
            }

    for scope, key in asyncio.run(made()).items():
        with served.client() as client:
            client.headers["Authorization"] = f"Bearer {key}"
            me: dict[str, Any] = client.get("/v1/me").json()
            assert (me["kind"], me["role"], me["permissions"]) == ("key", None, [scope])
            assert client.get("/v1/machines").status_code == (200 if scope == "marts" else 403)
            for path in ("users", "api-keys", "audit"):
                assert client.get(f"/v1/admin/{path}").status_code == 403
            assert client.post("/v1/me/password", json={}).status_code == 422
            change = {"current_password": "x", "new_password": "a long new password"}
            assert client.post("/v1/me/password", json=change).status_code == 403
