"""What a route asks of the one who asks it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer, OAuth2PasswordBearer

from atelier_api.auth.principals import COOKIE, Principal
from atelier_api.errors import ProblemError
from atelier_api.limits import spend
from atelier_api.services import Services, services_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_password_flow = OAuth2PasswordBearer(
    tokenUrl="/v1/auth/token",
    refreshUrl="/v1/auth/token",
    scheme_name="password",
    description="User name and password for an access token of 15 minutes and a refresh token.",
    auto_error=False,
)
_key = HTTPBearer(
    scheme_name="apiKey",
    description="An API key (`atl_…`) as bearer, for programs.",
    bearerFormat="atl_<id>_<secret>",
    auto_error=False,
)
_cookie = APIKeyCookie(
    name=COOKIE,
    scheme_name="browser",
    description="The session of a browser that logged in on the page; changes need X-CSRF-Token too.",
    auto_error=False,
)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def principal_of(request: Request, services: Services) -> Principal | None:
    """Return who asks, or None when nobody is logged in.

    Raises:
        ProblemError: What they present is not good: then nothing else counts.
    """
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, credential = header.partition(" ")
        if scheme.lower() == "bearer":
            found = await services.principals.of_bearer(credential.strip())
            if found:
                return found
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED,
            "the token or key is not good, or not any more: log in again",
            kind="invalid-token",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    cookie = request.cookies.get(COOKIE)
    return await services.principals.of_cookie(cookie) if cookie else None


def requires(permission: str | None) -> Callable[..., Coroutine[Any, Any, Principal]]:
    """Return a dependency that yields who asks, if they have a permission; with None, if they are anyone."""

    async def check(
        request: Request,
        services: Annotated[Services, Depends(services_of)],
        # Only for the description of the API: any of the three will do.
        _token: Annotated[str | None, Security(_password_flow)],
        _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_key)],
        _browser: Annotated[str | None, Security(_cookie)],
    ) -> Principal:
        principal = await principal_of(request, services)
        if principal is None:
            raise ProblemError(
                HTTPStatus.UNAUTHORIZED,
                "nobody is logged in: send a token or an API key",
                kind="not-logged-in",
                headers={"WWW-Authenticate": "Bearer"},
            )
        request.state.principal = principal
        spend(request, services, f"{principal.kind}:{principal.name}")
        if principal.way == "cookie" and request.method not in SAFE_METHODS:
            check_form_token(request, services, principal, request.headers.get("x-csrf-token", ""))
        if permission is not None:
            principal.check(permission)
        return principal

    return check


def check_form_token(request: Request, services: Services, principal: Principal, token: str) -> None:
    """Check that a change comes from one of our own pages.

    Raises:
        ProblemError: It does not, or nobody can tell.
    """
    same = same_origin(request, services)
    if not same or not services.principals.forms.fits(principal.session_id or "", token):
        raise ProblemError(
            HTTPStatus.FORBIDDEN,
            "the change does not come from a page of this server: load the page again",
            kind="csrf",
        )


def same_origin(request: Request, services: Services) -> bool:
    """Tell whether a request comes from a page of this server, as far as the browser says."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}
    own = {services.settings.public_url, f"{request.url.scheme}://{request.headers.get('host', '')}"}
    return origin in own


Reader = Annotated[Principal, Depends(requires("marts"))]
Anyone = Annotated[Principal, Depends(requires(None))]
Auditor = Annotated[Principal, Depends(requires("audit"))]
UserManager = Annotated[Principal, Depends(requires("users"))]
KeyManager = Annotated[Principal, Depends(requires("keys"))]
