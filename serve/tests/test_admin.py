"""Users, keys, the audit log: by routes and by the command line."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import httpx
import pytest
from served import add_users, log_in

if TYPE_CHECKING:
    from served import Served

pytestmark = pytest.mark.integration

PASSWORD = "a password for these tests"  # noqa: S105 # of users that are made up


def name() -> str:
    return f"made-{secrets.token_hex(4)}"


def test_users_are_made_changed_and_deleted(served: Served) -> None:
    with served.client("admin") as admin:
        username = name()
        made = admin.post("/v1/admin/users", json={"username": username, "role": "reader"}).json()["user"]
        assert admin.get(f"/v1/admin/users/{made['user_id']}").json() == made
        taken = admin.post("/v1/admin/users", json={"username": username.upper(), "role": "reader"})
        assert taken.status_code == 409
        assert taken.json()["type"] == "urn:atelier:problem:name-taken"
        changed = admin.patch(f"/v1/admin/users/{made['user_id']}", json={"role": "dpo", "is_active": False})
        assert (changed.json()["role"], changed.json()["is_active"]) == ("dpo", False)
        assert admin.post(f"/v1/admin/users/{made['user_id']}/link").status_code == 409
        assert admin.delete(f"/v1/admin/users/{made['user_id']}").status_code == 204
        assert admin.delete(f"/v1/admin/users/{made['user_id']}").status_code == 404
        log = admin.get("/v1/admin/audit", params={"limit": 10}).json()["data"]
    actions = [(row["actor"], row["action"]) for row in log if row["target"] == username]
    assert actions == [("admin1", "user_deleted"), ("admin1", "user_changed"), ("admin1", "user_created")]


def test_the_last_administrator_stays(served: Served) -> None:
    with served.client("admin") as admin:
        users = admin.get("/v1/admin/users", params={"limit": 1000}).json()["data"]
        admins = [row for row in users if row["role"] == "admin" and row["is_active"]]
        assert len(admins) == 1
        path = f"/v1/admin/users/{admins[0]['user_id']}"
        for answer in (
            admin.patch(path, json={"role": "reader"}),
            admin.patch(path, json={"is_active": False}),
            admin.delete(path),
        ):
            assert answer.status_code == 409
            assert answer.json()["type"] == "urn:atelier:problem:last-administrator"
        assert admin.get("/v1/me").json()["role"] == "admin"


@pytest.mark.parametrize(
    "body",
    [
        {"username": "a b", "role": "reader"},
        {"username": "", "role": "reader"},
        {"username": "x" * 65, "role": "reader"},
        {"username": "fine", "role": "root"},
        {"username": "fine"},
        {"username": "fine", "role": "reader", "is_admin": True},
        {"username": ["fine"], "role": "reader"},
    ],
)
def test_what_is_no_user_is_refused(served: Served, body: dict[str, object]) -> None:
    with served.client("admin") as admin:
        answer = admin.post("/v1/admin/users", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_a_key_is_shown_once_and_good_until_it_is_revoked(served: Served) -> None:
    with served.client("admin") as admin:
        wanted = {"name": "Power BI", "scopes": ["marts"], "expires_in_days": 30}
        made = admin.post("/v1/admin/api-keys", json=wanted)
        assert made.status_code == 201
        key, key_id = made.json()["key"], made.json()["api_key"]["key_id"]
        assert key.startswith(f"atl_{key_id}_")
        headers = {"Authorization": f"Bearer {key}"}
        assert httpx.get(f"{served.url}/v1/machines", headers=headers).status_code == 200
        listed = admin.get("/v1/admin/api-keys", params={"limit": 1000})
        assert key.rpartition("_")[2] not in listed.text
        row = next(row for row in listed.json()["data"] if row["key_id"] == key_id)
        assert row["last_used_at"] is not None
        assert admin.delete(f"/v1/admin/api-keys/{key_id}").status_code == 204
        assert admin.delete(f"/v1/admin/api-keys/{key_id}").status_code == 404
    assert httpx.get(f"{served.url}/v1/machines", headers=headers).status_code == 401


@pytest.mark.security(
    attack="an API key of an administrator who has left",
    rule="it ends with the rights of who made it",
)
@pytest.mark.parametrize("change", [{"role": "planner"}, {"is_active": False}, None], ids=str)
def test_the_keys_of_who_may_make_none_any_more_end(served: Served, change: dict[str, object] | None) -> None:
    maker = name()
    asyncio.run(add_users(served, {maker: ("admin", PASSWORD)}))
    made = {"Authorization": f"Bearer {log_in(served, maker, PASSWORD)['access_token']}"}
    wanted = {"name": "Power BI", "scopes": ["marts"], "expires_in_days": 30}
    key = httpx.post(f"{served.url}/v1/admin/api-keys", json=wanted, headers=made).json()["key"]

    def status() -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.get(f"{served.url}/v1/machines", headers=headers).status_code

    with served.client("admin") as admin:
        other = admin.post("/v1/admin/api-keys", json=wanted).json()["key"]
        rows = admin.get("/v1/admin/users", params={"limit": 1000}).json()["data"]
        address = "/v1/admin/users/" + next(str(row["user_id"]) for row in rows if row["username"] == maker)
        assert admin.patch(address, json={"role": "admin"}).status_code == 200
        assert status() == 200
        answer = admin.patch(address, json=change) if change else admin.delete(address)
        assert answer.is_success
        assert status() == 401
        headers = {"Authorization": f"Bearer {other}"}
        assert httpx.get(f"{served.url}/v1/machines", headers=headers).status_code == 200


def test_the_command_line_manages_users_and_keys(served: Served) -> None:
    def run(*words: str, text: str = "") -> str:
        done = served.command(*words, text=text)
        assert done.returncode == 0, done.stderr
        return done.stdout

    user = name()
    link = run("users", "add", user, "--role", "planner")
    assert f"{served.url}/setup/" in link
    assert f"{user} planner no password yet" in " ".join(run("users", "list").split())
    run("users", "role", user, "dpo")
    run("users", "disable", user)
    listed = [line.split() for line in run("users", "list").splitlines()]
    assert [user, "dpo", "disabled"] in listed
    run("users", "delete", user)
    assert user not in run("users", "list")

    key = run("keys", "add", "Grafana", "--scope", "marts", "--scope", "metrics", "--days", "7").strip()
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{served.url}/v1/me", headers=headers).json()["permissions"] == ["marts", "metrics"]
    key_id = key.split("_")[1]
    assert key_id in run("keys", "list")
    run("keys", "revoke", key_id)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("users", "delete", "nobody-here"), "there is no user nobody-here"),
        (("users", "add", "a b"), "a user name has letters"),
        (("users", "add", "reader1"), "there is a user reader1 already"),
        (("users", "delete", "admin1"), "this is the last administrator"),
        (("keys", "revoke", "0" * 16), "there is no key"),
        (("keys", "add", "x", "--scope", "marts", "--days", "0"), "a key is good for 1 to 730 days"),
    ],
)
def test_a_command_that_fails_says_why_in_one_sentence(
    served: Served, words: tuple[str, ...], sentence: str
) -> None:
    done = served.command(*words)
    assert done.returncode == 1
    assert done.stderr.startswith("atelier-api: ")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
