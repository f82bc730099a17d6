{{ config(materialized='view') }}

with

log_files as (

    select * from {{ ref('stg_ftplogs__log_files') }}

),

versions as (

    select
        *,
        row_number() over (
            partition by path
            order by read_at desc nulls last, generation desc, file_version_id desc
        ) as version_rank
    from log_files

),

-- A version that was archived or deleted after its load was not replaced by what its machine wrote under its name
-- afterwards: only a later version that tells of the same time from end to end takes its place.
repeated_versions as (

    select distinct removed.file_version_id
    from versions as removed
    inner join versions as later
        on
            removed.path = later.path
            and removed.version_rank > later.version_rank
            and removed.first_event_local_time >= later.first_event_local_time
            and removed.last_event_local_time <= later.last_event_local_time
    where removed.removed_at is not null

),

current_files as (

    select
        versions.file_version_id,
        versions.path,
        versions.machine_folder,
        {{ machine_code('versions.machine_folder') }} as machine_id,
        {{ machine_material('versions.machine_folder') }} as material,
        versions.read_bytes,
        versions.read_at,
        versions.first_event_local_time,
        versions.last_event_local_time,
        cast(versions.first_event_local_time as date) as production_date
    from versions
    left join repeated_versions on versions.file_version_id = repeated_versions.file_version_id
    where
        versions.version_rank = 1
        or (
            versions.removed_at is not null
            and versions.first_event_local_time is not null
            and repeated_versions.file_version_id is null
        )

),

machine_files as (

    select
        file_version_id,
        path,
        machine_folder,
        machine_id,
        material,
        case
            when production_date is not null
                then {{ surrogate_key(['machine_id', iso_date('production_date')]) }}
        end as session_id,
        read_bytes,
        read_at,
        first_event_local_time,
        last_event_local_time,
        production_date
    from current_files

)

select * from machine_files
