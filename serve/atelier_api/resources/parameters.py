"""Parameters that many routes take."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Path
from pydantic import Field

#: Neither control characters nor slashes; a folder on an FTP server may hold anything else.
_NAME = r"^[^\x00-\x1f\x7f/]+$"
_DIGEST = r"^[0-9a-f]{32}$"


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
DayFrom = Annotated[date | None, day("From this production day on.")]
DayTo = Annotated[date | None, day("Up to this production day, which counts.")]
