{{ config(incremental_strategy='sync', unique_key='problem_id') }}

with

problems as (

    select * from {{ ref('stg_ftplogs__source_problems') }}

),

newest_loads as (

    select * from {{ ref('int_newest_loads') }}

),

last_read as (

    -- One row also where no run is remembered; the tap tells whole seconds.
    select max({{ dbt.date_trunc('second', 'started_at') }}) as started_at
    from newest_loads
    where source = 'ftplogs'

),

-- A run tells all that it meets. What the last one has not met is over, also where the state of the run that had
-- met it was lost, so that no run can tell its end.
ended_problems as (

    select
        problems.problem_id,
        problems.machine_folder,
        problems.kind,
        problems.path,
        problems.reason,
        problems.first_seen_at,
        coalesce(
            problems.resolved_at,
            case when problems.last_seen_at < last_read.started_at then problems.last_seen_at end
        ) as resolved_at
    from problems
    cross join last_read

),

source_problems as (

    select
        problem_id,
        {{ machine_code('machine_folder') }} as machine_id,
        kind,
        path,
        reason,
        first_seen_at,
        resolved_at,
        resolved_at is null as is_open
    from ended_problems

)

select * from source_problems
