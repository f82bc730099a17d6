"""The route that says why."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from atelier_api import labels
from atelier_api.auth.dependencies import Reader
from atelier_api.errors import ProblemError, responses
from atelier_api.labels.kpis import FORMULAS
from atelier_api.resources.described import single
from atelier_api.resources.explain.kpis import KPIS, unit_of
from atelier_api.resources.explain.schemas import MOST_EVIDENCE, ExplainQuery, Explanation, KpiName
from atelier_api.resources.kpis.repository import DAYS
from atelier_api.resources.quality.repository import FILES
from atelier_api.resources.sessions.repository import EVENTS, SESSIONS, TIMELINE
from atelier_api.respond import Answer
from atelier_api.services import ServicesDep

router = APIRouter(prefix="/explain", tags=["explain"])


@router.get("/{kpi}", **single(Explanation, responses(404)))
async def explain(
    request: Request,
    services: ServicesDep,
    principal: Reader,
    kpi: Annotated[KpiName, Path(description="The figure.", examples=["occupancy_rate"])],
    query: Annotated[ExplainQuery, Query()],
) -> Response:
    """Why a figure of a machine and day is what it is: formula, values, session, states, events and lines."""
    answer = Answer(request, services, principal)
    etag, unchanged = await answer.unchanged()
    if unchanged:
        return unchanged
    day = {"production_date_from": query.production_date, "production_date_to": query.production_date}
    found = await answer.all(DAYS, "production_date", 1, machine_id=query.machine_id, **day)
    sessions = await answer.all(SESSIONS, "production_date", 1, machine_id=query.machine_id, **day)
    if not found or not sessions:
        raise ProblemError(
            HTTPStatus.NOT_FOUND, "this machine has no session on this day: see /v1/sessions for those it has"
        )
    figures, session = found[0], sessions[0]
    made = KPIS[kpi]
    values = [figures[name] for name in made.inputs]
    key = session["session_id"]
    most = MOST_EVIDENCE + 1
    states = await answer.all(TIMELINE, "state_number", most, session_id=key, states=list(made.states))
    events = await answer.all(EVENTS, "event_number", most, session_id=key, kinds=list(made.kinds))
    language = answer.language
    content = {
        "kpi": kpi,
        "label": labels.column(kpi, language),
        "unit": made.unit,
        "value": figures[kpi],
        "formula": FORMULAS[kpi][language],
        "inputs": [
            {"name": name, "label": labels.column(name, language), "unit": unit_of(name), "value": value}
            for name, value in zip(made.inputs, values, strict=True)
        ],
        "computed_value": made.compute(*values),
        "session": session,
        "states": states[:MOST_EVIDENCE],
        "events": events[:MOST_EVIDENCE],
        "is_all": len(states) < most and len(events) < most,
        "states_url": f"/v1/sessions/{key}/timeline",
        "events_url": f"/v1/sessions/{key}/events",
        "files": await answer.all(FILES, "path", session_id=key),
    }
    return answer.json(content, etag)
