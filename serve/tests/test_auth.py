"""Logging in by program: tokens and what is done to forge, replay, guess and keep them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import math
import re
import secrets
import threading
import time
import uuid
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest
from atelier_api.auth import passwords
from atelier_api.auth.lockout import FIRST_DELAY_SECONDS, FREE_FAILURES
from atelier_api.errors import ProblemError
from served import add_users, start

if TYPE_CHECKING:
    from pathlib import Path

    from served import Served

pytestmark = pytest.mark.integration

PASSWORD = "a password for these tests"  # noqa: S105 # of users that are made up


def execute(served: Served, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with closing(served.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(autouse=True)
def _no_lock(served: Served) -> None:
    execute(served, "delete from serve.login_attempts")


@pytest.fixture
def user(served: Served) -> str:
    """A new user of these tests, a reader."""
    name = f"user-{secrets.token_hex(4)}"
    asyncio.run(add_users(served, {name: ("reader", PASSWORD)}))
    return name


def token(served: Served, **form: str) -> httpx.Response:
    return httpx.post(f"{served.url}/v1/auth/token", data=form)


def by_password(served: Served, name: str, password: str = PASSWORD) -> httpx.Response:
    return token(served, grant_type="password", username=name, password=password)


def status_with(served: Served, bearer: str) -> int:
    headers = {"Authorization": f"Bearer {bearer}"}
    return httpx.get(f"{served.url}/v1/me", headers=headers).status_code


def test_a_password_yields_tokens_that_are_not_kept(served: Served, user: str) -> None:
    answer = by_password(served, user.upper())
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert (tokens["token_type"], tokens["expires_in"], tokens["role"]) == ("bearer", 900, "reader")
    assert status_with(served, tokens["access_token"]) == 200
    kept = execute(
        served, "select t::text from serve.refresh_tokens t union all select u::text from serve.users u"
    )
    text = str(kept)
    assert tokens["refresh_token"] not in text
    assert PASSWORD not in text
    assert "$argon2id$" in text


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": "password", "username": "reader1"},
        {"grant_type": "refresh_token"},
        {"grant_type": "refresh_token", "refresh_token": "of nobody"},
    ],
)
def test_a_grant_that_is_none(served: Served, form: dict[str, str]) -> None:
    assert token(served, **form).status_code == 400


def test_wrong_password_and_unknown_user_look_the_same(served: Served, user: str) -> None:
    wrong, unknown = by_password(served, user, "wrong password"), by_password(served, "nobody-here", "x")
    for answer in (wrong, unknown):
        assert answer.status_code == 401
        assert answer.json()["type"] == "urn:atelier:problem:wrong-credentials"
    same = ("title", "detail", "status", "errors")
    assert [wrong.json()[name] for name in same] == [unknown.json()[name] for name in same]

    def seconds(name: str) -> float:
        times = []
        for _ in range(3):
            execute(served, "delete from serve.login_attempts")
            began = time.perf_counter()
            by_password(served, name, "wrong password")
            times.append(time.perf_counter() - began)
        return sorted(times)[1]

    known, nobody = seconds(user), seconds("nobody-here")
    # A name that were answered without hashing would take a tenth.
    assert 0.4 < nobody / known < 2.5


@pytest.mark.security(
    attack="forged tokens",
    rule="signature, issuer, audience and time are checked",
)
def test_every_way_to_forge_a_token_fails(served: Served, user: str) -> None:
    good = by_password(served, user).json()["access_token"]
    head, body, seal = good.split(".")
    claims = jwt.decode(good, options={"verify_signature": False})
    key = hashlib.sha256(b"access:" + served.variables["API_SECRET_KEY"].encode()).digest()

    def part(content: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    def sealed(head: dict[str, Any], body: dict[str, Any], secret: bytes = key) -> str:
        text = f"{part(head)}.{part(body)}"
        digest = hmac.digest(secret, text.encode(), "sha256")
        return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"

    plain = {"alg": "HS256", "typ": "at+jwt"}
    now = int(time.time())
    assert status_with(served, sealed(plain, claims)) == 200, "the test can make tokens itself"
    forged = {
        "none": f"{part({'alg': 'none', 'typ': 'at+jwt'})}.{body}.",
        "none with a seal": f"{part({'alg': 'none', 'typ': 'at+jwt'})}.{body}.{seal}",
        "no seal": f"{head}.{body}.",
        "another seal": f"{head}.{body}.{seal[:-4]}AAAA",
        "another role": f"{head}.{part({**claims, 'role': 'admin'})}.{seal}",
        "role of nobody's": sealed(plain, {**claims, "role": "admin"}),
        "another key": sealed(plain, claims, b"another key"),
        "the secret itself": sealed(plain, claims, served.variables["API_SECRET_KEY"].encode()),
        "an empty key": sealed(plain, claims, b""),
        "another algorithm": jwt.encode(claims, key * 2, "HS512", headers={"typ": "at+jwt"}),
        "another type": sealed({"alg": "HS256", "typ": "JWT"}, claims),
        "past": sealed(plain, {**claims, "exp": now - 1}),
        "issued tomorrow": sealed(plain, {**claims, "iat": now + 86400, "exp": now + 90000}),
        "another issuer": sealed(plain, {**claims, "iss": "somebody"}),
        "another audience": sealed(plain, {**claims, "aud": "another-api"}),
        "another user": sealed(plain, {**claims, "sub": "1"}),
        "another session": sealed(plain, {**claims, "sid": str(uuid.uuid4())}),
        "no session": sealed(plain, {**claims, "sid": "x' or 1=1 --"}),
        "another version": sealed(plain, {**claims, "ver": claims["ver"] + 1}),
        "an older version": sealed(plain, {**claims, "ver": claims["ver"] - 1}),
        "rubbish": "a.b.c",
        "key of nobody": f"atl_{'0' * 16}_{'A' * 43}",
        "key in the wrong form": "atl_'; drop table serve.users; --",
    }
    for claim in ("iss", "aud", "sub", "sid", "jti", "iat", "exp", "role", "ver"):
        forged[f"without {claim}"] = sealed(plain, {name: claims[name] for name in claims if name != claim})
    for way, bearer in forged.items():
        assert status_with(served, bearer) == 401, way
    for header in ("Basic cmVhZGVyMTp4", "bearer", "Bearer", "Token x"):
        answer = httpx.get(f"{served.url}/v1/me", headers={"Authorization": header})
        assert answer.status_code == 401, header
    assert status_with(served, good) == 200


def test_a_refresh_token_that_is_used_twice_ends_the_session(served: Served, user: str) -> None:
    first = by_password(served, user).json()
    second = token(served, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert status_with(served, second["access_token"]) == 200
    again = token(served, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert again.status_code == 400
    assert again.json()["type"] == "urn:atelier:problem:invalid-grant"
    # Nobody can tell the thief from the owner: both are out.
    assert status_with(served, second["access_token"]) == 401
    later = token(served, grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert later.status_code == 400
    actions = execute(served, "select action from serve.audit where target = %s", user)
    assert ("refresh_token_reused",) in actions


def test_two_refreshes_at_once_do_not_both_succeed(served: Served, user: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    refresh = by_password(served, user).json()["refresh_token"]
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda _: token(served, grant_type="refresh_token", refresh_token=refresh).status_code,
                range(8),
            )
        )
    assert sorted(answers) == [200] + [400] * 7


def test_a_session_that_is_ended_is_ended_at_once(served: Served, user: str) -> None:
    tokens = by_password(served, user).json()
    assert status_with(served, tokens["access_token"]) == 200
    answer = httpx.post(f"{served.url}/v1/auth/revoke", data={"token": tokens["refresh_token"]})
    assert answer.status_code == 204
    assert status_with(served, tokens["access_token"]) == 401
    unknown = httpx.post(f"{served.url}/v1/auth/revoke", data={"token": "of nobody"})
    assert unknown.status_code == 204


def test_a_new_password_ends_the_other_sessions(served: Served, user: str) -> None:
    here, there = by_password(served, user).json(), by_password(served, user).json()
    headers = {"Authorization": f"Bearer {here['access_token']}"}

    def change(current: str, new: str) -> httpx.Response:
        body = {"current_password": current, "new_password": new}
        return httpx.post(f"{served.url}/v1/me/password", headers=headers, json=body)

    assert change("wrong password", "another long password").status_code == 401
    assert change(PASSWORD, "short").status_code == 422
    assert change(PASSWORD, "aaaaaaaaaaaaaaaa").status_code == 422
    assert change(PASSWORD, f"my name is {user}").status_code == 422
    assert change(PASSWORD, "another long password").status_code == 204
    assert status_with(served, here["access_token"]) == 200
    assert status_with(served, there["access_token"]) == 401
    assert by_password(served, user).status_code == 401
    assert by_password(served, user, "another long password").status_code == 200


def test_who_is_disabled_or_changed_has_no_token_any_more(served: Served, user: str) -> None:
    tokens = by_password(served, user).json()
    with served.client("admin") as admin:
        users = admin.get("/v1/admin/users", params={"limit": 1000}).json()["data"]
        user_id = next(row["user_id"] for row in users if row["username"] == user)
        assert admin.patch(f"/v1/admin/users/{user_id}", json={"role": "planner"}).status_code == 200
        assert status_with(served, tokens["access_token"]) == 401
        newer = token(served, grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
        assert newer["role"] == "planner"
        assert status_with(served, newer["access_token"]) == 200
        assert admin.patch(f"/v1/admin/users/{user_id}", json={"is_active": False}).status_code == 200
    assert status_with(served, newer["access_token"]) == 401
    assert by_password(served, user).status_code == 401
    last = token(served, grant_type="refresh_token", refresh_token=newer["refresh_token"])
    assert last.status_code == 400


@pytest.mark.parametrize("known", [True, False])
def test_guessing_is_locked_out_the_same_for_names_that_nobody_has(
    served: Served, user: str, *, known: bool
) -> None:
    name = user if known else f"nobody-{secrets.token_hex(4)}"
    statuses = [by_password(served, name, "wrong").status_code for _ in range(FREE_FAILURES["account"] + 1)]
    assert statuses == [401] * (FREE_FAILURES["account"] + 1)
    locked = by_password(served, name)
    assert locked.status_code == 429
    assert locked.json()["type"] == "urn:atelier:problem:locked-out"
    first = int(locked.headers["retry-after"])
    assert 1 <= first <= FIRST_DELAY_SECONDS
    # Each further wrong one doubles the wait; even the right password has to.
    execute(served, "update serve.login_attempts set locked_until = now()")
    assert by_password(served, name, "wrong").status_code == 401
    assert int(by_password(served, name).headers["retry-after"]) > FIRST_DELAY_SECONDS
    execute(served, "update serve.login_attempts set locked_until = now()")
    assert by_password(served, name).status_code == (200 if known else 401)
    if known:
        assert by_password(served, name, "wrong").status_code == 401
        assert by_password(served, name).status_code == 200


def test_many_guesses_at_once_do_not_slip_through(served: Served, user: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    began = time.monotonic()
    with ThreadPoolExecutor(12) as threads:
        statuses = list(
            threads.map(lambda number: by_password(served, user, f"guess {number}").status_code, range(16))
        )
    waits = math.log2(1 + (time.monotonic() - began) / FIRST_DELAY_SECONDS)
    assert statuses.count(401) <= FREE_FAILURES["account"] + 1 + waits
    assert set(statuses) == {401, 429}


def test_an_address_that_tries_many_names_is_locked_out(served: Served, user: str) -> None:
    assert by_password(served, "name-0", "wrong").status_code == 401
    # As after as many other names.
    execute(served, "update serve.login_attempts set failures = %s", FREE_FAILURES["address"] - 1)
    statuses = [by_password(served, f"name-{number}", "wrong").status_code for number in range(1, 4)]
    assert statuses == [401, 401, 429]
    assert by_password(served, user).status_code == 429


def test_the_longest_wait_is_a_quarter_of_an_hour(served: Served, user: str) -> None:
    by_password(served, user, "wrong")
    execute(served, "update serve.login_attempts set failures = 500, locked_until = null")
    by_password(served, user, "wrong")
    assert 890 <= int(by_password(served, user).headers["retry-after"]) <= 900
    execute(
        served,
        "update serve.login_attempts set last_failed_at = now() - interval '2 days', locked_until = null",
    )
    assert by_password(served, user).status_code == 200


def test_the_audit_log_has_no_secret(served: Served, user: str) -> None:
    mistyped = f"my-secret-{secrets.token_hex(4)}"
    by_password(served, mistyped, PASSWORD)
    by_password(served, user, "a wrong password")
    tokens = by_password(served, user).json()
    log = str(execute(served, "select a::text from serve.audit a"))
    attempts = str(execute(served, "select a::text from serve.login_attempts a"))
    for secret in (mistyped, PASSWORD, "a wrong password", *tokens.values()):
        if len(str(secret)) > 10:
            assert str(secret) not in log + attempts
    assert ("login_failed", user) in execute(served, "select action, target from serve.audit")
    assert ("login", user) in execute(served, "select action, actor from serve.audit")


@pytest.mark.security(
    attack="a cookie, token, link or key from before API_SECRET_KEY was changed",
    rule="digests are keyed with it",
)
def test_another_secret_key_ends_all_that_is_out(served: Served, user: str, tmp_path: Path) -> None:
    tokens = by_password(served, user).json()
    with served.browser() as browser:
        assert by_form(browser, user, PASSWORD).status_code == 303
        cookie = browser.cookies["atelier_session"]
    wanted = {"name": "Power BI", "scopes": ["marts"], "expires_in_days": 1}
    with served.client("admin") as admin:
        key = admin.post("/v1/admin/api-keys", json=wanted).json()["key"]
    link = served.command("users", "link", user).stdout.strip().rpartition("/setup/")[2]

    def found(place: Served) -> list[int]:
        refresh = token(place, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        return [
            status_with(place, tokens["access_token"]),
            status_with(place, key),
            httpx.get(f"{place.url}/v1/me", cookies={"atelier_session": cookie}).status_code,
            httpx.get(f"{place.url}/setup/{link}").status_code,
            refresh.status_code,
        ]

    process, other = start(served.variables, tmp_path, API_SECRET_KEY=secrets.token_urlsafe(32))
    try:
        assert found(other) == [401, 401, 401, 404, 400]
    finally:
        process.terminate()
        process.wait(30)
    assert found(served) == [200] * 5


def test_a_key_of_an_earlier_release_stays_good(served: Served) -> None:
    secret = secrets.token_urlsafe(32)
    execute(
        served,
        "insert into serve.api_keys (key_id, name, secret_hash, scopes, created_by, expires_at, is_keyed) "
        "values ('0123456789abcdef', 'old', %s, array['marts'], 'tests', now() + interval '1 day', false)",
        hashlib.sha256(secret.encode()).digest(),
    )
    key = f"atl_0123456789abcdef_{secret}"
    assert status_with(served, key) == 401
    # Each start of the server and of the command line looks for them.
    served.command("users", "list")
    assert status_with(served, key) == 200
    served.command("users", "list")
    assert status_with(served, key) == 200


def lock_out(served: Served, name: str) -> None:
    """Guess at an account from an address where its user is not known."""
    place = "127.0.0.9"
    with httpx.Client(transport=httpx.HTTPTransport(local_address=place), timeout=30) as stranger:
        form = {"grant_type": "password", "username": name, "password": "a guess"}
        statuses = [stranger.post(f"{served.url}/v1/auth/token", data=form).status_code for _ in range(7)]
    assert statuses[-1] == 429


@pytest.mark.security(
    attack="guesses that lock a user out",
    rule="where the user is known, guesses from elsewhere do not count",
)
def test_guesses_from_elsewhere_do_not_lock_a_user_out(served: Served, user: str) -> None:
    lock_out(served, user)
    assert by_password(served, user).status_code == 429
    execute(served, "delete from serve.login_attempts")
    assert by_password(served, user).status_code == 200
    lock_out(served, user)
    assert by_password(served, user).status_code == 200
    # There, too, guessing gets slower.
    statuses = [by_password(served, user, "a guess").status_code for _ in range(7)]
    assert statuses == [401] * (FREE_FAILURES["known"] + 1) + [429] * 2


@pytest.mark.security(
    attack="the same, on the user's own network",
    rule="the device's cookie has a count of its own",
)
def test_a_device_is_known_wherever_it_is(served: Served, user: str) -> None:
    with served.browser() as browser:
        assert by_form(browser, user, PASSWORD).status_code == 303
        [device] = [cookie for cookie in browser.cookies.jar if cookie.name == "atelier_device"]
        execute(served, "delete from serve.known_places")
        lock_out(served, user)
        assert by_password(served, user).status_code == 429
        browser.cookies.delete("atelier_session")
        assert by_form(browser, user, PASSWORD).status_code == 303
    # It is of this account alone, and of this server.
    other = f"user-{secrets.token_hex(4)}"
    asyncio.run(add_users(served, {other: ("reader", PASSWORD)}))
    execute(served, "delete from serve.known_places")
    lock_out(served, other)
    for value in (device.value, f"x.{'0' * 64}", "x", ""):
        with served.browser() as browser:
            browser.cookies.set("atelier_device", value or "", path="/login")
            assert by_form(browser, other, PASSWORD).status_code == 429
    assert httpx.get(f"{served.url}/v1/me", cookies={"atelier_device": device.value or ""}).status_code == 401


def by_form(browser: httpx.Client, name: str, password: str) -> httpx.Response:
    form = re.search(r'name="form_token" value="([^"]+)"', browser.get("/login").text)
    fields = {"username": name, "password": password, "form_token": form[1] if form else "", "next": "/"}
    return browser.post("/login", data=fields)


@pytest.mark.security(
    attack="İ in place of i",
    rule="names are ASCII, with one normal form",
)
@pytest.mark.parametrize("letters", ["\u0130", "\u0131", "\u017f", "\u212a"])
def test_a_name_that_a_locale_takes_for_another_is_nobodys(served: Served, letters: str) -> None:
    name = f"kis-{secrets.token_hex(4)}"
    asyncio.run(add_users(served, {name: ("reader", PASSWORD)}))
    for ascii_letter in "kis":
        assert by_password(served, name.replace(ascii_letter, letters)).status_code in {401, 429}
    assert by_password(served, name.upper()).status_code == 200
    assert asyncio.run(refused_name(served, f"user{letters}")) == "bad-username"


async def refused_name(served: Served, name: str) -> str | None:
    try:
        await add_users(served, {name: ("reader", PASSWORD)})
    except ProblemError as problem:
        return problem.kind
    return None


@pytest.mark.security(
    attack="an audit log filled by guesses",
    rule="one entry an hour",
)
def test_attempts_of_an_hour_are_one_entry(served: Served, user: str) -> None:
    for _ in range(6):
        by_password(served, user, "a guess")
    found = execute(served, "select action, times from serve.audit where target = %s order by 1", user)
    assert found == [("login_failed", 5), ("login_locked", 1)]
    # Names that there are not share one.
    before = execute(served, "select count(*) from serve.audit where target is null")
    execute(served, "delete from serve.login_attempts")
    for number in range(5):
        by_password(served, f"nobody-{number}", "a guess")
    [(after,)] = execute(served, "select count(*) from serve.audit where target is null")
    assert after - before[0][0] <= 1


@pytest.mark.security(
    attack="hundreds of log-ins at once",
    rule="20 wait, all others get 429",
)
def test_log_ins_wait_for_few_others(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    async def busy() -> str | None:
        waiting = [
            asyncio.create_task(passwords.matches("a", None)) for _ in range(passwords.MOST_WAITING + 2)
        ]
        await asyncio.sleep(0.5)
        try:
            passwords.check_queue()
        except ProblemError as problem:
            return f"{int(problem.status)} {problem.kind}"
        finally:
            release.set()
            await asyncio.gather(*waiting)
            passwords.check_queue()
        return None

    monkeypatch.setattr(passwords, "_limiter", [])
    monkeypatch.setattr(passwords, "_verify", lambda *_: release.wait(20))
    assert asyncio.run(busy()) == "429 log-ins-busy"
