-- A limit that is missing would never be crossed, and a time that is misspelt would be left out: whoever edits the
-- seeds is told here.
select
    'working_hours' as seed_name,
    opens_at as wrong_value
from {{ ref('working_hours') }}
where
    not {{ is_opening_time('opens_at') }}
    or not {{ is_closing_time('closes_at') }}

union all

select
    'working_hours' as seed_name,
    'no row: no machine would ever be silent' as wrong_value
from {{ ref('working_hours') }}
having count(*) = 0

union all

select
    'plant_closures' as seed_name,
    reason as wrong_value
from {{ ref('plant_closures') }}
where last_day < first_day

union all

select
    'alert_thresholds' as seed_name,
    threshold as wrong_value
from {{ ref('alert_thresholds') }}
where
    limit_value < 0
    or (threshold = 'rejected_share' and limit_value > 1)
    -- The plant's working days are known two months back.
    or (threshold in ('active_working_days', 'missing_day_keep_days') and limit_value > 40)

union all

select
    'alert_thresholds' as seed_name,
    'one is missing, or not known' as wrong_value
from {{ ref('alert_thresholds') }}
having
    count(*) <> 14
    or count(*) filter (where threshold in (
        'silent_minutes',
        'active_working_days',
        'missing_day_grace_minutes',
        'missing_day_keep_days',
        'logs_stale_minutes',
        'erp_stale_hours',
        'recent_file_days',
        'rejected_share',
        'rejected_lines',
        'clock_back_minutes',
        'clock_ahead_minutes',
        'clock_leap_hours',
        'failed_run_days',
        'backup_stale_days'
    )) <> 14
