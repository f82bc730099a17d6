{# A table: the moment of the build is a row, not a text in the views that read it, so that they stay as they are. #}
{{ config(incremental_strategy='sync', unique_key='loaded_at') }}

with

runs as (

    select * from {{ ref('stg_meltano__runs') }}

),

-- The sessions of this build hold what was loaded when it began; a load that ended since then is not in them.
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
