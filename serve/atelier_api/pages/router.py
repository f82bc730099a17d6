"""The pages of the dashboard, their words and their files."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from atelier_api.labels.pages import PAGES
from atelier_api.pages.access import Visitor
from atelier_api.pages.handbook import is_made
from atelier_api.pages.rendering import render, switched
from atelier_api.services import Services, ServicesDep

router = APIRouter(include_in_schema=False)


def _page(request: Request, services: Services, visitor: Visitor, name: str) -> Response:
    """Return the shell of a page, which its script fills."""
    return switched(request, services) or render(
        request, services, "page.html", principal=visitor, page=name, script=f"{name}.js"
    )


@router.get("/")
async def today(request: Request, services: ServicesDep, visitor: Visitor) -> Response:
    """Aujourd'hui: the machines now."""
    return _page(request, services, visitor, "today")


@router.get("/machine")
@router.get("/machine/{machine_id}")
@router.get("/machine/{machine_id}/{day}")
async def machine(request: Request, services: ServicesDep, visitor: Visitor) -> Response:
    """Machine-jour: one machine on one production day; the script finds the newest where none is named."""
    return _page(request, services, visitor, "machine")


@router.get("/semaine")
@router.get("/semaine/{iso_week}")
async def week(request: Request, services: ServicesDep, visitor: Visitor) -> Response:
    """Semaine: occupancy and losses of a week, the newest where none is named."""
    return _page(request, services, visitor, "week")


@router.get("/commandes")
async def orders(request: Request, services: ServicesDep, visitor: Visitor) -> Response:
    """Commandes: the shutter orders to plan."""
    return _page(request, services, visitor, "orders")


@router.get("/qualite")
async def quality(request: Request, services: ServicesDep, visitor: Visitor) -> Response:
    """Qualité des données: freshness, rejected lines, files."""
    return _page(request, services, visitor, "quality")


@router.get("/compte")
async def account(request: Request, services: ServicesDep, visitor: Visitor) -> Response:
    """Mon compte: who is logged in, the password, the way out."""
    return switched(request, services) or render(
        request,
        services,
        "account.html",
        principal=visitor,
        page="account",
        script="account.js",
        has_docs=is_made(services),
    )


@router.get("/labels/{language}.json")
async def page_labels(language: Literal["fr", "en"]) -> Response:
    """The words that the scripts of the pages use; the version in their address changes with them."""
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Content-Language": language}
    return JSONResponse(PAGES[language], headers=headers)
