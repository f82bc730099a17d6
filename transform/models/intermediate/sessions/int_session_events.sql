{{ config(
    incremental_strategy='by_session',
    indexes=[{'columns': ['input_digest', 'event_number'], 'unique': true}]
) }}

with

sessions as (

    {{ sessions_to_compute() }}

),

session_files as (

    select session_files.*
    from {{ ref('int_session_files') }} as session_files
    inner join sessions
        on
            session_files.machine_id = sessions.machine_id
            and session_files.input_digest = sessions.input_digest

),

log_events as (

    select * from {{ ref('stg_ftplogs__log_events') }}
    {% if is_incremental() %}
    where {{ is_one_of('file_version_id', 'select file_version_id from session_files') }}
    {% endif %}

),

timed_lines as (

    select
        session_files.machine_id,
        session_files.session_id,
        session_files.input_digest,
        session_files.path,
        session_files.first_event_at,
        log_events.file_version_id,
        log_events.byte_offset,
        log_events.line_number,
        log_events.event_name,
        log_events.details,
        log_events.line_digest,
        {{ event_kind('log_events.event_name') }} as event_kind,
        case
            when log_events.byte_offset < session_files.second_hour_offset
                then {{ first_plant_instant('log_events.logged_local_time') }}
            else {{ plant_instant('log_events.logged_local_time') }}
        end as occurred_at,
        log_events.logged_local_time
    from log_events
    inner join session_files on log_events.file_version_id = session_files.file_version_id
    -- Lines beyond belong to a load that did not reach its end: the digest does not speak of them.
    where log_events.byte_offset < session_files.read_bytes

),

keyed_lines as (

    select
        *,
        {{ copy_key(
            'line_digest',
            dbt.concat(['event_name', "':'", 'details']),
            'machine_id, session_id, logged_local_time, event_kind'
        ) }} as copy_key
    from timed_lines

),

-- A line that stands twice in one file happened twice; the same line in two files of a session happened once. So the
-- first copy of a line in one file is the first copy in the other: lines are matched copy by copy. The wall clock is
-- part of the line: in spring, 02:30 and 03:30 are two lines of one instant.
lines as (

    select
        *,
        row_number() over (
            partition by machine_id, session_id, logged_local_time, event_kind, copy_key, occurred_at, file_version_id
            order by byte_offset
        ) as copy_number
    from keyed_lines

),

ranked_lines as (

    select
        *,
        row_number() over (
            partition by machine_id, session_id, logged_local_time, event_kind, copy_key, occurred_at, copy_number
            order by first_event_at, {{ in_byte_order('path') }}, file_version_id
        ) as file_rank
    from lines

),

events as (

    select
        machine_id,
        session_id,
        input_digest,
        file_version_id,
        byte_offset,
        line_number,
        event_kind,
        event_name,
        details,
        occurred_at,
        -- Events are slightly out of order in the files, so the clock decides. Lines of one second keep the order of
        -- their file. Copies are taken from the file that begins first, so a tail that was sent again tears no second
        -- apart.
        row_number() over (
            partition by machine_id, session_id
            order by occurred_at, first_event_at, {{ in_byte_order('path') }}, file_version_id, byte_offset
        ) as event_number
    from ranked_lines
    where file_rank = 1

),

numbered_events as (

    select
        *,
        case
            when event_kind = 'piece'
                then count(*) filter (where event_kind = 'piece') over (
                    partition by machine_id, session_id order by event_number
                )
        end as piece_number,
        count(*) filter (where event_kind = 'job') over (
            partition by machine_id, session_id order by event_number
        ) as job_number
    from events

)

select * from numbered_events
