"""From a template to a page: the language, the labels, who is logged in."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args
from urllib.parse import parse_qsl, urlencode

import jinja2
from fastapi.responses import HTMLResponse, RedirectResponse

from atelier_api.labels import DEFAULT_LANGUAGE, Language
from atelier_api.labels.pages import PAGES
from atelier_api.pages import assets

if TYPE_CHECKING:
    from fastapi import Request

    from atelier_api.auth.principals import Principal
    from atelier_api.services import Services

LANGUAGE_COOKIE: Final = "atelier_language"
_LANGUAGE_SECONDS: Final = 365 * 86400

#: Name, address and icon of each page, in the order of the bar.
NAVIGATION: Final = (
    ("today", "/", "nav-today"),
    ("machine", "/machine", "nav-machine"),
    ("week", "/semaine", "nav-week"),
    ("orders", "/commandes", "nav-orders"),
    ("quality", "/qualite", "nav-quality"),
)

_templates: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def language_of(request: Request) -> Language:
    """Return the language of a page: what somebody chose by the switch, else French."""
    chosen = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    for language in get_args(Language):
        if chosen == language:
            return language  # type: ignore[no-any-return] # one of the two
    return DEFAULT_LANGUAGE


def words(language: Language, key: str, **values: Any) -> str:  # noqa: ANN401 # anything that can be shown
    """Return a label, its values put in."""
    text = PAGES[language][key]
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def render(  # noqa: PLR0913 # what every page shows
    request: Request,
    services: Services,
    template: str,
    page: str,
    *,
    principal: Principal | None = None,
    csrf_token: str = "",
    status: HTTPStatus = HTTPStatus.OK,
    **values: Any,  # noqa: ANN401 # what this page shows
) -> HTMLResponse:
    """Return a page.

    Args:
        request: What is answered.
        services: The server's own.
        template: File name of the template.
        page: Name of the page, as in the labels.
        principal: Who is logged in.
        csrf_token: Proves that a form comes from this page.
        status: Of the answer.
        values: More that the template shows.
    """
    language = language_of(request)
    now = datetime.now(services.settings.timezone)
    text = _templates.get_template(template).render(
        page=page,
        language=language,
        t=lambda key, **named: words(language, key, **named),
        asset=assets.address,
        labels_address=f"/labels/{language}.json?v={assets.version()}",
        here=lambda code: _address(request, code),
        timezone=str(services.settings.timezone),
        permissions=sorted(principal.permissions) if principal else [],
        user=principal.name if principal else "",
        role=(principal.role or "reader") if principal else "",
        csrf_token=csrf_token,
        wall=request.query_params.get("mural") == "1",
        navigation=NAVIGATION,
        printed=now.strftime("%d/%m/%Y %H:%M"),
        public_address=f"{services.settings.public_url}{request.url.path}",
        **{"script": None, **values},
    )
    return HTMLResponse(text, status, {"Cache-Control": "no-store", "Content-Language": language})


def switched(request: Request, services: Services) -> RedirectResponse | None:
    """Return the way back to a page without `lang`, which a cookie remembers; None where nobody switches."""
    if request.query_params.get("lang") not in get_args(Language):
        return None
    response = RedirectResponse(_address(request, None), HTTPStatus.SEE_OTHER)
    response.set_cookie(
        LANGUAGE_COOKIE,
        language_of(request),
        max_age=_LANGUAGE_SECONDS,
        secure=services.settings.is_https,
        httponly=True,
        samesite="lax",
    )
    return response


def to_login(request: Request) -> RedirectResponse:
    """Return the way to the log-in page, and from there back to here."""
    here = _address(request, None)
    query = "" if here == "/" else f"?{urlencode({'next': here})}"
    return RedirectResponse(f"/login{query}", HTTPStatus.SEE_OTHER)


def safe_next(address: str) -> str:
    """Return where to go after the log-in: a page of ours, whatever somebody wrote into the link."""
    is_ours = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if is_ours and "\\" not in address else "/"


def _address(request: Request, language: str | None) -> str:
    query = [pair for pair in parse_qsl(request.url.query, keep_blank_values=True) if pair[0] != "lang"]
    if language is not None:
        query.append(("lang", language))
    return request.url.path + (f"?{urlencode(query)}" if query else "")
