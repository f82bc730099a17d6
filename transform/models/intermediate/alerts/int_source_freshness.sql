{# Ephemeral: a part of the few models that read it, and no relation of its own that each run would have to compare. #}
{{ config(materialized='ephemeral') }}

with

newest_loads as (

    select * from {{ ref('int_newest_loads') }}

),

table_loads as (

    select * from {{ ref('stg_erp__table_loads') }}

),

table_reads as (

    select * from {{ ref('stg_erp__table_reads') }}

),

sessions as (

    select * from {{ ref('int_sessions') }}

),

load_ends as (

    select
        max(ended_at) filter (where source = 'ftplogs') as logs_loaded_at,
        max(ended_at) filter (where source = 'erp') as erp_loaded_at
    from newest_loads

),

newest_events as (

    select max(last_event_at) as newest_event_at
    from sessions

),

-- By the warehouse's clock: the version is a time of the host on which the tap ran.
ranked_loads as (

    select
        table_name,
        load_version,
        row_number() over (partition by table_name order by loaded_at desc) as recency
    from table_loads

),

newest_table_loads as (

    select
        table_name,
        load_version
    from ranked_loads
    where recency = 1

),

-- A table whose reading broke off stays as it was: the tables are complete together until the oldest of their moments.
snapshots as (

    -- A tap that does not tell the moment numbers its runs by the milliseconds at which it begins to read.
    select
        min(
            coalesce(table_reads.snapshot_at, {{ epoch_instant('newest_table_loads.load_version') }})
        ) as snapshot_at
    from newest_table_loads
    left join table_reads
        on
            newest_table_loads.table_name = table_reads.table_name
            and newest_table_loads.load_version = table_reads.load_version

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
