{# Ephemeral: a part of the few models that read it, and no relation of its own that each run would have to compare. #}
{{ config(materialized='ephemeral') }}

with

runs as (

    select * from {{ ref('stg_meltano__runs') }}

),

source_runs as (

    select
        started_at,
        ended_at,
        {{ loaded_source('step_name') }} as source,
        run_number
    from runs
    where state = 'SUCCESS'

),

-- Not the latest time: while a clock was ahead, a run has been in what is still the future.
ranked_runs as (

    select
        started_at,
        ended_at,
        source,
        row_number() over (partition by source order by run_number desc) as recency
    from source_runs

),

newest_loads as (

    select
        source,
        started_at,
        ended_at
    from ranked_runs
    where recency = 1 and source is not null

)

select * from newest_loads
