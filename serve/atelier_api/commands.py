"""What an administrator does on the command line: the first link, users, API keys."""

from __future__ import annotations

import sys
from http import HTTPStatus
from typing import TYPE_CHECKING

from atelier.errors import AtelierError

from atelier_api.auth import accounts, audit, keys, passwords
from atelier_api.auth.names import IS_NAMED, check_username, normal_form
from atelier_api.auth.permissions import ROLES, SCOPES
from atelier_api.errors import ProblemError
from atelier_api.server import services_for

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable, Sequence

    from atelier_api.services import Services
    from atelier_api.settings import Settings

    Command = Callable[[Services, argparse.Namespace], Awaitable[None]]

ACTOR = "command line"


def say(text: str) -> None:
    """Show a line."""
    sys.stdout.write(f"{text}\n")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the commands."""
    _add(commands, "setup-link", setup_link, "a one-time link with which the first administrator is made")
    link = _add(commands, "login-link", login_link, "a one-time link that logs a user in, good for an hour")
    link.add_argument("name", nargs="?", help="the user's name (default: the first administrator)")

    users = commands.add_parser("users", help="who may log in").add_subparsers(
        metavar="COMMAND", required=True
    )
    _add(users, "list", list_users, "all users")
    user = _add(users, "add", add_user, "add a user; prints a one-time link to set the password")
    user.add_argument("name")
    user.add_argument("--role", choices=ROLES, default="reader")
    user.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input instead"
    )
    user = _add(users, "role", set_role, "give a user another role")
    user.add_argument("name")
    user.add_argument("role", choices=ROLES)
    for verb, function, text in (
        ("enable", enable_user, "let a user log in again"),
        ("disable", disable_user, "let a user log in no more; sessions end"),
        ("delete", delete_user, "delete a user"),
        ("link", password_link, "a one-time link with which a user sets a new password"),
    ):
        _add(users, verb, function, text).add_argument("name")

    several = commands.add_parser("keys", help="API keys of programs").add_subparsers(
        metavar="COMMAND", required=True
    )
    _add(several, "list", list_keys, "all keys")
    key = _add(several, "add", add_key, "make a key; it is shown this once")
    key.add_argument("name")
    key.add_argument("--scope", action="append", choices=SCOPES, required=True, help="may be given again")
    key.add_argument("--days", type=int, default=365, help="good for so many days, 1 to 730 (default: 365)")
    _add(several, "revoke", revoke_key, "let a key be good no more").add_argument("key_id")


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, command: Command, text: str
) -> argparse.ArgumentParser:
    async def run(settings: Settings, options: argparse.Namespace) -> None:
        async with services_for(settings) as services:
            try:
                await command(services, options)
            except ProblemError as problem:
                raise AtelierError(problem.detail) from None

    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(function=run)
    return parser


def _address(services: Services, secret: str) -> str:
    return f"{services.settings.public_url}/setup/{secret}"


async def _note(services: Services, action: str, target: str, **details: object) -> None:
    await audit.record(services.database.own, None, action, actor=ACTOR, target=target, details=details)


async def setup_link(services: Services, _options: argparse.Namespace) -> None:
    """Print the link of the set-up, unless there is an administrator."""
    if await accounts.has_admin(services.database.own):
        raise AtelierError(
            "there is an administrator already: `atelier-api users list` shows who, and "
            "`atelier-api users link NAME` prints a link with which one sets a new password"
        )
    say(_address(services, await accounts.make_link(services, "setup", None)))
    await _note(services, "link_created", "setup")


async def login_link(services: Services, options: argparse.Namespace) -> None:
    """Print a link that logs a user in."""
    name = options.name or await _first_admin(services)
    user_id = await _user_id(services, name)
    say(_address(services, await accounts.make_link(services, "login", user_id)))
    await _note(services, "link_created", name, purpose="login")


async def password_link(services: Services, options: argparse.Namespace) -> None:
    """Print a link with which a user sets a password."""
    user_id = await _user_id(services, options.name)
    say(_address(services, await accounts.make_link(services, "password", user_id)))
    await _note(services, "link_created", options.name, purpose="password")


async def list_users(services: Services, _options: argparse.Namespace) -> None:
    """Print all users."""
    async with services.database.own.connection() as connection:
        cursor = await connection.execute(
            "select username, role, case when not is_active then 'disabled' when password_hash is null "
            "then 'no password yet' else 'active' end from serve.users order by lower(username collate \"C\")"
        )
        _print_table(("NAME", "ROLE", "STATE"), await cursor.fetchall())


async def add_user(services: Services, options: argparse.Namespace) -> None:
    """Add a user."""
    check_username(options.name)
    password = sys.stdin.readline().rstrip("\n") if options.password_stdin else None
    if password is not None:
        passwords.check_new(password, options.name)
    user_id = await accounts.create(services.database.own, options.name, options.role, password)
    await _note(services, "user_created", options.name, role=options.role)
    if password is None:
        say(_address(services, await accounts.make_link(services, "password", user_id)))
    else:
        say(f"user {options.name} may log in as {options.role}")


async def set_role(services: Services, options: argparse.Namespace) -> None:
    """Give a user another role."""
    await _change(services, options.name, "user_changed", role=options.role)


async def enable_user(services: Services, options: argparse.Namespace) -> None:
    """Let a user log in again."""
    await _change(services, options.name, "user_changed", is_active=True)


async def disable_user(services: Services, options: argparse.Namespace) -> None:
    """Let a user log in no more."""
    await _change(services, options.name, "user_changed", is_active=False)


async def delete_user(services: Services, options: argparse.Namespace) -> None:
    """Delete a user."""
    await accounts.delete(services, await _user_id(services, options.name))
    await _note(services, "user_deleted", options.name)


async def list_keys(services: Services, _options: argparse.Namespace) -> None:
    """Print all keys, but not their secrets."""
    async with services.database.own.connection() as connection:
        cursor = await connection.execute(
            "select key_id, name, array_to_string(scopes, ' '), expires_at::date::text, "
            "case when revoked_at is not null then 'revoked' when expires_at <= now() then 'expired' "
            "else 'good' end from serve.api_keys order by created_at"
        )
        _print_table(("KEY", "NAME", "SCOPES", "UNTIL", "STATE"), await cursor.fetchall())


async def add_key(services: Services, options: argparse.Namespace) -> None:
    """Make a key."""
    if not 1 <= options.days <= keys.MOST_DAYS:
        raise AtelierError(f"a key is good for 1 to {keys.MOST_DAYS} days, not {options.days}")
    made = await keys.create(services, options.name, options.scope, options.days, ACTOR)
    say(made.key)
    await _note(services, "key_created", made.key_id, name=options.name, scopes=options.scope)


async def revoke_key(services: Services, options: argparse.Namespace) -> None:
    """Let a key be good no more."""
    if not await keys.revoke(services, options.key_id):
        raise AtelierError(
            f"there is no key {options.key_id} that is still good: see `atelier-api keys list`"
        )
    await _note(services, "key_revoked", options.key_id)


async def _change(services: Services, name: str, action: str, **changes: object) -> None:
    user_id = await _user_id(services, name)
    role, is_active = changes.get("role"), changes.get("is_active")
    await accounts.change(services, user_id, role=role, is_active=is_active)  # type: ignore[arg-type] # of the parser
    await _note(services, action, name, **changes)


async def _first_admin(services: Services) -> str:
    async with services.database.own.connection() as connection:
        cursor = await connection.execute(
            "select username from serve.users where role = 'admin' and is_active order by user_id limit 1"
        )
        row = await cursor.fetchone()
    if row is None:
        raise AtelierError(
            "there is no administrator yet: `atelier-api setup-link` prints a link to make one"
        )
    return str(row[0])


async def _user_id(services: Services, name: str) -> int:
    async with services.database.own.connection() as connection:
        cursor = await connection.execute(
            f"select user_id from serve.users where {IS_NAMED}".encode(),  # noqa: S608 # a text of ours
            (normal_form(name),),
        )
        row = await cursor.fetchone()
    if row is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no user {name}: see `atelier-api users list`")
    return int(row[0])


def _print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    lines = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[number]) for line in lines) for number in range(len(head))]
    for line in lines:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
