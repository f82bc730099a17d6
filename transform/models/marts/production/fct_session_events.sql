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

session_files as (

    select * from {{ ref('int_session_files') }}
    {% if is_incremental() %}
    where {{ is_one_of('input_digest', 'select input_digest from sessions_to_compute') }}
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
        session_files.path as file_path,
        session_events.line_number,
        session_events.byte_offset,
        session_events.input_digest
    from session_events
    inner join session_files
        on
            session_events.machine_id = session_files.machine_id
            and session_events.input_digest = session_files.input_digest
            and session_events.file_version_id = session_files.file_version_id

)

select * from located_events
