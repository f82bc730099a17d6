"""What hostile and clumsy clients send, and what every answer carries."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import psycopg
import pytest
from atelier_api.auth import keys
from atelier_api.limits import LARGEST_BODY, LARGEST_HEAD, Buckets
from atelier_api.server import services_for
from atelier_api.settings import Settings
from served import Served, add_users, log_in, start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_api.database import Connection

pytestmark = pytest.mark.integration

INJECTIONS = (
    "'",
    "''",
    "' or '1'='1",
    "'; drop table marts.fct_sessions; --",
    '"; select pg_sleep(5); --',
    "') or pg_sleep(5) is null --",
    "1) union select username, password_hash from serve.users --",
    "%(machine_id)s",
    "%s",
    "{0}",
    "$1",
    "\\",
    "DEM12' --",
    "ünïcödé",
    "a" * 100,
    "%",
    "_",
)
TEXT_PARAMETERS = {
    "/v1/sessions": ("machine_id",),
    "/v1/shutter-orders": ("q", "status", "extension"),
    "/v1/kpis/days": ("machine_id",),
    "/v1/losses": ("machine_id",),
    "/v1/files": ("machine_id",),
    "/v1/pieces": ("machine_id",),
}


@pytest.mark.parametrize("path", TEXT_PARAMETERS)
def test_sql_in_a_parameter_is_a_text_that_finds_nothing(served: Served, path: str) -> None:
    with served.client("admin") as client:
        for name in TEXT_PARAMETERS[path]:
            for text in INJECTIONS:
                began = time.perf_counter()
                answer = client.get(path, params={name: text})
                assert time.perf_counter() - began < 4
                if len(text) <= 5 or name == "machine_id" or name == "q":
                    assert answer.status_code == 200, (name, text, answer.text)
                    assert answer.json()["data"] == [] or (name, text) in {("q", "'")}
                else:
                    assert answer.status_code in {200, 422}


@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/shutter-orders", "/v1/kpis/days"])
def test_sql_where_only_known_words_may_stand_is_refused(served: Served, path: str) -> None:
    with served.client("admin") as client:
        for text in INJECTIONS:
            for name in ("sort", "fields", "cursor", "limit", "format", "unknown_parameter"):
                answer = client.get(path, params={name: text})
                assert answer.status_code == 422, (name, text)
                assert answer.json()["errors"] or "cursor" in answer.json()["type"]
        assert client.get("/v1/sessions").json()["count"] > 0


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/v1/sessions", {"limit": "0"}),
        ("/v1/sessions", {"limit": "1001"}),
        ("/v1/sessions", {"limit": "-1"}),
        ("/v1/sessions", {"limit": "1e3"}),
        ("/v1/sessions", {"limit": "9" * 400}),
        ("/v1/sessions", {"production_date_from": "2025-02-30"}),
        ("/v1/sessions", {"production_date_from": "infinity"}),
        ("/v1/sessions", {"production_date_from": "0000-00-00"}),
        ("/v1/sessions", {"production_date_to": "99999-01-01"}),
        ("/v1/sessions", {"machine_id": "a\x00b"}),
        ("/v1/sessions", {"machine_id": ""}),
        ("/v1/sessions", {"machine_id": "a" * 101}),
        ("/v1/pieces", {"order_number": str(2**63)}),
        ("/v1/pieces", {"order_number": "-1"}),
        ("/v1/pieces", {"session_id": "x"}),
        ("/v1/shutter-orders", {"q": "\x00"}),
        ("/v1/shutter-orders", {"is_stock_managed": "maybe"}),
        ("/v1/kpis/weeks", {"iso_week": "2025-W1"}),
        ("/v1/sessions/zz", {}),
        ("/v1/sessions/" + "A" * 32, {}),
        ("/v1/explain/nothing", {"machine_id": "DEM12", "production_date": "2025-11-20"}),
        ("/v1/explain/stop_rate", {}),
    ],
)
def test_what_is_out_of_bounds_is_refused_and_named(
    served: Served, path: str, parameters: dict[str, str]
) -> None:
    with served.client("reader") as client:
        answer = client.get(path, params=parameters)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert all(error["location"] for error in answer.json()["errors"])
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "path",
    [
        "/../etc/passwd",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd",
        "/static/..%5capp.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/css/../../settings.py",
        "/docs/../../../etc/passwd",
        "/docs/%2e%2e/%2e%2e/pyproject.toml",
        "/docs/..%2f..%2fREADME.md",
        "/v1/machines/..%2f..%2fetc%2fpasswd",
        "/v1/machines/%2e%2e",
        "/v1/shutter-orders/../machines",
        "/setup/..%2f..%2fetc",
    ],
)
def test_no_path_leads_to_a_file_that_is_not_meant(served: Served, path: str) -> None:
    # As it is: clients tidy such paths up before they send them.
    with closing(connected(served)) as wire:
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {served.tokens['admin']}\r\n"
        wire.sendall(f"{head}Connection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    status = int(answer.split()[1])
    assert status in {303, 400, 404, 422}, answer[:200]
    assert b"root:" not in answer
    assert b"from __future__" not in answer


def connected(served: Served) -> socket.socket:
    host, _, port = served.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), 10)


def raw(served: Served, sent: bytes) -> bytes:
    with closing(connected(served)) as wire:
        wire.sendall(sent)
        wire.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: wire.recv(65536), b""))


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/auth/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
)
def test_what_is_no_http_is_refused(served: Served, sent: bytes) -> None:
    answer = raw(served, sent)
    assert answer == b"" or answer.split()[1] in {b"400", b"505"}, answer[:200]
    if answer:
        assert b"application/problem+json" in answer


def test_heads_and_bodies_have_limits(served: Served) -> None:
    headers = {"X-Long": "a" * (LARGEST_HEAD + 10)}
    assert httpx.get(f"{served.url}/health", headers=headers).status_code == 431
    assert httpx.get(f"{served.url}/health?{'a' * (LARGEST_HEAD + 10)}").status_code == 431
    with served.client() as client:
        big = b"grant_type=" + b"a" * LARGEST_BODY
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        announced = client.post("/v1/auth/token", content=big, headers=form)
        assert announced.status_code == 413
        assert announced.headers["content-type"] == "application/problem+json"

        def parts() -> Iterator[bytes]:
            for _ in range(100):
                yield b"a" * 4096

        unannounced = client.post("/v1/auth/token", content=parts(), headers=form)
        assert unannounced.status_code == 413
    assert httpx.get(f"{served.url}/health").status_code == 200


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'"x"', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 20_000, "application/json"),
        (b'{"username": "x", "username": "y"}', "application/json"),
        (b'{"username": "a\\u0000b", "role": "reader"}', "application/json"),
        (b"<a/>", "text/xml"),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
        (b"username=x", "application/x-www-form-urlencoded"),
        (b"x", "multipart/form-data"),
    ],
)
def test_bodies_that_cannot_be_read_are_refused(served: Served, content: bytes, kind: str) -> None:
    with served.client("admin") as client:
        for path in ("/v1/admin/users", "/v1/me/password", "/v1/auth/token"):
            answer = client.post(path, content=content, headers={"Content-Type": kind})
            assert answer.status_code in {400, 422}, (path, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["detail"]


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


@pytest.mark.parametrize(("path", "allowed"), [("/v1/machines", "GET"), ("/v1/auth/token", "POST")])
def test_other_methods_are_refused_with_those_that_work(served: Served, path: str, allowed: str) -> None:
    with served.client("admin") as client:
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - {allowed}:
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
            return (await keys.create(services.database.own, "metrics", ["metrics"], 1, "tests")).key

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


async def outcome(connection: Connection, statement: str) -> str:
    try:
        await connection.execute(statement.encode())
    except psycopg.Error as error:
        return type(error).__name__
    return "done"


def test_the_server_reads_the_marts_as_the_reader_and_cannot_write_them(served: Served) -> None:
    async def tries() -> dict[str, Any]:
        found: dict[str, Any] = {}
        async with services_for(Settings.of(served.variables)) as services:
            async with services.database.marts.connection() as connection:
                row = await (await connection.execute("select current_user, session_user")).fetchone()
                found["marts"] = row
                for statement in (
                    "delete from marts.fct_sessions",
                    "create table marts.mine ()",
                    "select * from serve.users",
                    "create temporary table mine ()",
                ):
                    found[statement] = await outcome(connection, statement)
            async with services.database.own.connection() as connection:
                found["own"] = await (await connection.execute("select current_user")).fetchone()
                found["own marts"] = await outcome(connection, "select * from marts.fct_sessions")
        return found

    found = asyncio.run(tries())
    assert found.pop("marts") == ("serve_tests_reader", "atelier")
    assert found.pop("own") == ("serve_tests_server",)
    assert set(found.values()) <= {"InsufficientPrivilege", "ReadOnlySqlTransaction"}
