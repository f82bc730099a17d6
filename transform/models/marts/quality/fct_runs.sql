{# A view: a run that is recorded shows at once. #}
{{ config(materialized='view') }}

with

runs as (

    select * from {{ ref('stg_ops__runs') }}

),

described_runs as (

    select
        run_id,
        job,
        schedule,
        due_at,
        started_at,
        ended_at,
        cast({{ seconds_between('started_at', 'ended_at') }} as numeric(18, 6)) as duration_seconds,
        outcome,
        message,
        rows_loaded,
        bytes_read,
        lines_rejected
    from runs

)

select * from described_runs
