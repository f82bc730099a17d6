"""Routes of logging in."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from atelier_api import labels
from atelier_api.auth import accounts, audit, passwords, sessions
from atelier_api.auth.dependencies import Anyone
from atelier_api.errors import ProblemError, responses
from atelier_api.limits import spend
from atelier_api.resources.auth.schemas import Me, PasswordChange, RevokeForm, TokenForm, Tokens
from atelier_api.services import ServicesDep

router = APIRouter(tags=["auth"])

_NO_STORE = {"Cache-Control": "no-store"}
_EMPTY: dict[str, Any] = {"status_code": 204, "response_class": Response}


@router.post("/auth/token", responses=responses(400), response_model=Tokens)
async def log_in(
    request: Request, response: Response, services: ServicesDep, form: Annotated[TokenForm, Form()]
) -> dict[str, Any]:
    """Trade a password, or a refresh token, for new tokens."""
    spend(request, services, f"address:{audit.address_of(request)}")
    if form.grant_type == "refresh_token":
        if not form.refresh_token:
            raise ProblemError(HTTPStatus.BAD_REQUEST, "refresh_token is missing", kind="invalid-request")
        pair = await sessions.refresh(services, request, form.refresh_token)
    else:
        if not form.username or not form.password:
            raise ProblemError(
                HTTPStatus.BAD_REQUEST, "username or password is missing", kind="invalid-request"
            )
        user = await sessions.authenticate(services, request, form.username, form.password)
        pair = await sessions.start_tokens(services, request, user)
    response.headers.update(_NO_STORE)
    return {
        "access_token": pair.access_token,
        "token_type": "bearer",
        "expires_in": pair.expires_in,
        "refresh_token": pair.refresh_token,
        "role": pair.role,
    }


@router.post("/auth/revoke", responses=responses(), **_EMPTY)
async def log_out(request: Request, services: ServicesDep, form: Annotated[RevokeForm, Form()]) -> None:
    """End the session of a refresh token; a token that nobody knows is as good as ended."""
    spend(request, services, f"address:{audit.address_of(request)}")
    session_id = await sessions.session_of_refresh_token(services, form.token)
    if session_id:
        await sessions.end(services, session_id)
        await audit.record(services.database.own, request, "logout", actor=None, target=session_id)


@router.get("/me", responses=responses(), response_model=Me)
async def get_me(
    request: Request, response: Response, services: ServicesDep, principal: Anyone
) -> dict[str, Any]:
    """Who is logged in, and what they may."""
    language = labels.negotiated(request.headers.get("accept-language"))
    response.headers.update({**_NO_STORE, "Content-Language": language})
    by_cookie = principal.way == "cookie" and principal.session_id
    return {
        "kind": principal.kind,
        "name": principal.name,
        "role": principal.role,
        "role_label": labels.value("role", principal.role, language) if principal.role else None,
        "permissions": sorted(principal.permissions),
        "csrf_token": services.principals.forms.make(principal.session_id or "") if by_cookie else None,
    }


@router.post("/me/password", responses=responses(), **_EMPTY)
async def change_password(
    request: Request, services: ServicesDep, principal: Anyone, change: PasswordChange
) -> None:
    """Change one's password; all other sessions end."""
    if principal.user_id is None:
        raise ProblemError(HTTPStatus.FORBIDDEN, "an API key has no password", kind="not-permitted")
    await sessions.authenticate(services, request, principal.name, change.current_password)
    passwords.check_new(change.new_password, principal.name)
    await accounts.set_password(
        services, principal.user_id, change.new_password, keep_session=principal.session_id
    )
    await audit.record(
        services.database.own, request, "password_changed", actor=principal.name, target=principal.name
    )
