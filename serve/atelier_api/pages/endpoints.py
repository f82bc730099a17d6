"""The pages' addresses."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response

from atelier_api.auth.dependencies import principal_of
from atelier_api.labels.pages import PAGES
from atelier_api.pages import shells
from atelier_api.services import Services, ServicesDep

router = APIRouter(include_in_schema=False)

_MachineId = Annotated[str, Path(max_length=100)]
_Text = Annotated[str, Path(max_length=10)]


async def _page(request: Request, services: Services, name: str, script: str | None) -> Response:
    """Return a page to whoever is logged in, everybody else the way to the log-in page."""
    switched = shells.switched(request, services)
    if switched:
        return switched
    principal = await principal_of(request, services)
    if principal is None or principal.session_id is None:
        return shells.to_login(request)
    return shells.render(
        request,
        services,
        "page.html",
        name,
        principal=principal,
        csrf_token=services.principals.forms.make(principal.session_id),
        script=script,
    )


@router.get("/")
async def today(request: Request, services: ServicesDep) -> Response:
    """Aujourd'hui: the machines now."""
    return await _page(request, services, "today", "today.js")


@router.get("/machine")
@router.get("/machine/{machine_id}")
@router.get("/machine/{machine_id}/{day}")
async def machine(
    request: Request, services: ServicesDep, machine_id: _MachineId = "", day: _Text = ""
) -> Response:
    """Machine-jour: one machine on one production day; the script finds the newest where none is named."""
    return await _page(request, services, "machine", "machine.js")


@router.get("/semaine")
@router.get("/semaine/{iso_week}")
async def week(request: Request, services: ServicesDep, iso_week: _Text = "") -> Response:
    """Semaine: occupancy and losses of a week."""
    return await _page(request, services, "week", "week.js")


@router.get("/commandes")
async def orders(request: Request, services: ServicesDep) -> Response:
    """Commandes: the shutter orders to plan."""
    return await _page(request, services, "orders", "orders.js")


@router.get("/qualite")
async def quality(request: Request, services: ServicesDep) -> Response:
    """Qualité des données: freshness, rejected lines, files."""
    return await _page(request, services, "quality", "quality.js")


@router.get("/labels/{language}.json")
async def page_labels(language: Literal["fr", "en"]) -> Response:
    """The words that the scripts of the pages use; their address changes with them."""
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Content-Language": language}
    return JSONResponse(PAGES[language], HTTPStatus.OK, headers)
