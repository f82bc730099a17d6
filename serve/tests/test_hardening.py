"""What hostile and clumsy clients send."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from atelier_api.limits import LARGEST_BODY, LARGEST_HEAD
from atelier_api.server import services_for
from atelier_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_api.database import Connection
    from served import Served

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
                looks_like_a_cursor = name == "cursor" and re.fullmatch("[A-Za-z0-9_-]+", text)
                assert answer.status_code == (409 if looks_like_a_cursor else 422), (name, text)
                assert answer.json()["errors"]
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
        ("/v1/sessions", {"production_date_to": "0"}),
        ("/v1/sessions", {"production_date_to": "1748390400"}),
        ("/v1/shutter-orders", {"planned_from": "2025-05-28T00:00:00"}),
        ("/v1/kpis/weeks", {"week_to": "20250528"}),
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


def test_a_parameter_that_is_given_twice_is_refused_by_every_route(served: Served) -> None:
    tried = 0
    with served.client("admin") as client:
        for path, methods in client.get("/v1/openapi.json").json()["paths"].items():
            for parameter in methods.get("get", {}).get("parameters", ()):
                if parameter["in"] == "query":
                    name, address = parameter["name"], re.sub(r"\{\w+\}", "0" * 32, path)
                    answer = client.get(address, params=[(name, "1"), (name, "1")])
                    assert answer.status_code == 422, (address, name)
                    assert answer.json()["type"] == "urn:atelier:problem:repeated-parameter", (address, name)
                    assert [error["location"] for error in answer.json()["errors"]] == [f"query.{name}"]
                    tried += 1
        assert tried > 100
        for address in ("/login?next=/&next=/qualite", "/commandes?lang=fr&lang=en", "/v1/me?x=1&x=2"):
            assert client.get(address).status_code == 422, address
        for form in ("username=a&username=b&password=c", "username=a&password=c&password=d"):
            answer = client.post(
                "/v1/auth/token",
                content=form,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )
            assert answer.status_code == 422
            assert answer.json()["type"] == "urn:atelier:problem:repeated-parameter"


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
