-- "Why this number" walks from a session to its events and on to the lines of the logs. An event that is missing, twice
-- there, or without a line would make the answer another one than the figure.
with

numbered_events as (

    select
        session_id,
        min(event_number) as first_number,
        max(event_number) as last_number,
        count(*) as event_count,
        count(*) filter (where kind = 'piece') as piece_count,
        count(*) filter (where kind = 'job') as job_count,
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at
    from {{ ref('fct_session_events') }}
    group by session_id

),

-- By version: a path may have been written again after its file was archived.
places as (

    select
        session_id,
        count(distinct {{ dbt.concat(['byte_offset', "'|'", 'file_version_id']) }}) as place_count
    from {{ ref('int_session_events') }}
    group by session_id

)

select
    sessions.session_id,
    sessions.piece_count as session_piece_count,
    sessions.job_count as session_job_count,
    places.place_count,
    numbered_events.*
from {{ ref('fct_sessions') }} as sessions
left join numbered_events on sessions.session_id = numbered_events.session_id
left join places on sessions.session_id = places.session_id
where
    numbered_events.session_id is null
    or numbered_events.first_number <> 1
    or numbered_events.last_number <> numbered_events.event_count
    or coalesce(places.place_count, 0) <> numbered_events.event_count
    or numbered_events.piece_count <> sessions.piece_count
    or numbered_events.job_count <> sessions.job_count
    or numbered_events.first_event_at <> sessions.first_event_at
    or numbered_events.last_event_at <> sessions.last_event_at
