{{ config(
    incremental_strategy='by_session',
    indexes=[
        {'columns': ['input_digest', 'piece_number'], 'unique': true},
        {'columns': ['session_id']},
        {'columns': ['order_number']},
        {'columns': ['produced_at', 'piece_id']},
    ]
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

timed_pieces as (

    select
        *,
        lag(productive_seconds_before) over (
            partition by machine_id, session_id
            order by piece_number
        ) as productive_seconds_before_previous
    from boundaries
    where piece_number is not null

),

pieces as (

    select
        {{ surrogate_key(['session_id', 'piece_number']) }} as piece_id,
        session_id,
        machine_id,
        case when job_number > 0 then {{ surrogate_key(['session_id', 'job_number']) }} end as job_id,
        piece_number,
        {{ piece_order_number('details') }} as order_number,
        {{ piece_extension('details') }} as extension,
        details,
        cast(
            productive_seconds_before - productive_seconds_before_previous as numeric(18, 6)
        ) as cycle_seconds,
        started_at as produced_at,
        input_digest
    from timed_pieces

)

select * from pieces
