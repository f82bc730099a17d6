"""Logging in with a browser: the form, the cookie, one-time links, and what pages of others try with them."""

from __future__ import annotations

import re
import secrets
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx
    from served import Served

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _no_lock(served: Served) -> None:
    with closing(served.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("delete from serve.login_attempts")


def form_token(page: httpx.Response) -> str:
    match = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert match, page.text
    return match[1]


def enter(
    served: Served, browser: httpx.Client, role: str = "reader", changes: dict[str, str] | None = None
) -> httpx.Response:
    page = browser.get("/login")
    assert page.status_code == 200
    form = {
        "username": f"{role}1",
        "password": served.passwords[role],
        "form_token": form_token(page),
        "next": "/",
    }
    return browser.post("/login", data={**form, **(changes or {})})


def test_the_form_yields_a_cookie_for_this_browser_alone(served: Served) -> None:
    with served.browser() as browser:
        answer = enter(served, browser, changes={"next": "/semaine/2025-W46?mural=1"})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/semaine/2025-W46?mural=1"
        cookie = next(
            header
            for header in answer.headers.get_list("set-cookie")
            if header.startswith("atelier_session=")
        ).lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "path=/" in cookie
        assert browser.get("/v1/machines").status_code == 200
        assert browser.get("/login").status_code == 303
        secret = browser.cookies["atelier_session"].partition(".")[2]
    with closing(served.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("select s::text from serve.sessions s")
        assert secret not in str(cursor.fetchall())


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/ok\r\nSet-Cookie: a=b",
        "",
        "semaine",
    ],
)
def test_nobody_is_sent_to_another_server(served: Served, target: str) -> None:
    with served.browser() as browser:
        answer = enter(served, browser, changes={"next": target})
        assert answer.headers["location"] == "/"
        assert browser.get("/login", params={"next": target}).headers["location"] == "/"


def test_a_form_of_another_browser_is_refused(served: Served) -> None:
    with served.browser() as mine, served.browser() as other:
        stolen = form_token(other.get("/login"))
        answer = enter(served, mine, changes={"form_token": stolen})
        assert answer.status_code == 403
        assert "atelier_session" not in mine.cookies
        assert enter(served, mine, changes={"form_token": ""}).status_code == 403
        without = other.post("/login", data={"username": "reader1", "password": served.passwords["reader"]})
        assert without.status_code == 403


def test_a_form_that_comes_from_another_page_is_refused(served: Served) -> None:
    with served.browser() as browser:
        page = browser.get("/login")
        form = {
            "username": "reader1",
            "password": served.passwords["reader"],
            "form_token": form_token(page),
        }
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            assert browser.post("/login", data=form, headers=headers).status_code == 403, headers
        same = browser.post(
            "/login", data=form, headers={"Origin": served.url, "Sec-Fetch-Site": "same-origin"}
        )
        assert same.status_code == 303


def test_a_wrong_password_shows_the_form_again(served: Served) -> None:
    with served.browser() as browser:
        answer = enter(served, browser, changes={"password": "wrong", "next": "/commandes"})
        assert answer.status_code == 401
        assert 'value="/commandes"' in answer.text
        assert "atelier_session" not in browser.cookies
        hostile = enter(served, browser, changes={"username": '"><script>alert(1)</script>', "password": "x"})
        assert "<script>alert" not in hostile.text


def test_changes_by_cookie_need_the_token_of_the_session(served: Served) -> None:
    change = {"current_password": "not this one", "new_password": "a new long password"}
    with served.browser() as browser, served.browser() as other:
        enter(served, browser)
        enter(served, other, role="planner")
        mine = browser.get("/v1/me").json()["csrf_token"]
        theirs = other.get("/v1/me").json()["csrf_token"]

        def post(headers: dict[str, str]) -> int:
            return browser.post("/v1/me/password", json=change, headers=headers).status_code

        assert post({}) == 403
        assert post({"X-CSRF-Token": "x"}) == 403
        assert post({"X-CSRF-Token": theirs}) == 403
        assert post({"X-CSRF-Token": mine, "Origin": "https://evil.example"}) == 403
        assert post({"X-CSRF-Token": mine, "Sec-Fetch-Site": "cross-site"}) == 403
        # Now it is looked at: the password is wrong.
        assert post({"X-CSRF-Token": mine}) == 401
        assert browser.get("/v1/me").json()["csrf_token"] != mine, "another one each time"


def test_logging_out_ends_the_session_for_whoever_has_the_cookie(served: Served) -> None:
    with served.browser() as browser, served.browser() as thief:
        enter(served, browser)
        thief.cookies.set("atelier_session", browser.cookies["atelier_session"], domain="127.0.0.1")
        assert thief.get("/v1/me").status_code == 200
        token = browser.get("/v1/me").json()["csrf_token"]
        assert browser.post("/logout", data={"csrf_token": "x"}).status_code == 403
        answer = browser.post("/logout", data={"csrf_token": token})
        assert answer.headers["location"] == "/login"
        assert "atelier_session" not in browser.cookies
        assert thief.get("/v1/me").status_code == 401


