{# Ephemeral: a mart that reads a view would be dropped each time dbt makes the view anew. #}
{{ config(materialized='ephemeral') }}

with

runs as (

    select * from {{ ref('stg_ops__runs') }}
    where outcome <> 'running'

),

last_successes as (

    select
        job,
        max(started_at) as started_at,
        max(ended_at) as ended_at
    from runs
    where outcome = 'succeeded'
    group by job

),

failures as (

    select
        runs.job,
        runs.started_at,
        runs.ended_at,
        runs.message,
        count(*) over (partition by runs.job) as failure_count,
        min(runs.ended_at) over (partition by runs.job) as failing_since,
        row_number() over (partition by runs.job order by runs.started_at desc, runs.run_id asc) as recency
    from runs
    left join last_successes on runs.job = last_successes.job
    where
        runs.outcome in ('failed', 'interrupted')
        and runs.started_at > coalesce(last_successes.started_at, {{ epoch_instant('0') }})

),

failed_jobs as (

    select
        cast('run_failed' as text) as kind,
        cast(null as text) as machine_id,
        job as subject,
        failing_since as since,
        {{ dbt.concat([
            'cast(failure_count as text)',
            "case when failure_count > 1 then ' échecs' else ' échec' end",
            "coalesce(" ~ dbt.concat(["' : '", 'substr(message, 1, 500)']) ~ ", '')",
        ]) }} as details
    from failures
    where
        recency = 1
        -- A job that nobody tries again is of no interest for ever.
        and {{ seconds_between('ended_at', current_instant()) }} < 86400 * {{ alert_threshold('failed_run_days') }}

),

stale_backups as (

    select
        cast('backup_stale' as text) as kind,
        cast(null as text) as machine_id,
        job as subject,
        ended_at as since,
        {{ dbt.concat([
            "cast(cast(floor(" ~ seconds_between('ended_at', current_instant()) ~ " / 86400) as bigint) as text)",
            "' jours sans sauvegarde réussie'",
        ]) }} as details
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
