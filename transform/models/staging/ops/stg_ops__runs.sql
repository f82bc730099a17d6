{# Ephemeral: a part of the few models that read it, and no relation of its own that each run would have to compare. #}
{{ config(materialized='ephemeral') }}

with

source as (

    select
        run_id,
        job,
        schedule,
        due_at,
        started_at,
        ended_at,
        outcome,
        message,
        rows_loaded,
        bytes_read,
        lines_rejected
    from {{ source('ops', 'runs') }}

),

renamed as (

    select
        -- ids
        cast(run_id as text) as run_id,

        -- text
        job,
        schedule,
        outcome,
        message,

        -- numbers
        rows_loaded,
        bytes_read,
        lines_rejected,

        -- times
        due_at,
        started_at,
        ended_at
    from source

)

select * from renamed
