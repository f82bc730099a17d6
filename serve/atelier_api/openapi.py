"""The description of the API, as a client generator likes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from atelier_api.errors import ProblemDetails, responses

if TYPE_CHECKING:
    from fastapi import FastAPI

_DESCRIPTION = """
What the machines did and what is to be planned, read from the marts of Atelier.

* Instants are ISO 8601 with the plant's offset, durations are seconds, rates are 0..1.
* Lists come in pages: `next_cursor` names the next one. `sort`, `fields` and filters are those declared.
* Labels are French or English by `Accept-Language`.
* `format=csv` or `xlsx` (or `Accept`) yields all rows as a file, for French Excel.
* Errors are problem details (RFC 9457).
"""
_TAGS = {
    "machines": "Machining centres, and what each does now.",
    "sessions": "One machine on one production day: states, pieces, jobs, events.",
    "pieces": "Pieces finished.",
    "jobs": "Bars and profiles begun.",
    "orders": "Roller-shutter orders to plan.",
    "kpis": "Occupancy, waiting, stops and pieces by day and week.",
    "losses": "Stops and waits, ranked.",
    "explain": "Why a figure is what it is, down to the line of the log.",
    "quality": "How fresh and how whole the data are.",
    "operations": "What is wrong now, and how the runs of the pipeline went.",
    "auth": "Logging in.",
    "admin": "Users, API keys, audit log.",
    "system": "For those who watch the server.",
}


#: A body that cannot be read, or is too long.
_OF_BODIES = {str(status): responses(status)[status] for status in (400, 413)}


def install(app: FastAPI) -> None:
    """Let the application describe itself."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign] # FastAPI's own way


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the description."""
    schema = get_openapi(
        title="Atelier",
        version="1",
        summary="Machines and shutter orders of the plant",
        description=_DESCRIPTION,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
    )
    schemas = schema["components"]["schemas"]
    problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["ProblemDetails"] = problem
    schema["servers"] = [{"url": "/"}]
    for path in schema["paths"].values():
        for operation in path.values():
            if "requestBody" in operation:
                operation["responses"].update(_OF_BODIES)
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _without_null(parameter["schema"])
    return schema


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter that may be left out: there is no way to send null in an address."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    if len(options) != 1:
        return schema
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "title"}}
    return {**options[0], **rest}
