-- Of a file replaced under the same name the latest version counts: with none the day would be missing from the page of
-- the files, with two it would be there twice. Only what left the server after its load counts beside a later version
-- of its path. What counts has all its lines accounted for.
select
    log_files.path,
    count(*) filter (where log_files.is_current) as current_count,
    count(*) filter (where log_files.is_current and versions.removed_at is null) as there_count,
    count(*) filter (where not log_files.is_current and log_files.session_id is not null) as replaced_but_counted,
    count(*) filter (
        where log_files.is_current and (log_files.session_id is null) <> (log_files.event_count = 0)
    ) as wrongly_counted,
    count(*) filter (
        where log_files.event_count + log_files.rejected_count + log_files.blank_count <> log_files.line_count
    ) as unaccounted
from {{ ref('fct_log_files') }} as log_files
inner join {{ ref('stg_ftplogs__log_files') }} as versions on log_files.log_file_id = versions.file_version_id
group by log_files.path
having
    count(*) filter (where log_files.is_current) < 1
    or count(*) filter (where log_files.is_current and versions.removed_at is null) > 1
    or count(*) filter (where not log_files.is_current and log_files.session_id is not null) > 0
    or count(*) filter (
        where log_files.is_current and (log_files.session_id is null) <> (log_files.event_count = 0)
    ) > 0
    or count(*) filter (
        where log_files.event_count + log_files.rejected_count + log_files.blank_count <> log_files.line_count
    ) > 0
