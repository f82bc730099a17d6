-- A lead time below 0, or one that its two ends do not give, would pass unnoticed in an average.
select
    order_id,
    planned_at,
    done_at,
    lead_time_seconds,
    is_done,
    is_done_at_known
from {{ ref('fct_order_lead_times') }}
where
    lead_time_seconds < 0
    or (lead_time_seconds is null) <> (planned_at is null or done_at is null)
    or lead_time_seconds <> {{ seconds_between('planned_at', 'done_at') }}
    or (done_at is not null) <> coalesce(is_done_at_known, false)
    or is_done <> (is_done_at_known is not null)
