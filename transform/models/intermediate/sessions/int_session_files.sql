{{ config(
    incremental_strategy='by_session',
    indexes=[{'columns': ['input_digest', 'file_version_id'], 'unique': true}]
) }}

with

sessions as (

    {{ sessions_to_compute() }}

),

machine_files as (

    select
        sessions.machine_id,
        sessions.session_id,
        sessions.input_digest,
        machine_files.file_version_id,
        machine_files.path,
        machine_files.read_bytes,
        machine_files.first_event_local_time,
        machine_files.last_event_local_time
    from sessions
    inner join {{ ref('int_machine_files') }} as machine_files
        on
            sessions.machine_id = machine_files.machine_id
            and sessions.session_id = machine_files.session_id

),

log_events as (

    select * from {{ ref('stg_ftplogs__log_events') }}
    {% if is_incremental() %}
    where {{ is_one_of('file_version_id', 'select file_version_id from machine_files') }}
    {% endif %}

),

-- Few lines of few nights: all other files are done with after this. Looked for before any join, and once.
repeated_events as (

    select *
    from log_events
    where {{ is_in_repeated_hour(plant_instant('logged_local_time')) }}

),

repeated_lines as (

    select
        machine_files.machine_id,
        machine_files.session_id,
        machine_files.file_version_id,
        repeated_events.byte_offset,
        repeated_events.logged_local_time,
        {{ copy_key(
            'repeated_events.line_digest',
            dbt.concat(['repeated_events.event_name', "':'", 'repeated_events.details']),
            'machine_files.machine_id, machine_files.session_id, repeated_events.logged_local_time, '
            ~ event_kind('repeated_events.event_name')
        ) }} as copy_key,
        {{ clock_shift_seconds(plant_instant('repeated_events.logged_local_time')) }} as shift_seconds
    from repeated_events
    inner join machine_files on repeated_events.file_version_id = machine_files.file_version_id
    where repeated_events.byte_offset < machine_files.read_bytes

),

previous_lines as (

    select
        file_version_id,
        byte_offset,
        lag(logged_local_time) over (partition by file_version_id order by byte_offset) as previous_local_time
    -- By the index: of these few files, but all of their lines.
    from {{ ref('stg_ftplogs__log_events') }}
    where {{ is_one_of('file_version_id', 'select distinct listed.file_version_id from repeated_events as listed') }}

),

-- A step back of ten minutes or more is no disorder of lines: the hour has begun for the second time. It is not the
-- whole hour where the machine was idle in between. A longer one is a clock that was wrong before.
steps_back as (

    select
        repeated_lines.machine_id,
        repeated_lines.file_version_id,
        min(repeated_lines.byte_offset) as byte_offset
    from repeated_lines
    inner join previous_lines
        on
            repeated_lines.file_version_id = previous_lines.file_version_id
            and repeated_lines.byte_offset = previous_lines.byte_offset
    where
        {{ seconds_between('repeated_lines.logged_local_time', 'previous_lines.previous_local_time') }}
        between 600 and repeated_lines.shift_seconds + 600
    group by repeated_lines.machine_id, repeated_lines.file_version_id

),

-- A copy that ends before the step does not show it. The file that it is a copy of does.
known_lines as (

    select
        repeated_lines.machine_id,
        repeated_lines.session_id,
        repeated_lines.logged_local_time,
        repeated_lines.copy_key,
        max(case when repeated_lines.byte_offset < steps_back.byte_offset then 1 else 0 end) as is_in_first_hour,
        max(case when repeated_lines.byte_offset < steps_back.byte_offset then 0 else 1 end) as is_in_second_hour
    from repeated_lines
    inner join steps_back
        on
            repeated_lines.machine_id = steps_back.machine_id
            and repeated_lines.file_version_id = steps_back.file_version_id
    group by
        repeated_lines.machine_id,
        repeated_lines.session_id,
        repeated_lines.logged_local_time,
        repeated_lines.copy_key

),

copies_of_the_first_hour as (

    select
        repeated_lines.machine_id,
        repeated_lines.file_version_id
    from repeated_lines
    left join known_lines
        on
            repeated_lines.machine_id = known_lines.machine_id
            and repeated_lines.session_id = known_lines.session_id
            and repeated_lines.logged_local_time = known_lines.logged_local_time
            and repeated_lines.copy_key = known_lines.copy_key
    group by repeated_lines.machine_id, repeated_lines.file_version_id
    -- Two machines' parts may write a few equal lines: most of them have to be found there, and there alone.
    having sum(case when known_lines.is_in_first_hour = 1 then 1 - known_lines.is_in_second_hour else -1 end) > 0

),

dated_files as (

    select
        machine_files.*,
        coalesce(
            steps_back.byte_offset,
            case when copies_of_the_first_hour.file_version_id is not null then machine_files.read_bytes end,
            0
        ) as second_hour_offset
    from machine_files
    left join steps_back
        on
            machine_files.machine_id = steps_back.machine_id
            and machine_files.file_version_id = steps_back.file_version_id
    left join copies_of_the_first_hour
        on
            machine_files.machine_id = copies_of_the_first_hour.machine_id
            and machine_files.file_version_id = copies_of_the_first_hour.file_version_id

),

session_files as (

    select
        machine_id,
        session_id,
        file_version_id,
        path,
        read_bytes,
        second_hour_offset,
        case
            when second_hour_offset > 0 then {{ first_plant_instant('first_event_local_time') }}
            else {{ plant_instant('first_event_local_time') }}
        end as first_event_at,
        case
            when second_hour_offset = read_bytes then {{ first_plant_instant('last_event_local_time') }}
            else {{ plant_instant('last_event_local_time') }}
        end as last_event_at,
        input_digest
    from dated_files

)

select * from session_files
