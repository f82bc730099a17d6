{{ config(incremental_strategy='sync', unique_key='problem_id') }}

with

problems as (

    select * from {{ ref('stg_ftplogs__source_problems') }}

),

runs as (

    select * from {{ ref('stg_meltano__runs') }}

),

-- By their numbers: while a clock was ahead, a run has begun in what is still the future.
ranked_reads as (

    select
        -- The tap tells whole seconds.
        {{ dbt.date_trunc('second', 'started_at') }} as started_at,
        row_number() over (order by run_number desc) as recency
    from runs
    where state = 'SUCCESS' and step_name like '%tap-ftplogs%'

),

last_read as (

    -- One row also where no run is remembered.
    select max(started_at) as started_at
    from ranked_reads
    where recency = 1

),

-- A run tells all that it meets. What the last one has not met is over, also where the state of the run that had
-- met it was lost, so that no run can tell its end.
source_problems as (

    select
        problems.problem_id,
        {{ machine_code('problems.machine_folder') }} as machine_id,
        problems.kind,
        problems.path,
        problems.reason,
        problems.first_seen_at,
        case
            when problems.resolved_at is not null then problems.resolved_at
            when problems.last_seen_at < last_read.started_at then problems.last_seen_at
        end as resolved_at,
        problems.resolved_at is null
        and problems.last_seen_at >= coalesce(last_read.started_at, problems.last_seen_at) as is_open
    from problems
    cross join last_read

)

select * from source_problems
