{{ config(incremental_strategy='sync', unique_key='log_file_id') }}

with

log_files as (

    select * from {{ ref('stg_ftplogs__log_files') }}

),

machine_files as (

    select * from {{ ref('int_machine_files') }}

),

session_files as (

    select * from {{ ref('int_session_files') }}

),

described_files as (

    select
        log_files.file_version_id as log_file_id,
        {{ machine_code('log_files.machine_folder') }} as machine_id,
        log_files.path,
        machine_files.session_id,
        cast(log_files.first_event_local_time as date) as production_date,
        log_files.size_bytes,
        log_files.modified_at,
        log_files.read_at,
        log_files.line_count,
        log_files.event_count,
        log_files.rejected_count,
        log_files.blank_count,
        -- Of a version that is not current, the repeated hour of autumn is read as the second.
        coalesce(
            session_files.first_event_at, {{ plant_instant('log_files.first_event_local_time') }}
        ) as first_event_at,
        coalesce(
            session_files.last_event_at, {{ plant_instant('log_files.last_event_local_time') }}
        ) as last_event_at,
        log_files.is_complete,
        machine_files.file_version_id is not null as is_current,
        log_files.read_error as read_problem
    from log_files
    left join machine_files on log_files.file_version_id = machine_files.file_version_id
    left join session_files on log_files.file_version_id = session_files.file_version_id

)

select * from described_files
