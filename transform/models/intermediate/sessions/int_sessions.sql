{{ config(
    incremental_strategy='by_session',
    indexes=[{'columns': ['input_digest'], 'unique': true}]
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
        machine_files.file_version_id,
        machine_files.read_bytes
    from sessions
    inner join machine_files
        on
            sessions.machine_id = machine_files.machine_id
            and sessions.session_id = machine_files.session_id

),

session_events as (

    select * from {{ ref('int_session_events') }}
    {% if is_incremental() %}
    where {{ is_one_of('input_digest', 'select input_digest from sessions') }}
    {% endif %}

),

rejected_lines as (

    select * from {{ ref('stg_ftplogs__rejected_lines') }}
    {% if is_incremental() %}
    where {{ is_one_of('file_version_id', 'select file_version_id from session_files') }}
    {% endif %}

),

keyed_rejected_lines as (

    select
        session_files.machine_id,
        session_files.session_id,
        session_files.file_version_id,
        {{ copy_key(
            'rejected_lines.line_digest',
            dbt.concat(['rejected_lines.reason', "':'", 'rejected_lines.line_text']),
            'session_files.machine_id, session_files.session_id'
        ) }} as copy_key
    from rejected_lines
    inner join session_files on rejected_lines.file_version_id = session_files.file_version_id
    where rejected_lines.byte_offset < session_files.read_bytes

),

rejected_lines_by_file as (

    select
        machine_id,
        session_id,
        file_version_id,
        copy_key,
        count(*) as copy_count
    from keyed_rejected_lines
    group by machine_id, session_id, file_version_id, copy_key

),

-- Copies are counted as for events: n times in one file and m times in another is max(n, m) times.
distinct_rejected_lines as (

    select
        machine_id,
        session_id,
        copy_key,
        max(copy_count) as copy_count
    from rejected_lines_by_file
    group by machine_id, session_id, copy_key

),

rejected_line_counts as (

    select
        machine_id,
        session_id,
        cast(sum(copy_count) as bigint) as rejected_line_count
    from distinct_rejected_lines
    group by machine_id, session_id

),

event_totals as (

    select
        machine_id,
        session_id,
        input_digest,
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at,
        min(occurred_at) filter (where event_kind = 'piece') as first_piece_at,
        max(occurred_at) filter (where event_kind = 'piece') as last_piece_at,
        min(occurred_at) filter (where event_kind = 'start') as first_machine_start_at,
        max(occurred_at) filter (where event_kind = 'stop') as last_machine_stop_at,
        count(*) as event_count,
        count(*) filter (where event_kind = 'piece') as piece_count,
        count(*) filter (where event_kind = 'job') as job_count,
        count(*) filter (
            where event_kind = 'job' and {{ has_unreadable_length('details') }}
        ) as unreadable_length_count
    from session_events
    group by machine_id, session_id, input_digest

),

session_totals as (

    select
        sessions.machine_id,
        sessions.session_id,
        sessions.production_date,
        event_totals.event_count,
        event_totals.piece_count,
        event_totals.job_count,
        event_totals.unreadable_length_count,
        coalesce(rejected_line_counts.rejected_line_count, 0) as rejected_line_count,
        cast(
            coalesce({{ seconds_between('event_totals.first_piece_at', 'event_totals.last_piece_at') }}, 0)
            as numeric(18, 6)
        ) as span_seconds,
        event_totals.first_event_at,
        event_totals.last_event_at,
        event_totals.first_piece_at,
        event_totals.last_piece_at,
        event_totals.first_machine_start_at,
        event_totals.last_machine_stop_at,
        sessions.input_digest
    from sessions
    inner join event_totals
        on
            sessions.machine_id = event_totals.machine_id
            and sessions.session_id = event_totals.session_id
            and sessions.input_digest = event_totals.input_digest
    left join rejected_line_counts
        on
            sessions.machine_id = rejected_line_counts.machine_id
            and sessions.session_id = rejected_line_counts.session_id

)

select * from session_totals
