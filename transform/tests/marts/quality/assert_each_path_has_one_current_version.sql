-- Of a file replaced under the same name the latest version counts: with none the day would be missing from the page of
-- the files, with two it would be there twice. What counts has all its lines accounted for.
select
    path,
    count(*) filter (where is_current) as current_count,
    count(*) filter (where not is_current and session_id is not null) as replaced_but_counted,
    count(*) filter (where is_current and (session_id is null) <> (event_count = 0)) as wrongly_counted,
    count(*) filter (where event_count + rejected_count + blank_count <> line_count) as unaccounted
from {{ ref('fct_log_files') }}
group by path
having
    count(*) filter (where is_current) <> 1
    or count(*) filter (where not is_current and session_id is not null) > 0
    or count(*) filter (where is_current and (session_id is null) <> (event_count = 0)) > 0
    or count(*) filter (where event_count + rejected_count + blank_count <> line_count) > 0
