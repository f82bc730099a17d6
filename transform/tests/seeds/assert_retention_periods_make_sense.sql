-- Only data about no person are kept without limit, and free text, in which anybody may be named, is kept the shortest.
select retention_key
from {{ ref('retention_periods') }}
where
    (period_days is null) <> (action = 'keep')
    or period_days <= 0
    or (
        retention_key in ('journal_notes', 'job_names', 'machine_messages')
        and period_days > (select min(listed.period_days) from {{ ref('retention_periods') }} as listed)
    )
