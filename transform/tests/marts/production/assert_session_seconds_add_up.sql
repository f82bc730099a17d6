-- Every second of the span is in one state: the three add up to it, to the microsecond, and none is below 0. A rate is
-- NULL exactly where there is no span to divide by.
select
    session_id,
    span_seconds,
    productive_seconds,
    waiting_seconds,
    stopped_seconds,
    occupancy_rate,
    waiting_rate,
    stop_rate
from {{ ref('fct_sessions') }}
where
    productive_seconds + waiting_seconds + stopped_seconds <> span_seconds
    or least(productive_seconds, waiting_seconds, stopped_seconds) < 0
    or (span_seconds = 0) <> (occupancy_rate is null)
    or (span_seconds = 0) <> (waiting_rate is null)
    or (span_seconds = 0) <> (stop_rate is null)
    or least(occupancy_rate, waiting_rate, stop_rate) < 0
    or greatest(occupancy_rate, waiting_rate, stop_rate) > 1
