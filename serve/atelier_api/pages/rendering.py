"""From a template to a page: the language, the labels, who is logged in."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, RedirectResponse

from atelier_api.labels import DEFAULT_LANGUAGE
from atelier_api.labels.pages import PAGES
from atelier_api.pages import assets

if TYPE_CHECKING:
    from fastapi import Request

    from atelier_api.auth.principals import Principal
    from atelier_api.labels import Language
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

_templates = Environment(
    loader=PackageLoader("atelier_api.pages", "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def language_of(request: Request) -> Language:
    """Return the language of a page: the one chosen by the switch, else French.

    Not the browser's: a page that is sent to a colleague, or hangs on the wall, is in the plant's language.
    """
    chosen = _known(request.query_params.get("lang")) or _known(request.cookies.get(LANGUAGE_COOKIE))
    return chosen or DEFAULT_LANGUAGE


def render(
    request: Request,
    services: Services,
    template: str,
    *,
    principal: Principal | None = None,
    status: int = 200,
    **values: Any,  # noqa: ANN401 # what the template wants
) -> HTMLResponse:
    """Return a page; it is never kept by anybody, for it may hold what only one may see.

    Args:
        request: What is answered.
        services: The server's own.
        template: File name of the template.
        principal: Who is logged in.
        status: Of the answer.
        values: More that the template shows.
    """
    language = language_of(request)
    session = principal.session_id if principal else None
    content = _templates.get_template(template).render(
        language=language,
        t=lambda key, **named: _words(language, key, **named),
        asset=assets.address,
        labels_address=f"/labels/{language}.json?v={assets.version()}",
        here=lambda code: _address(request, code),
        timezone=str(services.settings.timezone),
        principal=principal,
        csrf_token=services.principals.forms.make(session) if session else "",
        is_wall=request.query_params.get("mural") == "1",
        navigation=NAVIGATION,
        printed_at=datetime.now(services.settings.timezone).strftime("%d/%m/%Y %H:%M"),
        public_address=f"{services.settings.public_url}{request.url.path}",
        **values,
    )
    headers = {"Cache-Control": "no-store", "Content-Language": language, "Vary": "Cookie"}
    return HTMLResponse(content, status, headers)


def switched(request: Request, services: Services) -> RedirectResponse | None:
    """Return the way to the page without `lang`, which a cookie remembers; None where nobody switches."""
    language = _known(request.query_params.get("lang"))
    if language is None:
        return None
    response = RedirectResponse(_address(request, None), HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})
    response.set_cookie(
        LANGUAGE_COOKIE,
        language,
        max_age=_LANGUAGE_SECONDS,
        secure=services.settings.is_https,
        httponly=True,
        samesite="lax",
    )
    return response


def _known(text: str | None) -> Language | None:
    return next((language for language in PAGES if language == text), None)


def _words(language: Language, key: str, **values: Any) -> str:  # noqa: ANN401 # anything that can be shown
    text = PAGES[language][key]
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def _address(request: Request, language: str | None) -> str:
    """Return the address of the page that is asked for, with a language or without."""
    query = [pair for pair in parse_qsl(request.url.query, keep_blank_values=True) if pair[0] != "lang"]
    if language is not None:
        query.append(("lang", language))
    return request.url.path + (f"?{urlencode(query)}" if query else "")
