{{ config(incremental_strategy='sync', unique_key='problem_id') }}

with

problems as (

    select * from {{ ref('stg_ftplogs__source_problems') }}

),

source_problems as (

    select
        problem_id,
        {{ machine_code('machine_folder') }} as machine_id,
        kind,
        path,
        reason,
        first_seen_at,
        resolved_at,
        resolved_at is null as is_open
    from problems

)

select * from source_problems
