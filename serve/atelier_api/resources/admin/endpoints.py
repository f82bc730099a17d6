"""Routes of administrators and of the data protection officer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from atelier_api.auth import accounts, audit, keys
from atelier_api.auth.dependencies import Auditor, KeyManager, UserManager
from atelier_api.auth.principals import Principal
from atelier_api.errors import ProblemError, responses
from atelier_api.resources.admin.repository import AUDIT, KEYS, USERS
from atelier_api.resources.admin.schemas import (
    ApiKeyPage,
    ApiKeyQuery,
    AuditPage,
    AuditQuery,
    Invitation,
    KeyId,
    MadeApiKey,
    NewApiKey,
    NewUser,
    UserAccount,
    UserChange,
    UserId,
    UserPage,
    UserQuery,
)
from atelier_api.resources.described import listed, single
from atelier_api.respond import Answer
from atelier_api.services import Services, ServicesDep

router = APIRouter(prefix="/admin", tags=["admin"])

_EMPTY: dict[str, Any] = {"status_code": 204, "response_class": Response}
_NO_USER = "no user has this number"


def _answer(request: Request, services: Services, principal: Principal) -> Answer:
    return Answer(request, services, principal, pool=services.database.own)


async def _note(  # the columns of the log
    request: Request, services: Services, principal: Principal, action: str, target: str, **details: object
) -> None:
    await audit.record(
        services.database.own, request, action, actor=principal.name, target=target, details=details
    )


@router.get("/users", **listed(UserPage, cached=False))
async def list_users(
    request: Request, services: ServicesDep, principal: UserManager, query: Annotated[UserQuery, Query()]
) -> Response:
    """Everybody who may log in, or might."""
    return await _answer(request, services, principal).page(USERS, query, cached=False)


@router.post("/users", status_code=201, response_model=Invitation, responses=responses(409))
async def create_user(
    request: Request, services: ServicesDep, principal: UserManager, user: NewUser
) -> Response:
    """Add a user; the link in the answer is for the user, to set a password that nobody else knows."""
    pool = services.database.own
    user_id = await accounts.create(pool, user.username, user.role)
    await _note(request, services, principal, "user_created", user.username, role=user.role)
    return await _invitation(request, services, principal, user_id, HTTPStatus.CREATED)


@router.post(
    "/users/{user_id}/link", status_code=201, response_model=Invitation, responses=responses(404, 409)
)
async def create_link(
    request: Request, services: ServicesDep, principal: UserManager, user_id: UserId
) -> Response:
    """Make a one-time link by which a user sets a new password; the old one is good until then."""
    answer = await _invitation(request, services, principal, user_id, HTTPStatus.CREATED)
    await _note(request, services, principal, "link_created", str(user_id), purpose="password")
    return answer


async def _invitation(
    request: Request, services: Services, principal: Principal, user_id: int, status: HTTPStatus
) -> Response:
    answer = _answer(request, services, principal)
    user = await answer.one(USERS, _NO_USER, user_id=user_id)
    if not user["is_active"]:
        raise ProblemError(HTTPStatus.CONFLICT, "the user may not log in: allow it first", kind="inactive")
    secret = await accounts.make_link(services, "password", user_id)
    link = f"{services.settings.public_url}/setup/{secret}"
    return answer.json({"user": user, "link": link}, status=status)


@router.get("/users/{user_id}", **single(UserAccount, responses(404), cached=False))
async def get_user(
    request: Request, services: ServicesDep, principal: UserManager, user_id: UserId
) -> Response:
    """One user."""
    answer = _answer(request, services, principal)
    return answer.json(await answer.one(USERS, _NO_USER, user_id=user_id))


@router.patch("/users/{user_id}", **single(UserAccount, responses(404, 409), cached=False))
async def change_user(
    request: Request, services: ServicesDep, principal: UserManager, user_id: UserId, change: UserChange
) -> Response:
    """Change a user's role, or whether the user may log in; tokens that are out are good no more."""
    answer = _answer(request, services, principal)
    name = await accounts.change(services, user_id, role=change.role, is_active=change.is_active)
    if name is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, _NO_USER)
    await _note(request, services, principal, "user_changed", name, **change.model_dump(exclude_none=True))
    return answer.json(await answer.one(USERS, _NO_USER, user_id=user_id))


@router.delete("/users/{user_id}", responses=responses(404, 409), **_EMPTY)
async def delete_user(
    request: Request, services: ServicesDep, principal: UserManager, user_id: UserId
) -> None:
    """Delete a user; the entries of the audit log stay."""
    name = await accounts.delete(services, user_id)
    if name is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, _NO_USER)
    await _note(request, services, principal, "user_deleted", name)


@router.get("/api-keys", **listed(ApiKeyPage, cached=False))
async def list_api_keys(
    request: Request, services: ServicesDep, principal: KeyManager, query: Annotated[ApiKeyQuery, Query()]
) -> Response:
    """All keys, those made last on top."""
    return await _answer(request, services, principal).page(KEYS, query, cached=False)


@router.post("/api-keys", status_code=201, response_model=MadeApiKey, responses=responses())
async def create_api_key(
    request: Request, services: ServicesDep, principal: KeyManager, wanted: NewApiKey
) -> Response:
    """Make a key for a program; it is shown this once."""
    made = await keys.create(services, wanted.name, wanted.scopes, wanted.expires_in_days, principal.name)
    await _note(
        request, services, principal, "key_created", made.key_id, name=wanted.name, scopes=wanted.scopes
    )
    answer = _answer(request, services, principal)
    shown = await answer.one(KEYS, "the key is gone already", key_id=made.key_id)
    return answer.json({"api_key": shown, "key": made.key}, status=HTTPStatus.CREATED)


@router.delete("/api-keys/{key_id}", responses=responses(404), **_EMPTY)
async def revoke_api_key(
    request: Request, services: ServicesDep, principal: KeyManager, key_id: KeyId
) -> None:
    """Let a key be good no more."""
    if not await keys.revoke(services, key_id):
        raise ProblemError(HTTPStatus.NOT_FOUND, "no key that is good has this id")
    await _note(request, services, principal, "key_revoked", key_id)


@router.get("/audit", **listed(AuditPage, cached=False))
async def list_audit(
    request: Request, services: ServicesDep, principal: Auditor, query: Annotated[AuditQuery, Query()]
) -> Response:
    """Who did what, newest first."""
    return await _answer(request, services, principal).page(AUDIT, query, cached=False)
