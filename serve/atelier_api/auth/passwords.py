"""Passwords: hashed with argon2id, a few at a time, and as slowly for names that nobody has."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import Final

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from atelier_api.errors import ProblemError

SHORTEST: Final = 12
LONGEST: Final = 256

#: RFC 9106's second choice: 64 MiB and three passes.
_hasher = PasswordHasher()

#: Verified for unknown names, so that they take as long as known ones.
_NOBODYS: Final = _hasher.hash(secrets.token_urlsafe(32))

#: Log-ins that may wait for their turn; one takes a fifth of a second or so.
MOST_WAITING: Final = 20

_limiter: list[CapacityLimiter] = []


async def hashed(password: str) -> str:
    """Return the hash of a password that is to be kept."""
    return await to_thread.run_sync(_hasher.hash, password, limiter=_few())


async def matches(password: str, kept: str | None) -> bool:
    """Tell whether a password is the one whose hash was kept; with no hash after the same time."""
    right = await to_thread.run_sync(_verify, kept or _NOBODYS, password, limiter=_few())
    return right and kept is not None


def check_queue() -> None:
    """Check that another password can be looked at soon.

    Raises:
        ProblemError: Too many wait already.
    """
    if _few().statistics().tasks_waiting >= MOST_WAITING:
        raise ProblemError(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too many log in at once: try again in a few seconds",
            kind="log-ins-busy",
            headers={"Retry-After": "5"},
        )


def check_new(password: str, username: str) -> None:
    """Check a new password.

    Raises:
        ProblemError: It is too short, too long, or holds the user's name.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        wrong = f"give a password of {SHORTEST} to {LONGEST} characters"
    elif len(set(password)) < 5:
        wrong = "give a password of more than a few characters repeated"
    elif username.lower() in password.lower():
        wrong = "give a password that does not hold the user's name"
    else:
        return
    raise ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY, wrong, kind="weak-password", errors=[("body.password", wrong)]
    )


def _verify(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def _few() -> CapacityLimiter:
    """Each verification takes 64 MiB and a core: more than two at once would be a way to stop the server."""
    if not _limiter:
        _limiter.append(CapacityLimiter(2))
    return _limiter[0]
