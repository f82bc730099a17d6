{{ config(
    incremental_strategy='by_session',
    indexes=[{'columns': ['input_digest', 'boundary_number'], 'unique': true}]
) }}

with

sessions_to_compute as (

    {{ sessions_to_compute() }}

),

-- A session without a piece has no span and no row here, so every run takes it for one to compute: it costs this join
-- and no more.
sessions as (

    select
        int_sessions.machine_id,
        int_sessions.input_digest,
        int_sessions.first_piece_at,
        int_sessions.last_piece_at
    from {{ ref('int_sessions') }} as int_sessions
    inner join sessions_to_compute
        on
            int_sessions.machine_id = sessions_to_compute.machine_id
            and int_sessions.input_digest = sessions_to_compute.input_digest
    where int_sessions.piece_count > 0

),

session_events as (

    select
        int_session_events.*,
        sessions.first_piece_at,
        sessions.last_piece_at
    from {{ ref('int_session_events') }} as int_session_events
    inner join sessions
        on
            int_session_events.machine_id = sessions.machine_id
            and int_session_events.input_digest = sessions.input_digest
    where
        int_session_events.event_kind in ('piece', 'wait', 'stop', 'start')
        {% if is_incremental() %}
        and {{ is_one_of('int_session_events.input_digest', 'select listed.input_digest from sessions as listed') }}
        {% endif %}

),

switches as (

    select
        *,
        lead(event_kind) over (partition by machine_id, session_id order by event_number) as next_kind,
        lead(occurred_at) over (partition by machine_id, session_id order by event_number) as next_at
    from session_events
    where event_kind in ('stop', 'start')

),

interruptions as (

    select
        machine_id,
        session_id,
        input_digest,
        1 as stop_weight,
        0 as wait_weight,
        greatest(occurred_at, first_piece_at) as started_at,
        least(next_at, last_piece_at) as ended_at
    from switches
    where
        event_kind = 'stop'
        and next_kind = 'start'

    union all

    select
        machine_id,
        session_id,
        input_digest,
        0 as stop_weight,
        1 as wait_weight,
        greatest(occurred_at, first_piece_at) as started_at,
        least({{ seconds_after('occurred_at', wait_seconds('details')) }}, last_piece_at) as ended_at
    from session_events
    where event_kind = 'wait'

),

-- Every piece is a boundary too, although no state changes there: so the time between two pieces can be read off.
changes as (

    select
        machine_id,
        session_id,
        input_digest,
        started_at as changed_at,
        stop_weight,
        wait_weight,
        cast(null as bigint) as piece_number,
        cast(null as bigint) as job_number,
        cast(null as text) as details
    from interruptions
    where started_at < ended_at

    union all

    select
        machine_id,
        session_id,
        input_digest,
        ended_at as changed_at,
        -stop_weight as stop_weight,
        -wait_weight as wait_weight,
        cast(null as bigint) as piece_number,
        cast(null as bigint) as job_number,
        cast(null as text) as details
    from interruptions
    where started_at < ended_at

    union all

    select
        machine_id,
        session_id,
        input_digest,
        occurred_at as changed_at,
        0 as stop_weight,
        0 as wait_weight,
        piece_number,
        job_number,
        details
    from session_events
    where event_kind = 'piece'

),

boundaries as (

    select
        machine_id,
        session_id,
        input_digest,
        piece_number,
        job_number,
        details,
        changed_at,
        row_number() over (
            partition by machine_id, session_id
            order by changed_at, piece_number, stop_weight, wait_weight
        ) as boundary_number,
        -- Ordered by the instant alone: all that changes at one instant counts before the next stretch begins.
        sum(stop_weight) over (partition by machine_id, session_id order by changed_at) as open_stops,
        sum(wait_weight) over (partition by machine_id, session_id order by changed_at) as open_waits
    from changes

),

stretches as (

    select
        machine_id,
        session_id,
        input_digest,
        boundary_number,
        piece_number,
        job_number,
        details,
        case
            when open_stops > 0 then 'stopped'
            when open_waits > 0 then 'waiting'
            else 'productive'
        end as state,
        changed_at as started_at,
        coalesce(
            lead(changed_at) over (partition by machine_id, session_id order by boundary_number), changed_at
        ) as ended_at
    from boundaries

),

timed_stretches as (

    select
        *,
        {{ seconds_between('started_at', 'ended_at') }} as duration_seconds
    from stretches

),

session_boundaries as (

    select
        machine_id,
        session_id,
        boundary_number,
        piece_number,
        job_number,
        details,
        state,
        duration_seconds,
        cast(
            coalesce(
                sum(duration_seconds) filter (where state = 'productive') over (
                    partition by machine_id, session_id
                    order by boundary_number
                    rows between unbounded preceding and 1 preceding
                ), 0
            ) as numeric(18, 6)
        ) as productive_seconds_before,
        started_at,
        ended_at,
        input_digest
    from timed_stretches

)

select * from session_boundaries
