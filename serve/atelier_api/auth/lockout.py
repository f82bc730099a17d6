"""Guessing passwords gets slower with each wrong one, by account and by address."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from atelier_api.errors import ProblemError

if TYPE_CHECKING:
    from atelier_api.auth.tokens import Seal
    from atelier_api.database import Pool

#: Wrong passwords that cost nothing: of an account, and of an address behind which many may sit.
FREE_FAILURES: Final = {"account": 4, "address": 20}
#: The wait after the first wrong one that costs something; each further one doubles it.
FIRST_DELAY_SECONDS: Final = 5
LONGEST_DELAY_SECONDS: Final = 15 * 60
#: After so many hours without a wrong one all is forgotten.
FORGOTTEN_HOURS: Final = 24

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


async def reserve(pool: Pool, seal: Seal, *, account: str, address: str) -> None:
    """Count an attempt to log in as a wrong one until `forgive` says otherwise.

    Raises:
        ProblemError: There were too many; it says how long to wait, the same for names that nobody has.
    """
    async with pool.connection() as connection, connection.transaction():
        for kind, name in (("address", address), ("account", account.lower())):
            subject = bytes.fromhex(seal.of(f"{kind}:{name}"))
            parameters = {
                "subject": subject,
                "forgotten": FORGOTTEN_HOURS,
                "free": FREE_FAILURES[kind],
                "first": FIRST_DELAY_SECONDS,
                "longest": LONGEST_DELAY_SECONDS,
            }
            cursor = await connection.execute(_RESERVE, parameters)
            if await cursor.fetchone() is None:
                row = await (await connection.execute(_WAIT, (subject,))).fetchone()
                seconds = max(1, int(row[0])) if row else 1
                raise ProblemError(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    f"too many wrong passwords: try again in {seconds} s",
                    kind="locked-out",
                    headers={"Retry-After": str(seconds)},
                )


async def forgive(pool: Pool, seal: Seal, *, account: str, address: str) -> None:
    """Forget the wrong passwords of an account whose owner has come, and this attempt of the address."""
    async with pool.connection() as connection:
        await connection.execute(
            "delete from serve.login_attempts where subject = %s",
            (bytes.fromhex(seal.of(f"account:{account.lower()}")),),
        )
        # Only this one: whoever has an account must not be able to guess at others by logging in at times.
        await connection.execute(
            "update serve.login_attempts set failures = greatest(failures - 1, 0), locked_until = null "
            "where subject = %s",
            (bytes.fromhex(seal.of(f"address:{address}")),),
        )
