-- Days and weeks are two charts of the same time: nothing may be in one and not in the other.
with

day_totals as (

    select
        machine_id,
        count(*) as day_count,
        sum(piece_count) as piece_count,
        sum(stop_count) as stop_count,
        sum(wait_count) as wait_count,
        sum(span_seconds) as span_seconds
    from {{ ref('fct_machine_days') }}
    group by machine_id

),

week_totals as (

    select
        machine_id,
        sum(day_count) as day_count,
        sum(piece_count) as piece_count,
        sum(stop_count) as stop_count,
        sum(wait_count) as wait_count,
        sum(span_seconds) as span_seconds,
        sum(productive_seconds + waiting_seconds + stopped_seconds) as state_seconds,
        max(day_count) as longest_week
    from {{ ref('fct_machine_weeks') }}
    group by machine_id

)

select
    day_totals.machine_id as machine_of_days,
    week_totals.machine_id as machine_of_weeks
from day_totals
full outer join week_totals on day_totals.machine_id = week_totals.machine_id
where
    day_totals.machine_id is null
    or week_totals.machine_id is null
    or day_totals.day_count <> week_totals.day_count
    or day_totals.piece_count <> week_totals.piece_count
    or day_totals.stop_count <> week_totals.stop_count
    or day_totals.wait_count <> week_totals.wait_count
    or day_totals.span_seconds <> week_totals.span_seconds
    or week_totals.state_seconds <> week_totals.span_seconds
    or week_totals.longest_week > 7
