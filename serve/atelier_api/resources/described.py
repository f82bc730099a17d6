"""How routes describe their answers in OpenAPI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atelier_api.errors import responses
from atelier_api.formats import xlsx

if TYPE_CHECKING:
    from pydantic import BaseModel

_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The client has the newest answer."}}
_FILE = {"schema": {"type": "string", "format": "binary"}}


def _headers(*, cached: bool) -> dict[str, Any]:
    text = {"schema": {"type": "string"}}
    headers: dict[str, Any] = {
        "Content-Language": {"description": "Language of the labels: fr or en.", **text},
        "X-Request-ID": {"description": "Names the request; yours, if you sent one.", **text},
    }
    if cached:
        headers["ETag"] = {"description": "Send it back in If-None-Match.", **text}
    return headers


def listed(page: type[BaseModel], *, cached: bool = True, errors: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return the description of a list route: JSON, CSV and XLSX."""
    return {
        "response_model": page,
        "responses": {
            200: {
                "headers": _headers(cached=cached),
                "content": {"text/csv": _FILE, xlsx.MEDIA_TYPE: _FILE},
            },
            **(_NOT_MODIFIED if cached else {}),
            **responses(409, *errors),
        },
    }


def single(
    model: type[BaseModel], errors: dict[int | str, dict[str, Any]] | None = None, *, cached: bool = True
) -> dict[str, Any]:
    """Return the description of a route that answers one object."""
    return {
        "response_model": model,
        "responses": {
            200: {"headers": _headers(cached=cached)},
            **(_NOT_MODIFIED if cached else {}),
            **(errors or responses()),
        },
    }
