-- Rates are shares of the span, so every second of it must be in exactly one state: the stretches of a session follow
-- each other without gap or overlap, from the first piece to the last, and two that touch differ in state.
with

states as (

    select
        *,
        lag(ended_at) over (partition by session_id order by state_number) as previous_ended_at,
        lag(state) over (partition by session_id order by state_number) as previous_state,
        row_number() over (partition by session_id order by started_at) as place
    from {{ ref('fct_machine_states') }}

),

broken_stretches as (

    select
        session_id,
        count(*) as broken_count
    from states
    where
        ended_at <= started_at
        or duration_seconds <> {{ seconds_between('started_at', 'ended_at') }}
        or previous_ended_at <> started_at
        or previous_state = state
        or place <> state_number
    group by session_id

),

state_totals as (

    select
        session_id,
        min(started_at) as first_started_at,
        max(ended_at) as last_ended_at,
        coalesce(sum(duration_seconds) filter (where state = 'productive'), 0) as productive_seconds,
        coalesce(sum(duration_seconds) filter (where state = 'waiting'), 0) as waiting_seconds,
        coalesce(sum(duration_seconds) filter (where state = 'stopped'), 0) as stopped_seconds
    from states
    group by session_id

)

select
    sessions.machine_id,
    sessions.production_date,
    sessions.span_seconds,
    broken_stretches.broken_count,
    state_totals.*
from {{ ref('fct_sessions') }} as sessions
left join broken_stretches on sessions.session_id = broken_stretches.session_id
left join state_totals on sessions.session_id = state_totals.session_id
where
    broken_stretches.broken_count > 0
    or (sessions.span_seconds > 0) <> (state_totals.session_id is not null)
    or state_totals.first_started_at <> sessions.first_piece_at
    or state_totals.last_ended_at <> sessions.last_piece_at
    or state_totals.productive_seconds <> sessions.productive_seconds
    or state_totals.waiting_seconds <> sessions.waiting_seconds
    or state_totals.stopped_seconds <> sessions.stopped_seconds
