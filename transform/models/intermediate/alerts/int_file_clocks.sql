{{ config(
    incremental_strategy='by_session',
    indexes=[{'columns': ['input_digest', 'file_version_id'], 'unique': true}]
) }}

with

sessions as (

    {{ sessions_to_compute() }}

),

machine_files as (

    select * from {{ ref('int_machine_files') }}

),

session_events as (

    select
        int_session_events.machine_id,
        int_session_events.session_id,
        int_session_events.input_digest,
        int_session_events.file_version_id,
        int_session_events.byte_offset,
        int_session_events.occurred_at
    from {{ ref('int_session_events') }} as int_session_events
    inner join sessions
        on
            int_session_events.machine_id = sessions.machine_id
            and int_session_events.input_digest = sessions.input_digest
    {% if is_incremental() %}
    where {{ is_one_of('int_session_events.input_digest', 'select listed.input_digest from sessions as listed') }}
    {% endif %}

),

-- In the order of the file: the clock itself is what is looked at.
lines as (

    select
        *,
        lag(occurred_at) over (
            partition by machine_id, session_id, file_version_id order by byte_offset
        ) as previous_at
    from session_events

),

steps as (

    select
        *,
        {{ seconds_between('previous_at', 'occurred_at') }} as step_seconds
    from lines

),

ranked_steps as (

    select
        *,
        row_number() over (
            partition by machine_id, session_id, file_version_id
            order by step_seconds asc nulls last, byte_offset asc
        ) as back_rank,
        row_number() over (
            partition by machine_id, session_id, file_version_id
            order by step_seconds desc nulls last, byte_offset asc
        ) as leap_rank
    from steps

),

files as (

    select
        machine_id,
        session_id,
        input_digest,
        file_version_id,
        cast(
            coalesce(max(-step_seconds) filter (where step_seconds < 0), 0) as numeric(18, 6)
        ) as greatest_back_seconds,
        cast(
            coalesce(max(step_seconds) filter (where step_seconds > 0), 0) as numeric(18, 6)
        ) as greatest_leap_seconds,
        max(previous_at) filter (
            where step_seconds < 0 and back_rank = 1
        ) as stepped_back_at,
        max(previous_at) filter (where step_seconds > 0 and leap_rank = 1) as leapt_at,
        max(occurred_at) as newest_event_at
    from ranked_steps
    group by machine_id, session_id, input_digest, file_version_id

),

file_clocks as (

    select
        files.machine_id,
        files.session_id,
        files.file_version_id,
        files.greatest_back_seconds,
        files.greatest_leap_seconds,
        -- Until the file shows that the hour has begun again, its events are taken for the second one, too late.
        cast(
            {{ seconds_between('machine_files.read_at', 'files.newest_event_at') }}
            - case
                when {{ is_in_repeated_hour('files.newest_event_at') }}
                    then {{ clock_shift_seconds('files.newest_event_at') }}
                else 0
            end
            as numeric(18, 6)
        ) as ahead_seconds,
        files.stepped_back_at,
        files.leapt_at,
        files.newest_event_at,
        machine_files.read_at,
        files.input_digest
    from files
    inner join machine_files
        on
            files.machine_id = machine_files.machine_id
            and files.file_version_id = machine_files.file_version_id

)

select * from file_clocks
