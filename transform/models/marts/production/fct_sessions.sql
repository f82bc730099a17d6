{{ config(
    incremental_strategy='by_session',
    indexes=[
        {'columns': ['input_digest'], 'unique': true},
        {'columns': ['machine_id', 'production_date'], 'unique': true},
    ]
) }}

with

sessions_to_compute as (

    {{ sessions_to_compute() }}

),

sessions as (

    select * from {{ ref('int_sessions') }}
    {% if is_incremental() %}
    where {{ is_one_of('input_digest', 'select input_digest from sessions_to_compute') }}
    {% endif %}

),

boundaries as (

    select * from {{ ref('int_session_boundaries') }}
    {% if is_incremental() %}
    where {{ is_one_of('input_digest', 'select input_digest from sessions_to_compute') }}
    {% endif %}

),

state_totals as (

    select
        machine_id,
        input_digest,
        sum(duration_seconds) filter (where state = 'productive') as productive_seconds,
        sum(duration_seconds) filter (where state = 'waiting') as waiting_seconds,
        sum(duration_seconds) filter (where state = 'stopped') as stopped_seconds
    from boundaries
    group by machine_id, input_digest

),

sessions_with_states as (

    select
        sessions.*,
        cast(coalesce(state_totals.productive_seconds, 0) as numeric(18, 6)) as productive_seconds,
        cast(coalesce(state_totals.waiting_seconds, 0) as numeric(18, 6)) as waiting_seconds,
        cast(coalesce(state_totals.stopped_seconds, 0) as numeric(18, 6)) as stopped_seconds
    from sessions
    left join state_totals
        on
            sessions.machine_id = state_totals.machine_id
            and sessions.input_digest = state_totals.input_digest
    -- A session with pieces has boundaries, unless somebody ran this model alone, before them. Taken without, it would
    -- count 0 seconds and pass for computed for ever; left out, it is computed by the next run.
    where
        sessions.piece_count = 0
        or state_totals.input_digest is not null

),

rated_sessions as (

    select
        session_id,
        machine_id,
        production_date,
        first_event_at,
        last_event_at,
        first_piece_at,
        last_piece_at,
        first_machine_start_at,
        last_machine_stop_at,
        piece_count,
        job_count,
        span_seconds,
        productive_seconds,
        waiting_seconds,
        stopped_seconds,
        {{ rate('productive_seconds', 'span_seconds') }} as occupancy_rate,
        {{ rate('waiting_seconds', 'span_seconds') }} as waiting_rate,
        {{ rate('stopped_seconds', 'span_seconds') }} as stop_rate,
        rejected_line_count,
        input_digest
    from sessions_with_states

)

select * from rated_sessions
