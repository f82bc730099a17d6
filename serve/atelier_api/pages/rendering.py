"""Pages as HTML: templates, and what all of them are told."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from atelier_api import labels

if TYPE_CHECKING:
    from fastapi import Request

    from atelier_api.auth.principals import Principal
    from atelier_api.services import Services

_templates = Environment(
    loader=PackageLoader("atelier_api.pages", "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

STATIC = resources.files("atelier_api") / "static"


def render(  # what a page is made from
    request: Request,
    services: Services,
    template: str,
    *,
    principal: Principal | None = None,
    status: int = 200,
    **values: Any,  # noqa: ANN401 # what the template wants
) -> HTMLResponse:
    """Return a page; it is never kept by anybody, for it may hold what only one may see."""
    language = labels.negotiated(request.headers.get("accept-language"))
    session = principal.session_id if principal else None
    content = _templates.get_template(template).render(
        language=language,
        principal=principal,
        csrf_token=services.principals.forms.make(session) if session else "",
        **values,
    )
    headers = {"Cache-Control": "no-store", "Content-Language": language, "Vary": "Accept-Language, Cookie"}
    return HTMLResponse(content, status, headers)
