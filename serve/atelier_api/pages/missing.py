"""An address without anything: people get a page that leads on, programs the problem as everywhere."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from atelier_api.pages.rendering import render

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from starlette.responses import Response

#: What lies below is for programs.
_FOR_PROGRAMS = ("/v1/", "/static/", "/labels/")


def install(app: FastAPI) -> None:
    """Answer browsers that go nowhere with a page; the problems, installed before, answer all else."""
    answer_problem = app.exception_handlers[HTTPException]

    async def on_http(request: Request, error: Exception) -> Response:
        is_missing = isinstance(error, HTTPException) and error.status_code == HTTPStatus.NOT_FOUND
        if is_missing and _wants_page(request):
            return render(request, request.app.state.services, "missing.html", status=HTTPStatus.NOT_FOUND)
        answered: Response = await answer_problem(request, error)  # type: ignore[misc] # ours is async
        return answered

    app.add_exception_handler(HTTPException, on_http)


def _wants_page(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted and not request.url.path.startswith(_FOR_PROGRAMS)
