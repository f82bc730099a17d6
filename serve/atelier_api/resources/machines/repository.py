"""Where machines are read."""

from __future__ import annotations

from atelier_api.listing import Listing
from atelier_api.resources.machines.schemas import Machine, MachineStatus

MACHINES = Listing(
    row=Machine,
    source="marts.dim_machines",
    key=("machine_id",),
    conditions={"machine_id": "machine_id = %(machine_id)s"},
)

_STATUS = """
(
    select
        machines.machine_id,
        machines.machine_name,
        machines.material,
        sessions.session_id,
        sessions.production_date,
        -- The stretches end with the last piece: what came after it is in the events alone.
        case latest.kind
            when 'stop' then 'stopped'
            when 'wait' then 'waiting'
            when 'piece' then 'productive'
            when 'start' then 'productive'
        end as state,
        case
            when latest.kind in ('piece', 'start') and states.state = 'productive' then states.started_at
            else latest.occurred_at
        end as state_since,
        coalesce(sessions.piece_count, 0) as piece_count,
        sessions.occupancy_rate,
        sessions.waiting_rate,
        sessions.stop_rate,
        coalesce(sessions.rejected_line_count, 0) as rejected_line_count,
        sessions.last_event_at as last_line_at,
        greatest(round(extract(epoch from now() - sessions.last_event_at), 0), 0) as silent_seconds
    from marts.dim_machines as machines
    left join marts.fct_sessions as sessions
        on
            machines.machine_id = sessions.machine_id
            and machines.last_production_date = sessions.production_date
    left join lateral (
        select state, started_at
        from marts.fct_machine_states
        where session_id = sessions.session_id
        order by state_number desc
        limit 1
    ) as states on true
    left join lateral (
        select kind, occurred_at
        from marts.fct_session_events
        where session_id = sessions.session_id and kind in ('piece', 'wait', 'stop', 'start')
        order by event_number desc
        limit 1
    ) as latest on true
) as machine_status
"""

MACHINE_STATUS = Listing(
    row=MachineStatus,
    source=_STATUS,
    key=("machine_id",),
    labels={"state_label": ("state", "state")},
)
