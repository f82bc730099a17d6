{{ config(
    incremental_strategy='by_session',
    indexes=[{'columns': ['input_digest', 'event_number'], 'unique': true}]
) }}

with

sessions as (

    {{ sessions_to_compute() }}

),

machine_files as (

    select * from {{ ref('int_machine_files') }}

),

session_files as (

    select
        sessions.machine_id,
        sessions.session_id,
        sessions.input_digest,
        machine_files.file_version_id,
        machine_files.path,
        machine_files.read_bytes
    from sessions
    inner join machine_files
        on
            sessions.machine_id = machine_files.machine_id
            and sessions.session_id = machine_files.session_id

),

log_events as (

    select * from {{ ref('stg_ftplogs__log_events') }}
    {% if is_incremental() %}
    where {{ is_one_of('file_version_id', 'select file_version_id from session_files') }}
    {% endif %}

),

-- A line that stands twice in one file happened twice; the same line in two files of a session happened once. So the
-- first copy of a line in one file is the first copy in the other: lines are matched copy by copy.
lines as (

    select
        session_files.machine_id,
        session_files.session_id,
        session_files.input_digest,
        session_files.path,
        log_events.file_version_id,
        log_events.byte_offset,
        log_events.logged_local_time,
        log_events.event_name,
        log_events.details,
        row_number() over (
            partition by
                session_files.machine_id,
                session_files.session_id,
                log_events.logged_local_time,
                log_events.event_name,
                log_events.details,
                log_events.file_version_id
            order by log_events.byte_offset
        ) as copy_number
    from log_events
    inner join session_files on log_events.file_version_id = session_files.file_version_id
    -- Lines beyond belong to a load that did not reach its end: the digest does not speak of them.
    where log_events.byte_offset < session_files.read_bytes

),

ranked_lines as (

    select
        *,
        row_number() over (
            partition by machine_id, session_id, logged_local_time, event_name, details, copy_number
            order by byte_offset, path
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
        {{ event_kind('event_name') }} as event_kind,
        event_name,
        details,
        {{ plant_instant('logged_local_time') }} as occurred_at,
        -- Events are slightly out of order in the files, so the clock decides. byte_offset breaks ties: two events in
        -- one second would otherwise get an arbitrary order and the piece numbers would change from run to run. The
        -- path breaks those of two files.
        row_number() over (
            partition by machine_id, session_id
            order by logged_local_time, byte_offset, path
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
