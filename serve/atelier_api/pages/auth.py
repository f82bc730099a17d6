"""Logging in and out with a browser: forms, a cookie, one-time links."""

from __future__ import annotations

import re
import secrets
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Path, Request, Response
from starlette.responses import RedirectResponse

from atelier_api.auth import accounts, audit, sessions
from atelier_api.auth.dependencies import check_form_token, principal_of, same_origin
from atelier_api.auth.lockout import KNOWN_DAYS, device_cookie
from atelier_api.auth.names import check_username
from atelier_api.auth.principals import COOKIE, Principal
from atelier_api.auth.sessions import User
from atelier_api.errors import ProblemError
from atelier_api.limits import spend
from atelier_api.pages.rendering import render
from atelier_api.services import Services, ServicesDep

router = APIRouter(include_in_schema=False)

#: Binds the form of somebody who is not logged in yet to the browser that got it.
FORM_COOKIE = "atelier_form"

_SESSION_SECONDS = sessions.SESSION_DAYS * 24 * 3600

LinkToken = Annotated[str, Path(max_length=100)]


def safe_next(text: str) -> str:
    """Return where to go after the log-in: a path of this server, never another server."""
    parts = urlsplit(text)
    inside = (
        text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    )
    return text if inside and re.fullmatch(r"[\x21-\x7e]{1,500}", text) and "\\" not in text else "/"


@router.get("/login")
async def show_login(request: Request, services: ServicesDep, next: str = "/") -> Response:  # noqa: A002 # as in the form
    """The page to log in on."""
    if await _browser(request, services):
        return RedirectResponse(safe_next(next), HTTPStatus.SEE_OTHER)
    return _login_page(request, services, safe_next(next))


@router.post("/login")
async def log_in(  # the fields of the form
    request: Request,
    services: ServicesDep,
    username: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=256)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002 # as in the form
    form_token: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Log in by the form."""
    target = safe_next(next)
    try:
        spend(request, services, f"address:{audit.address_of(request)}")
        _check_form(request, services, form_token)
        user = await sessions.authenticate(services, request, username.strip(), password)
    except ProblemError as problem:
        return _login_page(request, services, target, problem)
    return await _logged_in(request, services, user, target, "form")


@router.post("/logout")
async def log_out(
    request: Request, services: ServicesDep, csrf_token: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Log out."""
    principal = await _browser(request, services)
    if principal and principal.session_id:
        check_form_token(request, services, principal, csrf_token)
        await sessions.end(services, principal.session_id)
        await audit.record(services.database.own, request, "logout", actor=principal.name)
    response = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    response.delete_cookie(COOKIE, secure=services.settings.is_https, httponly=True, samesite="lax")
    return response


@router.get("/setup/{token}")
async def show_link(request: Request, services: ServicesDep, token: LinkToken) -> Response:
    """The page of a one-time link; looking does not use it, for programs that preview links look too."""
    spend(request, services, f"address:{audit.address_of(request)}")
    return await _link_page(request, services, token)


@router.post("/setup/{token}")
async def use_link(  # the fields of the form
    request: Request,
    services: ServicesDep,
    token: LinkToken,
    username: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=256)] = "",
    form_token: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Use a one-time link: make the first administrator, set a password, or just log in."""
    name = username.strip()
    try:
        spend(request, services, f"address:{audit.address_of(request)}")
        _check_form(request, services, form_token)
        link = await accounts.look_at_link(services, token)
        if link and link.purpose == "setup":
            check_username(name)
        user = await accounts.use_link(services, token, username=name, password=password)
    except ProblemError as problem:
        return await _link_page(request, services, token, problem)
    action = {"setup": "setup", "password": "password_set", "login": "link_used"}
    await audit.record(
        services.database.own,
        request,
        action[link.purpose] if link else "link_used",
        actor=user.username,
        target=user.username,
    )
    return await _logged_in(request, services, user, "/", "link")


async def _browser(request: Request, services: Services) -> Principal | None:
    """Return whose browser it is; a header is for programs, not for pages."""
    if "authorization" in request.headers:
        return None
    return await principal_of(request, services)


async def _logged_in(request: Request, services: Services, user: User, target: str, way: str) -> Response:
    old = await _browser(request, services)
    if old and old.session_id:
        await sessions.end(services, old.session_id)
    response = RedirectResponse(target, HTTPStatus.SEE_OTHER)
    response.set_cookie(
        COOKIE,
        await sessions.start_browser(services, request, user, way),
        max_age=_SESSION_SECONDS,
        secure=services.settings.is_https,
        httponly=True,
        samesite="lax",
    )
    response.set_cookie(
        sessions.DEVICE_COOKIE,
        device_cookie(services.principals.attempts, user.username),
        max_age=KNOWN_DAYS * 24 * 3600,
        path="/login",
        secure=services.settings.is_https,
        httponly=True,
        samesite="strict",
    )
    response.delete_cookie(FORM_COOKIE, secure=services.settings.is_https, httponly=True, samesite="strict")
    response.headers["Cache-Control"] = "no-store"
    return response


def _check_form(request: Request, services: Services, form_token: str) -> None:
    """Check that a form was got from this server by the browser that sends it: else others log people in."""
    nonce = request.cookies.get(FORM_COOKIE, "")
    fits = bool(nonce) and services.principals.forms.fits(f"form:{nonce}", form_token)
    if not fits or not same_origin(request, services):
        raise ProblemError(HTTPStatus.FORBIDDEN, "the form is too old: load the page again", kind="csrf")


def _login_page(
    request: Request, services: Services, target: str, problem: ProblemError | None = None
) -> Response:
    return _with_form(request, services, "login.html", problem, next=target)


async def _link_page(
    request: Request, services: Services, token: str, problem: ProblemError | None = None
) -> Response:
    link = await accounts.look_at_link(services, token)
    if link is None and problem is None:
        problem = ProblemError(
            HTTPStatus.NOT_FOUND,
            "the link is not good, or not any more: ask for another one",
            kind="link-not-good",
        )
    return _with_form(
        request,
        services,
        "setup.html",
        problem,
        purpose=link.purpose if link else None,
        username=link.username if link else None,
    )


def _with_form(
    request: Request,
    services: Services,
    template: str,
    problem: ProblemError | None,
    **values: Any,  # noqa: ANN401
) -> Response:
    """Return a page with a form that only this browser can send back.

    The template is told `problem_kind`, a word such as `wrong-credentials`, and `retry_seconds`.
    """
    nonce = request.cookies.get(FORM_COOKIE, "")
    if not re.fullmatch(r"[0-9a-f]{32}", nonce):
        nonce = secrets.token_hex(16)
    response = render(
        request,
        services,
        template,
        status=int(problem.status) if problem else 200,
        problem=problem.detail if problem else None,
        problem_kind=problem.kind if problem else None,
        retry_seconds=problem.headers.get("Retry-After") if problem else None,
        form_token=services.principals.forms.make(f"form:{nonce}"),
        **values,
    )
    if problem and "Retry-After" in problem.headers:
        response.headers["Retry-After"] = problem.headers["Retry-After"]
    response.set_cookie(
        FORM_COOKIE, nonce, max_age=3600, secure=services.settings.is_https, httponly=True, samesite="strict"
    )
    return response
