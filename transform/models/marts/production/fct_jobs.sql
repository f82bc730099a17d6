{{ config(
    incremental_strategy='by_session',
    indexes=[
        {'columns': ['input_digest', 'job_number'], 'unique': true},
        {'columns': ['session_id']},
        {'columns': ['started_at', 'job_id']},
    ]
) }}

with

sessions_to_compute as (

    {{ sessions_to_compute() }}

),

sessions as (

    select int_sessions.input_digest
    from {{ ref('int_sessions') }} as int_sessions
    inner join sessions_to_compute
        on
            int_sessions.machine_id = sessions_to_compute.machine_id
            and int_sessions.input_digest = sessions_to_compute.input_digest
    where int_sessions.job_count > 0

),

session_events as (

    select * from {{ ref('int_session_events') }}
    where
        event_kind in ('job', 'piece')
        {% if is_incremental() %}
        and {{ is_one_of('input_digest', 'select input_digest from sessions') }}
        {% endif %}

),

job_totals as (

    select
        machine_id,
        session_id,
        input_digest,
        job_number,
        min(occurred_at) filter (where event_kind = 'job') as started_at,
        min(details) filter (where event_kind = 'job') as details,
        count(*) filter (where event_kind = 'piece') as piece_count
    from session_events
    -- Pieces before the first job of a session belong to no job.
    where job_number > 0
    group by machine_id, session_id, input_digest, job_number

),

jobs as (

    select
        {{ surrogate_key(['session_id', 'job_number']) }} as job_id,
        session_id,
        machine_id,
        job_number,
        {{ job_profile_reference('details') }} as profile_reference,
        {{ job_colour('details') }} as colour,
        {{ job_length_mm('details') }} as length_mm,
        piece_count,
        started_at,
        input_digest
    from job_totals

)

select * from jobs
