"""Parameters that many routes take."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Path, Request
from pydantic import BeforeValidator, Field

from atelier_api.errors import ProblemError

#: Neither control characters nor slashes; a folder on an FTP server may hold anything else.
_NAME = r"^[^\x00-\x1f\x7f/]+$"
_DIGEST = r"^[0-9a-f]{32}$"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def _written_as_a_day(value: object) -> object:
    """Refuse what pydantic would take for a day as well: seconds since 1970, a time of day behind it."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("a day is written as YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_written_as_a_day)]


def machine(what: str) -> Any:  # noqa: ANN401 # pydantic's description of a field
    """Return the description of a parameter that names a machine."""
    return Field(min_length=1, max_length=100, pattern=_NAME, description=what, examples=["DEM12"])


def digest(what: str) -> Any:  # noqa: ANN401 # pydantic's description of a field
    """Return the description of a parameter that is a key of the marts."""
    return Field(
        pattern=_DIGEST,
        min_length=32,
        max_length=32,
        description=what,
        examples=["0cc175b9c0f1b6a831c399e269772661"],
    )


def day(what: str) -> Any:  # noqa: ANN401 # pydantic's description of a field
    """Return the description of a parameter that is a day of the plant."""
    return Field(description=what, examples=["2025-05-28"])


MachineId = Annotated[
    str,
    Path(min_length=1, max_length=100, pattern=_NAME, description="Code of the machine.", examples=["DEM12"]),
]
SessionId = Annotated[
    str,
    Path(
        pattern=_DIGEST,
        min_length=32,
        max_length=32,
        description="Key of the session.",
        examples=["0cc175b9c0f1b6a831c399e269772661"],
    ),
]
OrderId = Annotated[
    str,
    Path(
        min_length=1,
        max_length=32,
        pattern=_NAME,
        description="The ERP's id of the order.",
        examples=["K000123"],
    ),
]

MachineFilter = Annotated[str | None, machine("Only this machine.")]
DayFrom = Annotated[Day | None, day("From this production day on.")]
DayTo = Annotated[Day | None, day("Up to this production day, which counts.")]


async def once(request: Request) -> None:
    """Check that no parameter of the address and no field of a form is given several times.

    Raises:
        ProblemError: One is; each reader of such a request would take another of its values.
    """
    given = [("query", name) for name, _ in request.query_params.multi_items()]
    if request.headers.get("content-type", "").startswith(_FORMS):
        given += [("body", name) for name, _ in (await request.form()).multi_items()]
    repeated = sorted(place for place, count in Counter(given).items() if count > 1)
    if repeated:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "the request gives a parameter several times: give it once",
            kind="repeated-parameter",
            errors=[(f"{part}.{name}"[:500], "given several times") for part, name in repeated[:50]],
        )
