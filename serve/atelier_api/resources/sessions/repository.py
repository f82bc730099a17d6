"""Where sessions are read."""

from __future__ import annotations

from atelier_api.listing import Listing
from atelier_api.resources.sessions.schemas import Event, Session, Stretch

SESSIONS = Listing(
    row=Session,
    source="marts.fct_sessions",
    key=("session_id",),
    conditions={
        "session_id": "session_id = %(session_id)s",
        "machine_id": "machine_id = %(machine_id)s",
        "production_date_from": "production_date >= %(production_date_from)s",
        "production_date_to": "production_date <= %(production_date_to)s",
    },
)

TIMELINE = Listing(
    row=Stretch,
    source="marts.fct_machine_states",
    key=("machine_state_id",),
    conditions={
        "session_id": "session_id = %(session_id)s",
        "state": "state = %(state)s",
        "states": "state = any(%(states)s)",
    },
    labels={"state_label": ("state", "state")},
)

EVENTS = Listing(
    row=Event,
    source="marts.fct_session_events",
    key=("event_id",),
    conditions={
        "session_id": "session_id = %(session_id)s",
        "kind": "kind = %(kind)s",
        "kinds": "kind = any(%(kinds)s)",
    },
    labels={"kind_label": ("event_kind", "kind")},
)
