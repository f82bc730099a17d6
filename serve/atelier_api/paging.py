"""Pages by keyset: a cursor holds where the page before ended, signed, and for one query alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import date, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

from atelier_api.errors import ProblemError

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_PAGE = 1000
DEFAULT_PAGE = 100
#: A key may hold the path of a file, 4,096 bytes on most servers.
LONGEST_CURSOR = 8000

Position = list[Any]


class PageQuery(BaseModel):
    """The parameters that every list takes."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[
        int | None,
        Field(
            ge=1,
            le=LARGEST_PAGE,
            description=f"Rows of a page at most. JSON: {DEFAULT_PAGE} unless given; csv and xlsx: all rows.",
        ),
    ] = None
    cursor: Annotated[
        str | None,
        Field(
            max_length=LONGEST_CURSOR,
            pattern=r"^[A-Za-z0-9_-]+$",
            description="The `next_cursor` of the page before; the other parameters stay the same.",
        ),
    ] = None
    format: Annotated[
        Literal["json", "csv", "xlsx"] | None,
        Field(description="Form of the answer; wins over the header `Accept`. csv is made for French Excel."),
    ] = None


class Row(BaseModel):
    """A row of a list, or an object that is answered on its own."""

    model_config = ConfigDict(extra="forbid")


def sparse(*key: str) -> ConfigDict:
    """Return the configuration of a row of which all but the key may be left out by `fields`."""

    def only_key(schema: dict[str, Any]) -> None:
        schema["required"] = list(key)

    return ConfigDict(extra="forbid", json_schema_extra=only_key)


def fields_of(row: type[BaseModel]) -> Any:  # noqa: ANN401 # pydantic's description of a field
    """Return the description of the parameter `fields` of a list."""
    names = "|".join(row.model_fields)
    return Field(
        max_length=2000,
        pattern=f"^({names})(,({names}))*$",
        description="Only these columns, separated by commas; those that identify a row come anyway.",
        examples=[",".join(list(row.model_fields)[:3])],
    )


class Page(BaseModel):
    """What all lists have in common."""

    next_cursor: str | None = Field(description="Names the next page; null on the last.")
    count: int = Field(description="Rows of this page.", ge=0, le=LARGEST_PAGE)


class Cursors:
    """Makes cursors and reads them."""

    def __init__(self, secret_key: str) -> None:
        self._key = hashlib.sha256(b"cursor:" + secret_key.encode()).digest()

    def make(self, query: str, position: Position) -> str:
        """Return the cursor of a position in a query."""
        body = orjson.dumps(position, default=str)
        return base64.urlsafe_b64encode(self._seal(query, body) + body).rstrip(b"=").decode()

    def read(self, query: str, cursor: str, length: int) -> Position:
        """Return the position that a cursor names.

        Raises:
            ProblemError: We did not make it, or for another query.
        """
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            raw = b""
        seal, body = raw[:16], raw[16:]
        if not hmac.compare_digest(seal, self._seal(query, body)):
            raise ProblemError(
                HTTPStatus.CONFLICT,
                "the cursor belongs to another query: take next_cursor of the page before, change nothing",
                kind="cursor-of-another-query",
                errors=[("query.cursor", "not a cursor of this query")],
            )
        position: Position = orjson.loads(body)
        if len(position) != length:
            raise ProblemError(
                HTTPStatus.CONFLICT,
                "the cursor is of an older version: begin with the first page",
                kind="cursor-of-another-query",
            )
        return position

    def _seal(self, query: str, body: bytes) -> bytes:
        return hmac.digest(self._key, query.encode() + b"\0" + body, "sha256")[:16]


def fingerprint(path: str, sort: str, filters: Mapping[str, Any]) -> str:
    """Return what a cursor is for: the route, the order and the filters, but not fields, limit or form."""
    asked = sorted((name, _plain(value)) for name, value in filters.items() if value is not None)
    return f"{path}?{sort}&{asked}"


def _plain(value: Any) -> str:  # noqa: ANN401 # the value of any parameter
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)
