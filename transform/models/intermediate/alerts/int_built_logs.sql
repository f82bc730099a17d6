{# Ephemeral: a mart that reads a view would be dropped each time dbt makes the view anew. #}
{{ config(materialized='ephemeral') }}

with

runs as (

    select * from {{ ref('stg_meltano__runs') }}

),

-- The views of this build are made when its sessions are; a load that ended since then is not in these.
ranked_loads as (

    select
        ended_at,
        row_number() over (order by run_number desc) as recency
    from runs
    where
        state = 'SUCCESS'
        and {{ loaded_source('step_name') }} = 'ftplogs'
        and ended_at <= {{ build_instant() }}

),

built_logs as (

    select ended_at as loaded_at
    from ranked_loads
    where recency = 1

)

select * from built_logs
