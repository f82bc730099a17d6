"""Pages are for those who are logged in; the others are sent to log in and come back."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.responses import RedirectResponse

from atelier_api.auth.dependencies import principal_of
from atelier_api.auth.principals import Principal
from atelier_api.limits import spend
from atelier_api.services import ServicesDep

if TYPE_CHECKING:
    from fastapi import FastAPI


class LoginNeededError(Exception):
    """Nobody is logged in in this browser."""


async def _visitor(request: Request, services: ServicesDep) -> Principal:
    principal = None if "authorization" in request.headers else await principal_of(request, services)
    if principal is None:
        raise LoginNeededError
    spend(request, services, f"{principal.kind}:{principal.name}")
    return principal


#: A page's parameter that is the one who looks at it.
Visitor = Annotated[Principal, Depends(_visitor)]


def install(app: FastAPI) -> None:
    """Send those who are not logged in to the page where they can, and back."""

    async def on_login_needed(request: Request, _error: Exception) -> RedirectResponse:
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        address = "/login" if target == "/" else f"/login?next={quote(target)}"
        return RedirectResponse(address, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})

    app.add_exception_handler(LoginNeededError, on_login_needed)
