{# Ephemeral: a part of the few models that read it, and no relation of its own that each run would have to compare. #}
{{ config(materialized='ephemeral') }}

with

-- What seems to lie ahead was written while the clock of the host was ahead: it must not hide what happens until then.
runs as (

    select * from {{ ref('stg_ops__runs') }}
    where outcome <> 'running' and started_at <= {{ current_instant() }}

),

run_steps as (

    select * from {{ ref('stg_ops__run_steps') }}
    where started_at <= {{ current_instant() }}

),

-- By their ends: a run that has waited for another one to end may have begun before it.
last_successes as (

    select
        job,
        max(ended_at) as ended_at
    from runs
    where outcome = 'succeeded'
    group by job

),

last_step_successes as (

    select
        step,
        max(ended_at) as ended_at
    from run_steps
    where outcome = 'succeeded'
    group by step

),

-- What has failed and was done since then, by whichever job.
steps_to_do as (

    select
        run_steps.run_id,
        count(*) filter (
            where last_step_successes.ended_at is null or last_step_successes.ended_at < run_steps.ended_at
        ) as to_do_count
    from run_steps
    left join last_step_successes on run_steps.step = last_step_successes.step
    where run_steps.outcome in ('failed', 'interrupted')
    group by run_steps.run_id

),

-- What somebody has tried by hand and has never worked, such as a job that does not exist, is theirs to know.
failures as (

    select
        runs.run_id,
        runs.job,
        runs.ended_at,
        runs.message,
        count(*) over (partition by runs.job) as failure_count,
        min(runs.ended_at) over (partition by runs.job) as failing_since,
        row_number() over (partition by runs.job order by runs.ended_at desc, runs.run_id asc) as recency
    from runs
    left join last_successes on runs.job = last_successes.job
    where
        runs.outcome in ('failed', 'interrupted')
        and runs.ended_at > coalesce(last_successes.ended_at, {{ epoch_instant('0') }})
        and (runs.schedule is not null or last_successes.job is not null)

),

failed_jobs as (

    select
        cast('run_failed' as text) as kind,
        cast(null as text) as machine_id,
        failures.job as subject,
        failures.failing_since as since,
        {%- set count_and_reason = [
            'cast(failures.failure_count as text)',
            "coalesce(" ~ alert_details('because', ['substr(failures.message, 1, 500)']) ~ ", '')",
        ] %}
        case
            when failures.failure_count = 1 then {{ alert_details('one_failure', count_and_reason) }}
            else {{ alert_details('failures', count_and_reason) }}
        end as details
    from failures
    left join steps_to_do on failures.run_id = steps_to_do.run_id
    where
        failures.recency = 1
        and coalesce(steps_to_do.to_do_count, 1) > 0
        -- A job that nobody tries again is of no interest for ever.
        and coalesce(
            {{ seconds_between('failures.ended_at', current_instant()) }}
            < 86400 * {{ alert_threshold('failed_run_days') }},
            true
        )

),

stale_backups as (

    select
        cast('backup_stale' as text) as kind,
        cast(null as text) as machine_id,
        job as subject,
        ended_at as since,
        {{ alert_details(
            'stale_backup', [floor_text(seconds_between('ended_at', current_instant()) ~ ' / 3600')]
        ) }} as details
    from last_successes
    where
        job = 'backup'
        and {{ seconds_between('ended_at', current_instant()) }} > 86400 * {{ alert_threshold('backup_stale_days') }}

),

run_alerts as (

    select * from failed_jobs

    union all

    select * from stale_backups

)

select * from run_alerts
