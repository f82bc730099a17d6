-- Counting copies as max(n, m) keeps a session between its largest file and all of its files together; a session of one
-- file has exactly that file's events. Less means that lines were lost on the way, more that some counted twice.
with

file_totals as (

    select
        machine_files.session_id,
        max(log_files.event_count) as largest_event_count,
        sum(log_files.event_count) as total_event_count,
        max(log_files.rejected_count) as largest_rejected_count,
        sum(log_files.rejected_count) as total_rejected_count
    from {{ ref('int_machine_files') }} as machine_files
    inner join {{ ref('stg_ftplogs__log_files') }} as log_files
        on machine_files.file_version_id = log_files.file_version_id
    where machine_files.session_id is not null
    group by machine_files.session_id

)

select
    sessions.machine_id,
    sessions.production_date,
    sessions.event_count,
    sessions.rejected_line_count,
    file_totals.largest_event_count,
    file_totals.total_event_count,
    file_totals.largest_rejected_count,
    file_totals.total_rejected_count
from {{ ref('int_sessions') }} as sessions
inner join file_totals on sessions.session_id = file_totals.session_id
where
    sessions.event_count not between file_totals.largest_event_count and file_totals.total_event_count
    or sessions.rejected_line_count
    not between file_totals.largest_rejected_count and file_totals.total_rejected_count
