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

    select * from {{ ref('fct_sessions') }}
    {% if is_incremental() %}
    where {{ is_one_of('input_digest', 'select input_digest from sessions_to_compute') }}
    {% endif %}

),

machine_states as (

    select * from {{ ref('fct_machine_states') }}
    {% if is_incremental() %}
    where {{ is_one_of('input_digest', 'select input_digest from sessions_to_compute') }}
    {% endif %}

),

state_counts as (

    select
        machine_id,
        input_digest,
        count(*) filter (where state = 'stopped') as stop_count,
        count(*) filter (where state = 'waiting') as wait_count
    from machine_states
    group by machine_id, input_digest

),

machine_days as (

    select
        sessions.session_id,
        sessions.machine_id,
        sessions.production_date,
        sessions.piece_count,
        sessions.job_count,
        coalesce(state_counts.stop_count, 0) as stop_count,
        coalesce(state_counts.wait_count, 0) as wait_count,
        sessions.rejected_line_count,
        sessions.span_seconds,
        sessions.productive_seconds,
        sessions.waiting_seconds,
        sessions.stopped_seconds,
        sessions.occupancy_rate,
        sessions.waiting_rate,
        sessions.stop_rate,
        {{ pieces_per_hour('sessions.piece_count', 'sessions.productive_seconds') }} as pieces_per_productive_hour,
        sessions.input_digest
    from sessions
    left join state_counts
        on
            sessions.machine_id = state_counts.machine_id
            and sessions.input_digest = state_counts.input_digest
    -- A span has states, unless somebody ran this model alone, before them. Taken without, it would count no stop and
    -- pass for computed for ever; left out, it is computed by the next run.
    where
        sessions.span_seconds = 0
        or state_counts.input_digest is not null

)

select * from machine_days
