{{ config(incremental_strategy='sync', unique_key='machine_id') }}

with

machine_files as (

    select * from {{ ref('int_machine_files') }}

),

machine_names as (

    select * from {{ ref('machine_names') }}

),

ranked_files as (

    select
        *,
        min(production_date) over (partition by machine_id) as first_production_date,
        max(production_date) over (partition by machine_id) as last_production_date,
        -- Two folders with one code are one machine; the folder in use last describes it.
        row_number() over (
            partition by machine_id
            order by first_event_local_time desc nulls last, machine_folder desc, file_version_id asc
        ) as file_rank
    from machine_files

),

machines as (

    select
        ranked_files.machine_id,
        coalesce(machine_names.machine_name, ranked_files.machine_id) as machine_name,
        ranked_files.material,
        ranked_files.machine_folder as folder,
        ranked_files.first_production_date,
        ranked_files.last_production_date
    from ranked_files
    left join machine_names on ranked_files.machine_id = machine_names.machine_id
    where ranked_files.file_rank = 1

)

select * from machines
