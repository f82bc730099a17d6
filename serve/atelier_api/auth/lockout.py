"""Guessing passwords gets slower with each wrong one: by account and by address, or where a user is known.

A user is known where the same account has logged in before: by the device's cookie, or by the address. There
wrong passwords from elsewhere do not count, so that nobody can lock a user out by guessing at the account.
"""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from atelier_api.auth.names import normal_form
from atelier_api.errors import ProblemError

if TYPE_CHECKING:
    from atelier_api.auth.tokens import Seal
    from atelier_api.database import Pool

#: Wrong passwords that cost nothing: of an account, where a user is known, and of an address, behind which
#: many may sit.
FREE_FAILURES: Final = {"account": 4, "known": 4, "address": 20}
#: The wait after the first wrong one that costs something; each further one doubles it.
FIRST_DELAY_SECONDS: Final = 5
LONGEST_DELAY_SECONDS: Final = 15 * 60
#: After so many hours without a wrong one all is forgotten.
FORGOTTEN_HOURS: Final = 24
#: A place is known for so long after the last log-in there.
KNOWN_DAYS: Final = 90

# Counted as wrong before the password is looked at: many guesses at once must not all slip through.
_RESERVE = """
    insert into serve.login_attempts as a (subject, failures, last_failed_at, locked_until)
    values (%(subject)s, 1, now(), null)
    on conflict (subject) do update set
        failures = case
            when a.last_failed_at < now() - make_interval(hours => %(forgotten)s) then 1 else a.failures + 1
        end,
        last_failed_at = now(),
        locked_until = case
            when a.last_failed_at < now() - make_interval(hours => %(forgotten)s) then null
            when a.failures + 1 > %(free)s then now() + make_interval(
                secs => least(%(longest)s, %(first)s * power(2, least(a.failures - %(free)s, 20)))
            )
        end
    where a.locked_until is null or a.locked_until <= now()
    returning failures
"""
_WAIT = """
    select ceil(extract(epoch from locked_until - now()))::integer from serve.login_attempts
    where subject = %s and locked_until > now()
"""
_IS_KNOWN = """
    select 1 from serve.known_places
    where place = %s and last_used_at > now() - make_interval(days => %s)
"""
_KNOW = """
    insert into serve.known_places (place, user_id) values (%s, %s)
    on conflict (place) do update set user_id = excluded.user_id, last_used_at = now()
"""


class Place(NamedTuple):
    """Where somebody logs in: the account that is asked for, the address, the cookie of the device."""

    account: str
    address: str
    device: str


class Subject(NamedTuple):
    """What wrong passwords are counted for."""

    kind: str
    digest: bytes


def device_cookie(seal: Seal, account: str) -> str:
    """Return a cookie by which a device is known to be one of this account's user."""
    number = secrets.token_urlsafe(16)
    return f"{number}.{seal.of(f'device:{normal_form(account)}:{number}')}"


async def reserve(pool: Pool, seal: Seal, place: Place) -> list[Subject]:
    """Count an attempt to log in as a wrong one until `forgive` says otherwise; return what it counts for.

    Raises:
        ProblemError: There were too many; it says how long to wait, the same for names that nobody has.
    """
    subjects = await _subjects(pool, seal, place)
    async with pool.connection() as connection, connection.transaction():
        for subject in subjects:
            parameters = {
                "subject": subject.digest,
                "forgotten": FORGOTTEN_HOURS,
                "free": FREE_FAILURES[subject.kind],
                "first": FIRST_DELAY_SECONDS,
                "longest": LONGEST_DELAY_SECONDS,
            }
            cursor = await connection.execute(_RESERVE, parameters)
            if await cursor.fetchone() is None:
                row = await (await connection.execute(_WAIT, (subject.digest,))).fetchone()
                seconds = max(1, int(row[0])) if row else 1
                raise ProblemError(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    f"too many wrong passwords: try again in {seconds} s",
                    kind="locked-out",
                    headers={"Retry-After": str(seconds)},
                )
    return subjects


async def forgive(pool: Pool, seal: Seal, place: Place, user_id: int, subjects: list[Subject]) -> None:
    """Forget the wrong passwords of a user who has come, and this attempt of the address; know the place."""
    async with pool.connection() as connection:
        for subject in subjects:
            if subject.kind == "address":
                # Only this one: by a log-in of their own at times nobody may guess at others.
                await connection.execute(
                    "update serve.login_attempts set failures = greatest(failures - 1, 0), "
                    "locked_until = null where subject = %s",
                    (subject.digest,),
                )
            else:
                await connection.execute(
                    "delete from serve.login_attempts where subject = %s", (subject.digest,)
                )
        await connection.execute(_KNOW, (_address_of_account(seal, place), user_id))


async def _subjects(pool: Pool, seal: Seal, place: Place) -> list[Subject]:
    account = normal_form(place.account)
    number, _, sign = place.device.partition(".")
    if sign and seal.fits(f"device:{account}:{number}", sign):
        return [Subject("known", _digest(seal, f"known device:{account}:{number}"))]
    known = _address_of_account(seal, place)
    async with pool.connection() as connection:
        cursor = await connection.execute(_IS_KNOWN, (known, KNOWN_DAYS))
        if await cursor.fetchone():
            return [Subject("known", known)]
    return [
        Subject("address", _digest(seal, f"address:{place.address}")),
        Subject("account", _digest(seal, f"account:{account}")),
    ]


def _address_of_account(seal: Seal, place: Place) -> bytes:
    return _digest(seal, f"known address:{normal_form(place.account)}:{place.address}")


def _digest(seal: Seal, text: str) -> bytes:
    return bytes.fromhex(seal.of(text))
