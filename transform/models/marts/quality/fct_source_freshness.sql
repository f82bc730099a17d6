{# A view: every load ends later than the one before, and a run with nothing new must write no row. #}
{{ config(materialized='view') }}

with

runs as (

    select * from {{ ref('stg_meltano__runs') }}

),

table_loads as (

    select * from {{ ref('stg_erp__table_loads') }}

),

sessions as (

    select * from {{ ref('fct_sessions') }}

),

load_ends as (

    select
        max(ended_at) filter (where step_name like '%tap-ftplogs%') as logs_loaded_at,
        max(ended_at) filter (where step_name like '%tap-mysql%') as erp_loaded_at
    from runs
    where state = 'SUCCESS'

),

newest_events as (

    select max(last_event_at) as newest_event_at
    from sessions

),

newest_loads as (

    select
        table_name,
        max(load_version) as load_version
    from table_loads
    group by table_name

),

-- A table whose reading broke off stays as it was: the tables are complete together until the oldest of their moments.
snapshots as (

    -- The tap numbers its runs by the milliseconds at which it begins to read.
    select {{ epoch_instant('min(load_version)') }} as snapshot_at
    from newest_loads

),

source_freshness as (

    select
        cast('ftplogs' as text) as source,
        load_ends.logs_loaded_at as loaded_at,
        newest_events.newest_event_at as complete_until
    from load_ends
    cross join newest_events

    union all

    select
        cast('erp' as text) as source,
        load_ends.erp_loaded_at as loaded_at,
        snapshots.snapshot_at as complete_until
    from load_ends
    cross join snapshots

)

select * from source_freshness
