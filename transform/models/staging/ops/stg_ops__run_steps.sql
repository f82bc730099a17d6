{# Ephemeral: a part of the few models that read it, and no relation of its own that each run would have to compare. #}
{{ config(materialized='ephemeral') }}

with

source as (

    select
        run_id,
        step_number,
        step,
        started_at,
        ended_at,
        outcome
    from {{ source('ops', 'run_steps') }}

),

renamed as (

    select
        -- ids
        cast(run_id as text) as run_id,
        step_number,

        -- text
        step,
        outcome,

        -- times
        started_at,
        ended_at
    from source

)

select * from renamed
