"""What every answer carries: headers, what has not changed, compression, limits, figures, the log."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import closing
from urllib.parse import quote

import pytest
from atelier_api.auth import keys
from atelier_api.limits import Buckets
from atelier_api.metrics import MOST_ROUTES, Metrics
from atelier_api.server import services_for
from atelier_api.settings import Settings
from served import Served, add_users, log_in, start

pytestmark = pytest.mark.integration


def test_every_answer_has_its_headers(served: Served) -> None:
    with served.client("reader") as client:
        for path in ("/v1/machines", "/v1/nothing", "/health", "/login", "/v1/sessions?limit=0"):
            answer = client.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["x-frame-options"] == "DENY"
            assert "strict-transport-security" not in answer.headers
            assert "server" not in answer.headers
            assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
        named = client.get("/v1/machines", headers={"X-Request-ID": "run-7.a_b"})
        assert named.headers["x-request-id"] == "run-7.a_b"
        hostile = client.get("/v1/machines", headers={"X-Request-ID": "a b<script>"})
        assert re.fullmatch(r"[0-9a-f]{32}", hostile.headers["x-request-id"])


def test_what_has_not_changed_is_not_sent_again(served: Served) -> None:
    with served.client("reader") as client, served.client("planner") as planner:
        first = client.get("/v1/sessions", params={"limit": 5})
        etag = first.headers["etag"]
        assert etag.startswith('W/"')
        assert first.headers["cache-control"] == "private, no-cache"
        assert {"authorization", "cookie", "accept", "accept-language"} <= {
            word.strip().lower() for word in first.headers["vary"].split(",")
        }
        headers = {"If-None-Match": f'"other", {etag}'}
        again = client.get("/v1/sessions", params={"limit": 5}, headers=headers)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        for other in (
            client.get("/v1/sessions", params={"limit": 6}, headers=headers),
            client.get("/v1/sessions", params={"limit": 5}, headers={**headers, "Accept-Language": "en"}),
            planner.get("/v1/sessions", params={"limit": 5}, headers=headers),
        ):
            assert other.status_code == 200
        assert "etag" not in client.get("/v1/machines/status").headers
        with closing(served.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("update marts.dim_machines set material = material")
        deadline = time.monotonic() + 20
        while client.get("/v1/sessions", params={"limit": 5}, headers=headers).status_code == 304:
            assert time.monotonic() < deadline, "the marts were written, and nobody noticed"
            time.sleep(0.3)


def test_a_head_is_what_the_answer_would_begin_with(served: Served) -> None:
    with served.client("reader") as client:
        for path in ("/health", "/v1/sessions?limit=3", "/v1/machines/NONE"):
            head, whole = client.head(path), client.get(path)
            assert head.status_code == whole.status_code
            assert head.content == b""
            assert head.headers["content-length"] == whole.headers["content-length"]
            assert head.headers.get("etag") == whole.headers.get("etag")


def test_long_answers_are_compressed_for_those_who_can(served: Served) -> None:
    with served.client("reader") as client:
        plain = client.get("/v1/sessions", headers={"Accept-Encoding": "identity"})
        small = client.get("/v1/sessions", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) < len(plain.content) / 3
    assert small.json() == plain.json()


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/machines", "GET"),
        ("/v1/auth/token", "POST"),
        ("/v1/admin/api-keys", "GET, POST"),
        ("/v1/admin/users/1000000", "DELETE, GET, PATCH"),
        ("/login", "GET, POST"),
    ],
)
def test_other_methods_are_refused_with_those_that_work(served: Served, path: str, allowed: str) -> None:
    with served.client("admin") as client:
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - set(allowed.split(", ")):
            answer = client.request(method, path)
            assert answer.status_code == 405
            assert answer.headers["allow"] == allowed
            assert answer.headers["content-type"] == "application/problem+json"


def test_other_origins_may_read_nothing_unless_they_are_named(
    served: Served, marts: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    asked = {"Origin": "https://bi.example", "Access-Control-Request-Method": "GET"}
    with served.client("reader") as client:
        closed = client.options("/v1/machines", headers=asked)
        assert closed.status_code == 405
        assert "access-control-allow-origin" not in closed.headers
        assert "access-control-allow-origin" not in client.get("/v1/machines", headers=asked).headers
    process, other = start(
        marts,
        tmp_path_factory.mktemp("other"),
        API_CORS_ORIGINS="https://bi.example",
        API_PUBLIC_URL="https://atelier.example",
        API_RATE_LIMIT="30",
        API_TRUSTED_PROXIES="127.0.0.1",
    )
    try:
        look_at_the_other_server(other)
    finally:
        process.terminate()
        assert process.wait(30) == 0


def look_at_the_other_server(other: Served) -> None:
    """With another origin, TLS in front, a low limit and a proxy."""
    password = "a password of the other"  # noqa: S105 # of a user that is made up
    asyncio.run(add_users(other, {"other1": ("reader", password)}))

    async def key() -> str:
        async with services_for(Settings.of(other.variables)) as services:
            return (await keys.create(services, "metrics", ["metrics"], 1, "tests")).key

    asked = {"Origin": "https://bi.example", "Access-Control-Request-Method": "GET"}
    with other.client() as client:
        named = client.options("/v1/machines", headers=asked)
        assert named.headers["access-control-allow-origin"] == "https://bi.example"
        assert "access-control-allow-credentials" not in named.headers
        foreign = client.options("/v1/machines", headers={**asked, "Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in foreign.headers

        page = client.get("/login")
        assert "strict-transport-security" in page.headers
        assert "secure" in page.headers["set-cookie"].lower()

        # A proxy that is trusted says who asks: its own address is not theirs.
        proxied = {"X-Forwarded-For": "192.0.2.7"}
        assert client.get("/metrics").status_code == 200
        assert client.get("/metrics", headers=proxied).status_code == 401
        for value, status in ((asyncio.run(key()), 200), ("atl_x", 401)):
            answer = client.get("/metrics", headers={**proxied, "Authorization": f"Bearer {value}"})
            assert answer.status_code == status

        client.headers["Authorization"] = f"Bearer {log_in(other, 'other1', password)['access_token']}"
        answers = [client.get("/v1/me") for _ in range(40)]
        statuses = [answer.status_code for answer in answers]
        assert statuses[:30] == [200] * 30
        assert statuses[-1] == 429
        assert answers[-1].json()["type"] == "urn:atelier:problem:rate-limited"
        wait = int(answers[-1].headers["retry-after"])
        assert 1 <= wait <= 3
        time.sleep(wait)
        assert client.get("/v1/me").status_code == 200


def test_a_bucket_fills_at_its_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("atelier_api.limits.time.monotonic", lambda: now)
    buckets = Buckets(60)
    assert [buckets.take("a") for _ in range(60)] == [0.0] * 60
    assert buckets.take("a") == pytest.approx(1.0)
    assert buckets.take("b") == 0.0
    now += 0.5
    assert buckets.take("a") == pytest.approx(0.5)
    now += 0.5
    assert buckets.take("a") == 0.0
    now += 3600
    assert [buckets.take("a") for _ in range(61)].count(0.0) == 60


def test_figures_are_by_route_and_say_nothing_of_anybody(served: Served) -> None:
    with served.client("reader") as client:
        client.get("/v1/machines/DEM12")
        client.get("/v1/machines/" + quote("nothing of this", safe=""))
        text = client.get("/metrics").text
    assert 'route="/v1/machines/{machine_id}",status="200"' in text
    assert 'atelier_api_pool_connections{pool="marts",state="idle"}' in text
    assert "DEM12" not in text
    assert "nothing of this" not in text
    assert "reader1" not in text


@pytest.mark.security(
    attack="addresses that fill the figures for Prometheus",
    rule="figures go by the route's template",
)
def test_addresses_make_no_figures_however_many_there_are(served: Served) -> None:
    def series() -> int:
        return sum(line[0] != "#" for line in client.get("/metrics").text.splitlines())

    with served.client() as client:
        addresses = (
            "/labels/{}.json",
            "/machine/{0}/{0}",
            "/machine/{}",
            "/{}",
            "/v1/machines/{}",
            "/static/{}",
            "/docs/{}",
        )
        for address in addresses:
            for method in ("GET", "PURGE"):
                client.request(method, address.format("first"))
        before = series()
        for number in range(30):
            for address in addresses:
                client.get(address.format(f"name{number}" + "x" * 1000))
            client.request(f"METHOD{number}", "/labels/fr.json")
        assert series() == before
        assert "name1" not in client.get("/metrics").text


def test_routes_beyond_the_most_are_counted_as_one() -> None:
    metrics = Metrics()
    for number in range(2 * MOST_ROUTES):
        metrics.count("GET", f"/{number}", 200, 0.1)
    page = metrics.text().decode()
    assert page.count("requests_total{") == MOST_ROUTES + 1
    assert f'{{method="GET",route="other",status="200"}} {MOST_ROUTES}' in page


def test_the_log_is_one_line_a_request_without_secrets(served: Served) -> None:
    secret = "a" * 43
    with served.client("reader") as client:
        client.get(f"/setup/{secret}")
        client.get("/v1/machines/x%0aforged%20line")
    log = (served.env_file.parent / "server.log").read_text()
    assert secret not in log
    assert "GET /setup/…" in log or "GET /setup/\\u2026" in log
    assert "\nforged" not in log
    for token in served.tokens.values():
        assert token not in log


def test_a_proxy_that_is_not_named_is_warned_of_once(served: Served) -> None:
    with served.client() as client:
        for _ in range(3):
            client.get("/health", headers={"X-Forwarded-For": "203.0.113.7"})
    log = (served.env_file.parent / "server.log").read_text()
    assert log.count("requests come through a proxy at 127.0.0.1: name it in API_TRUSTED_PROXIES") == 1
