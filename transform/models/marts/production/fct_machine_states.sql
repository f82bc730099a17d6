{{ config(
    incremental_strategy='by_session',
    indexes=[{'columns': ['input_digest', 'state_number'], 'unique': true}, {'columns': ['session_id']}]
) }}

with

sessions_to_compute as (

    {{ sessions_to_compute() }}

),

boundaries as (

    select * from {{ ref('int_session_boundaries') }}
    {% if is_incremental() %}
    where {{ is_one_of('input_digest', 'select input_digest from sessions_to_compute') }}
    {% endif %}

),

stretches as (

    select
        *,
        case
            when state = lag(state) over (partition by machine_id, session_id order by boundary_number) then 0
            else 1
        end as is_other_state
    from boundaries
    -- What lasts no time is no stretch, and must not part two stretches of one state that touch.
    where started_at < ended_at

),

numbered_stretches as (

    select
        *,
        sum(is_other_state) over (partition by machine_id, session_id order by boundary_number) as state_number
    from stretches

),

machine_states as (

    select
        {{ surrogate_key(['session_id', 'state_number']) }} as machine_state_id,
        session_id,
        machine_id,
        state_number,
        state,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        cast(sum(duration_seconds) as numeric(18, 6)) as duration_seconds,
        input_digest
    from numbered_stretches
    group by machine_id, session_id, input_digest, state_number, state

)

select * from machine_states
