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

current_files as (

    select
        file_version_id,
        path,
        machine_folder,
        {{ machine_code('machine_folder') }} as machine_id,
        {{ machine_material('machine_folder') }} as material,
        read_bytes,
        read_at,
        first_event_local_time,
        last_event_local_time,
        cast(first_event_local_time as date) as production_date
    from versions
    where version_rank = 1

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