def test_cookies_that_are_none_are_nobody(served: Served) -> None:
    with served.browser() as browser:
        enter(served, browser)
        session, _, secret = browser.cookies["atelier_session"].partition(".")
    for cookie in (
        f"{session}.{'A' * 43}",
        f"{'0' * 8}-0000-0000-0000-{'0' * 12}.{secret}",
        f"{'-' * 36}.{secret}",
        session,
        "x",
        "'; select 1 --",
        f"{session}.{secret}x",
    ):
        with served.browser() as browser:
            browser.cookies.set("atelier_session", cookie, domain="127.0.0.1")
            assert browser.get("/v1/me").status_code == 401, cookie


def test_a_token_that_is_bad_is_not_made_good_by_a_cookie(served: Served) -> None:
    with served.browser() as browser:
        enter(served, browser)
        assert browser.get("/v1/me", headers={"Authorization": "Bearer bad"}).status_code == 401


def test_an_idle_or_old_session_is_over(served: Served) -> None:
    for past in ("last_used_at = now() - interval '13 hours'", "expires_at = now() - interval '1 second'"):
        with served.browser() as browser:
            enter(served, browser)
            session = browser.cookies["atelier_session"].partition(".")[0]
            with closing(served.connect()) as connection, connection.cursor() as cursor:
                cursor.execute(f"update serve.sessions set {past} where session_id = %s", (session,))
            assert browser.get("/v1/me").status_code == 401


def test_a_link_logs_in_once_and_is_not_used_up_by_looking(served: Served) -> None:
    done = served.command("login-link", "planner1")
    assert done.returncode == 0, done.stderr
    link = done.stdout.strip()
    assert link.startswith(f"{served.variables.get('API_PUBLIC_URL', served.url)}/setup/")
    path = link.removeprefix(served.url)
    with served.browser() as browser:
        for _ in range(3):
            page = browser.get(path)
            assert page.status_code == 200
        answer = browser.post(path, data={"form_token": form_token(page)})
        assert answer.status_code == 303
        assert browser.get("/v1/me").json()["name"] == "planner1"
    with served.browser() as second:
        page = second.get(path)
        assert page.status_code == 404
        again = second.post(path, data={"form_token": "x"})
        assert again.status_code == 403
        assert "atelier_session" not in second.cookies


def test_a_link_sets_the_password_of_a_user_that_an_administrator_adds(served: Served) -> None:
    name = f"invited-{secrets.token_hex(3)}"
    with served.client("admin") as admin:
        made = admin.post("/v1/admin/users", json={"username": name, "role": "planner"})
        assert made.status_code == 201, made.text
        path = made.json()["link"].removeprefix(served.url)
        assert made.json()["user"]["has_password"] is False
    with served.browser() as browser:
        token = form_token(browser.get(path))
        assert browser.post(path, data={"form_token": token, "password": "short"}).status_code == 422
        good = "a good long password"
        assert browser.post(path, data={"form_token": token, "password": good}).status_code == 303
        assert browser.get("/v1/me").json()["role"] == "planner"
    with served.browser() as browser:
        page = browser.get("/login")
        form = {"username": name, "password": good, "form_token": form_token(page)}
        assert browser.post("/login", data=form).status_code == 303


def test_the_set_up_makes_the_first_administrator_and_no_second(served: Served) -> None:
    refused = served.command("setup-link")
    assert refused.returncode == 1
    assert "there is an administrator already" in refused.stderr
    assert refused.stderr.count("\n") == 1
    with closing(served.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("update serve.users set is_active = false where role = 'admin'")
        try:
            links = [served.command("setup-link").stdout.strip() for _ in range(2)]
            paths = [link.removeprefix(served.url) for link in links]
            with served.browser() as browser:
                assert browser.get(paths[0]).status_code == 404, "a newer link takes its place"
                token = form_token(browser.get(paths[1]))
                bad = {"form_token": token, "username": "a b", "password": "a good long password"}
                assert browser.post(paths[1], data=bad).status_code == 422
                name = f"first-{secrets.token_hex(3)}"
                form = {"form_token": token, "username": name, "password": "a good long password"}
                assert browser.post(paths[1], data=form).status_code == 303
                assert browser.get("/v1/me").json()["role"] == "admin"
                assert browser.post(paths[1], data=form).status_code in {403, 404}
            cursor.execute("select action, target from serve.audit where action = 'setup'")
            assert ("setup", name) in cursor.fetchall()
            cursor.execute("delete from serve.users where username = %s", (name,))
        finally:
            cursor.execute("update serve.users set is_active = true where role = 'admin'")


def test_the_page_says_how_a_link_is_not_good(served: Served) -> None:
    with served.browser() as browser:
        for token in ("x", "A" * 43, "../../etc/passwd", "%00"):
            assert browser.get(f"/setup/{token}").status_code in {404, 422}
