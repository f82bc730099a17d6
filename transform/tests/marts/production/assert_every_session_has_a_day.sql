-- A chart of days and a list of sessions are looked at side by side: a day that is missing, left over, or computed from
-- older files than its session would show two figures for one thing.
select
    sessions.session_id,
    machine_days.session_id as day_session_id
from {{ ref('fct_sessions') }} as sessions
full outer join {{ ref('fct_machine_days') }} as machine_days
    on
        sessions.machine_id = machine_days.machine_id
        and sessions.production_date = machine_days.production_date
where
    sessions.session_id is null
    or machine_days.session_id is null
    or sessions.input_digest <> machine_days.input_digest
    or (sessions.stopped_seconds > 0) <> (machine_days.stop_count > 0)
    or (sessions.waiting_seconds > 0) <> (machine_days.wait_count > 0)
    or (sessions.productive_seconds > 0) <> (machine_days.pieces_per_productive_hour is not null)
