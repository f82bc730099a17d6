-- A file that cannot be read is for a person to look at (its rights, its folder). It is a warning, because the marts
-- are right about all the other files.
{{ config(severity='warn') }}

select
    path,
    read_error,
    read_at
from {{ ref('stg_ftplogs__log_files') }}
where read_error is not null
