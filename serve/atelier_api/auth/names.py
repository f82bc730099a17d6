"""Names of users: which there may be, and which are the same."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from atelier_api.errors import ProblemError

USERNAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$"

#: Condition of a query on `serve.users`: the user of a name in its normal form.
IS_NAMED: Final = 'lower(username collate "C") = %s'


def check_username(username: str) -> None:
    """Check the name of a new user.

    Raises:
        ProblemError: It is none.
    """
    if not re.fullmatch(USERNAME_PATTERN, username):
        wrong = "a user name has letters, digits and . _ @ -, 64 at most, and begins with a letter or digit"
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, wrong, kind="bad-username", errors=[("body.username", wrong)]
        )


def normal_form(username: str) -> str:
    """Return what is the same for names that are the same: ASCII letters are small, all others stay.

    `İ` stays what it is, and so is no user's letter, whatever a locale makes of it.
    """
    return "".join(letter.lower() if letter.isascii() else letter for letter in username)
