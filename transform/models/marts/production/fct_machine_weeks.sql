{{ config(incremental_strategy='sync', unique_key=['machine_id', 'week_starts_on']) }}

with

machine_days as (

    select
        *,
        {{ week_start('production_date') }} as week_starts_on
    from {{ ref('fct_machine_days') }}

),

week_totals as (

    select
        machine_id,
        week_starts_on,
        count(*) as day_count,
        cast(sum(piece_count) as bigint) as piece_count,
        cast(sum(job_count) as bigint) as job_count,
        cast(sum(stop_count) as bigint) as stop_count,
        cast(sum(wait_count) as bigint) as wait_count,
        cast(sum(rejected_line_count) as bigint) as rejected_line_count,
        cast(sum(span_seconds) as numeric(18, 6)) as span_seconds,
        cast(sum(productive_seconds) as numeric(18, 6)) as productive_seconds,
        cast(sum(waiting_seconds) as numeric(18, 6)) as waiting_seconds,
        cast(sum(stopped_seconds) as numeric(18, 6)) as stopped_seconds
    from machine_days
    group by machine_id, week_starts_on

),

-- Rates come from the sums: the mean of the days' rates would give an hour of Saturday the weight of a whole shift.
machine_weeks as (

    select
        machine_id,
        week_starts_on,
        {{ iso_week('week_starts_on') }} as iso_week,
        day_count,
        piece_count,
        job_count,
        stop_count,
        wait_count,
        rejected_line_count,
        span_seconds,
        productive_seconds,
        waiting_seconds,
        stopped_seconds,
        {{ rate('productive_seconds', 'span_seconds') }} as occupancy_rate,
        {{ rate('waiting_seconds', 'span_seconds') }} as waiting_rate,
        {{ rate('stopped_seconds', 'span_seconds') }} as stop_rate,
        {{ pieces_per_hour('piece_count', 'productive_seconds') }} as pieces_per_productive_hour
    from week_totals

)

select * from machine_weeks
