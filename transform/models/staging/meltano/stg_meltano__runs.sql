{# Ephemeral: a part of the few models that read it, and no relation of its own that each run would have to compare. #}
{{ config(materialized='ephemeral') }}

with

source as (

    select
        id,
        job_name,
        state,
        started_at,
        ended_at
    from {{ source('meltano', 'runs') }}

),

renamed as (

    select
        -- ids
        cast(id as bigint) as run_number,

        -- text
        cast(job_name as text) as step_name,
        cast(state as text) as state,

        -- times
        {{ utc_instant('started_at') }} as started_at,
        {{ utc_instant('ended_at') }} as ended_at
    from source

)

select * from renamed
