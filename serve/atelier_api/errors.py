"""Every answer that is an error: problem details after RFC 9457, as `application/problem+json`."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
import psycopg
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI, Request

PROBLEM_TYPE = "application/problem+json"

_log = logging.getLogger("atelier_api")

#: What a database that is busy, starting or gone deserves before the next try, in seconds.
_RETRY_AFTER_SECONDS = 5


class FieldProblem(BaseModel):
    """One thing that is wrong with a request."""

    location: str = Field(description="Where it is, as in `query.limit` or `body.username`.", max_length=500)
    message: str = Field(description="What is wrong with it.", max_length=1000)


class ProblemDetails(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(
        description="Names the kind of error, for programs.", examples=["urn:atelier:problem:not-found"]
    )
    title: str = Field(description="The kind of error, for people.", examples=["Not Found"])
    status: int = Field(description="The HTTP status once more.", ge=400, le=599, examples=[404])
    detail: str = Field(description="What is wrong this time, and what to do.")
    instance: str = Field(description="Path of the request.", examples=["/v1/machines/DEM99"])
    request_id: str = Field(description="The answer's `X-Request-ID`: name it when you ask for help.")
    errors: list[FieldProblem] = Field(
        description="What is wrong with the request, part by part; else empty."
    )


class ProblemError(Exception):
    """An error that is to be answered.

    Args:
        status: The HTTP status.
        detail: What is wrong and what to do, in one sentence without secrets.
        kind: The kind of error in a few words with hyphens; the status's own name unless given.
        headers: More headers of the answer.
        errors: What is wrong with the parts of the request.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        kind: str | None = None,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind or status.phrase.lower().replace(" ", "-")
        self.headers = dict(headers or {})
        self.errors = [{"location": location, "message": message} for location, message in errors]


def problem_body(problem: ProblemError, path: str, request_id: str) -> bytes:
    """Return the body of an error's answer."""
    return orjson.dumps(
        {
            "type": f"urn:atelier:problem:{problem.kind}",
            "title": problem.status.phrase,
            "status": int(problem.status),
            "detail": problem.detail,
            "instance": path,
            "request_id": request_id,
            "errors": problem.errors,
        }
    )


def answer(request: Request, problem: ProblemError) -> Response:
    """Return the answer to a request that went wrong."""
    request_id = request.scope.get("state", {}).get("request_id", "")
    body = problem_body(problem, request.url.path, request_id)
    headers = {"Cache-Control": "no-store", **problem.headers}
    return Response(body, int(problem.status), headers, PROBLEM_TYPE)


def of_database(error: Exception) -> ProblemError:
    """Return what to say of an error of the database: nothing of its own words, which may quote rows."""
    if isinstance(error, psycopg.DataError):
        return ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "a value of the request is not one that the database can hold"
        )
    if isinstance(error, (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn)):
        return ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "the tables that this is read from have not been built yet, or are of another version: let "
            "`meltano run elt` end, then ask again",
            kind="marts-not-built",
            headers={"Retry-After": "60"},
        )
    if isinstance(error, (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable)):
        return ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "the warehouse took too long to answer: ask for a shorter time, or again later",
            kind="too-slow",
            headers={"Retry-After": str(_RETRY_AFTER_SECONDS)},
        )
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the warehouse does not answer: ask again in some seconds",
        kind="warehouse-unavailable",
        headers={"Retry-After": str(_RETRY_AFTER_SECONDS)},
    )


def of_validation(error: RequestValidationError) -> ProblemError:
    """Return what to say of a request that is not as the description of the API wants it."""
    found = [
        (".".join(str(part) for part in item["loc"])[:500], str(item["msg"])[:1000])
        for item in error.errors()[:50]
    ]
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY, "the request is not as this route wants it: see errors", errors=found
    )


def _methods_at(request: Request) -> list[str]:
    """Return the methods that an address takes; the router itself names those of one of its routes only."""
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]
    taken = [
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]
    return taken or ["GET"]


def install(app: FastAPI) -> None:
    """Let the application answer every error as a problem."""

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)  # noqa: S101 # registered for nothing else
        return answer(request, error)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 # registered for nothing else
        status = HTTPStatus(error.status_code)
        details = {
            HTTPStatus.NOT_FOUND: "there is nothing at this address",
            HTTPStatus.METHOD_NOT_ALLOWED: "this address does not take this method: see the header Allow",
            HTTPStatus.BAD_REQUEST: "the request cannot be read",
        }
        problem = ProblemError(status, details.get(status, str(error.detail)), headers=error.headers)
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            problem.headers["Allow"] = ", ".join(_methods_at(request))
        return answer(request, problem)

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 # registered for nothing else
        return answer(request, of_validation(error))

    async def on_database(request: Request, error: Exception) -> Response:
        problem = of_database(error)
        _log.warning("%s %s: %s", request.method, request.url.path, type(error).__name__)
        response = answer(request, problem)
        if isinstance(error, psycopg.OperationalError):
            # After a restart of the warehouse all connections are dead: they are renewed before others fail.
            response.background = BackgroundTask(request.app.state.services.database.check)
        return response

    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(psycopg.Error, on_database)
    app.add_exception_handler(PoolTimeout, on_database)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the description of errors for a route: those given, and those that every route can answer."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
        for status in sorted({401, 403, 422, 429, 503, *statuses})
    }
