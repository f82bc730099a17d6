{{ config(
    incremental_strategy='by_session',
    indexes=[
        {'columns': ['input_digest', 'event_number'], 'unique': true},
        {'columns': ['session_id', 'event_number'], 'unique': true},
    ]
) }}

with

sessions_to_compute as (

    {{ sessions_to_compute() }}

),

session_events as (

    select * from {{ ref('int_session_events') }}
    {% if is_incremental() %}
    where {{ is_one_of('input_digest', 'select input_digest from sessions_to_compute') }}
    {% endif %}

),

machine_files as (

    select * from {{ ref('int_machine_files') }}

),

log_events as (

    select * from {{ ref('stg_ftplogs__log_events') }}
    {% if is_incremental() %}
    where {{ is_one_of('file_version_id', 'select distinct file_version_id from session_events') }}
    {% endif %}

),

-- Names and details stay behind: operators write in them, about anyone (docs/adr/0013). Who may read the logs finds
-- them by file, line and byte.
located_events as (

    select
        {{ surrogate_key(['session_events.session_id', 'session_events.event_number']) }} as event_id,
        session_events.session_id,
        session_events.machine_id,
        session_events.event_number,
        session_events.event_kind as kind,
        session_events.occurred_at,
        machine_files.path as file_path,
        log_events.line_number,
        session_events.byte_offset,
        session_events.input_digest
    from session_events
    inner join machine_files
        on
            session_events.machine_id = machine_files.machine_id
            and session_events.file_version_id = machine_files.file_version_id
    inner join log_events
        on
            session_events.file_version_id = log_events.file_version_id
            and session_events.byte_offset = log_events.byte_offset

)

select * from located_events
