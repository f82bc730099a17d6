"""Serves the documentation's pages, which `make docs` makes, to those who are logged in."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from atelier_api.auth.dependencies import principal_of
from atelier_api.auth.principals import Principal
from atelier_api.errors import ProblemError
from atelier_api.handbook.build import INDEX
from atelier_api.handbook.data import FOREIGN
from atelier_api.limits import spend
from atelier_api.pages.access import LoginNeededError
from atelier_api.pages.rendering import language_of, render
from atelier_api.services import Services, ServicesDep

if TYPE_CHECKING:
    from starlette.datastructures import Headers

router = APIRouter(include_in_schema=False)

_SCRIPT: Final = re.compile(rb"<script\b([^>]*)>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)

#: Asked for again each time, and answered with 304 while it is the same; nobody else may keep it.
_CACHE: Final = {"Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization"}


async def _reader(request: Request, services: ServicesDep) -> Principal:
    principal = await principal_of(request, services)
    if principal is None:
        if wants_page(request.headers):
            raise LoginNeededError
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED,
            "nobody is logged in: send a token or an API key",
            kind="not-logged-in",
            headers={"WWW-Authenticate": "Bearer"},
        )
    spend(request, services, f"{principal.kind}:{principal.name}")
    return principal


#: A browser replaces the headers of the page that it has kept by those of a 304.
_WITH_PAGE: Final = frozenset({HTTPStatus.OK, HTTPStatus.NOT_MODIFIED})

#: Anyone who is logged in, with a browser or with a token: the documentation has no data of the marts.
Reader = Annotated[Principal, Depends(_reader)]


def is_made(services: Services) -> bool:
    """Tell whether there is anything to see: a link to the documentation stands nowhere before."""
    return (services.settings.docs_folder / INDEX["fr"]).is_file()


def wants_page(headers: Headers) -> bool:
    """Tell whether a page is a better answer than a problem for programs."""
    return "text/html" in headers.get("accept", "")


@router.get("/docs")
async def entrance(request: Request, _reader: Reader) -> Response:
    """Lead to the index in the language of the one who looks."""
    name = INDEX[language_of(request)]
    address = "/docs/" if name == "index.html" else f"/docs/{name}"
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})


@router.get("/docs/{path:path}")
async def page(request: Request, services: ServicesDep, reader: Reader, path: str) -> Response:
    """A file of the site; where it was never made, what to do."""
    site = services.settings.docs_folder
    if not is_made(services):
        if wants_page(request.headers):
            return render(request, services, "nodocs.html", principal=reader, status=HTTPStatus.NOT_FOUND)
        raise ProblemError(HTTPStatus.NOT_FOUND, "the documentation was never made: run `make docs`")
    files = StaticFiles(directory=site, html=True, check_dir=False)
    found = files.get_path(_below_docs(path))
    response = await files.get_response(found, request.scope)
    response.headers.update(_CACHE)
    if path.partition("/")[0] in FOREIGN and response.status_code in _WITH_PAGE:
        file = Path(files.lookup_path(found)[0])
        if file.is_dir():
            file /= "index.html"
        stat = file.stat()
        scripts = scripts_of(file, stat.st_mtime_ns, stat.st_size)
        response.headers["Content-Security-Policy"] = foreign_policy(scripts)
    return response


def _below_docs(path: str) -> dict[str, str]:
    return {"path": f"/{path}", "root_path": ""}


@lru_cache(maxsize=8)
def scripts_of(file: Path, changed: int, size: int) -> tuple[str, ...]:
    """Return the digests of the scripts that are written into a page, as a policy names them.

    Args:
        file: The page.
        changed: When it was changed, so that a new page is read anew.
        size: Its bytes, for the same reason.
    """
    del changed, size
    if file.suffix != ".html":
        return ()
    return tuple(
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for attributes, script in _SCRIPT.findall(file.read_bytes())
        if b"src=" not in attributes
    )


def foreign_policy(scripts: tuple[str, ...]) -> str:
    """Return the policy of a page that others made: the scripts and styles that are written into it.

    Its sandbox gives it an origin of its own: a script in it has neither the session nor an answer of ours.
    """
    return "; ".join(
        (
            "sandbox allow-scripts",
            "default-src 'none'",
            " ".join(("script-src", *(scripts or ("'none'",)))),
            "style-src 'unsafe-inline'",
            "img-src data:",
            "font-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
