-- Nothing of a file is lost: its lines are events, rejected or blank, and every event and rejected line that the tap
-- counted has its row. Rows beyond read_bytes belong to a load that did not reach its end.
with

log_files as (

    select * from {{ ref('stg_ftplogs__log_files') }}

),

event_rows as (

    select
        log_files.file_version_id,
        count(*) as row_count
    from {{ ref('stg_ftplogs__log_events') }} as log_events
    inner join log_files on log_events.file_version_id = log_files.file_version_id
    where log_events.byte_offset < log_files.read_bytes
    group by log_files.file_version_id

),

rejected_rows as (

    select
        log_files.file_version_id,
        count(*) as row_count
    from {{ ref('stg_ftplogs__rejected_lines') }} as rejected_lines
    inner join log_files on rejected_lines.file_version_id = log_files.file_version_id
    where rejected_lines.byte_offset < log_files.read_bytes
    group by log_files.file_version_id

)

select
    log_files.path,
    log_files.file_version_id,
    log_files.line_count,
    log_files.event_count,
    log_files.rejected_count,
    log_files.blank_count,
    event_rows.row_count as event_row_count,
    rejected_rows.row_count as rejected_row_count
from log_files
left join event_rows on log_files.file_version_id = event_rows.file_version_id
left join rejected_rows on log_files.file_version_id = rejected_rows.file_version_id
where
    log_files.event_count + log_files.rejected_count + log_files.blank_count <> log_files.line_count
    or log_files.event_count <> coalesce(event_rows.row_count, 0)
    or log_files.rejected_count <> coalesce(rejected_rows.row_count, 0)
