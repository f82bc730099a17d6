-- Reports count pieces by the last number and divide by it; a hole or a double would make the two disagree.
with

numbered_pieces as (

    select
        session_id,
        min(piece_number) as first_number,
        max(piece_number) as last_number,
        count(*) as piece_count,
        count(*) filter (where cycle_seconds is null) as pieces_without_cycle,
        count(*) filter (where job_id is not null) as pieces_with_job
    from {{ ref('fct_pieces') }}
    group by session_id

),

numbered_jobs as (

    select
        session_id,
        count(*) as job_count,
        sum(piece_count) as piece_count
    from {{ ref('fct_jobs') }}
    group by session_id

)

select
    sessions.session_id,
    sessions.piece_count,
    sessions.job_count,
    numbered_pieces.first_number,
    numbered_pieces.last_number,
    numbered_pieces.piece_count as row_count,
    numbered_pieces.pieces_without_cycle,
    numbered_pieces.pieces_with_job,
    numbered_jobs.job_count as job_row_count,
    numbered_jobs.piece_count as pieces_of_jobs
from {{ ref('fct_sessions') }} as sessions
left join numbered_pieces on sessions.session_id = numbered_pieces.session_id
left join numbered_jobs on sessions.session_id = numbered_jobs.session_id
where
    sessions.piece_count <> coalesce(numbered_pieces.piece_count, 0)
    or numbered_pieces.first_number <> 1
    or numbered_pieces.last_number <> numbered_pieces.piece_count
    or numbered_pieces.pieces_without_cycle <> 1
    or sessions.job_count <> coalesce(numbered_jobs.job_count, 0)
    or coalesce(numbered_jobs.piece_count, 0) <> coalesce(numbered_pieces.pieces_with_job, 0)
