"""Where stops and waits are read."""

from __future__ import annotations

from atelier_api.listing import Listing
from atelier_api.resources.losses.schemas import Loss, LostStretch

# The days are asked for inside: a machine's losses are those of the days, and so is their span.
_WITHIN = (
    "(%(production_date_from)s::date is null or {name}.production_date >= %(production_date_from)s::date) "
    "and (%(production_date_to)s::date is null or {name}.production_date <= %(production_date_to)s::date)"
)
_LOSSES = f"""
(
    select
        states.machine_id,
        states.state,
        count(*) as count,
        sum(states.duration_seconds) as duration_seconds,
        max(states.duration_seconds) as longest_seconds,
        (array_agg(states.started_at order by states.duration_seconds desc, states.started_at))[1]
            as longest_at,
        (array_agg(states.session_id order by states.duration_seconds desc, states.started_at))[1]
            as longest_session_id,
        (sum(states.duration_seconds) / nullif(max(spans.span_seconds), 0))::numeric(18, 12) as loss_rate
    from marts.fct_machine_states as states
    inner join marts.fct_sessions as sessions on states.session_id = sessions.session_id
    inner join (
        select machine_id, sum(span_seconds) as span_seconds
        from marts.fct_sessions as days
        where {_WITHIN.format(name="days")}
        group by machine_id
    ) as spans on states.machine_id = spans.machine_id
    where states.state in ('waiting', 'stopped') and {_WITHIN.format(name="sessions")}
    group by states.machine_id, states.state
) as losses
"""  # noqa: S608 # of the texts above

LOSSES = Listing(
    row=Loss,
    source=_LOSSES,
    key=("machine_id", "state"),
    conditions={"machine_id": "machine_id = %(machine_id)s", "state": "state = %(state)s"},
    inner=("production_date_from", "production_date_to"),
    labels={"state_label": ("state", "state")},
)

LOST_STRETCHES = Listing(
    row=LostStretch,
    source=(
        "marts.fct_machine_states as states inner join marts.fct_sessions as sessions "
        "on states.session_id = sessions.session_id"
    ),
    key=("machine_state_id",),
    expressions={
        "session_id": "states.session_id",
        "machine_id": "states.machine_id",
        "production_date": "sessions.production_date",
    },
    conditions={
        "machine_id": "states.machine_id = %(machine_id)s",
        "state": "states.state = %(state)s",
        "production_date_from": "sessions.production_date >= %(production_date_from)s",
        "production_date_to": "sessions.production_date <= %(production_date_to)s",
    },
    always=("states.state in ('waiting', 'stopped')",),
    labels={"state_label": ("state", "state")},
)
