{{ config(
    incremental_strategy='sync',
    unique_key='order_id',
    indexes=[{'columns': ['order_id'], 'unique': true}]
) }}

with

journal as (

    select * from {{ ref('stg_erp__order_journal') }}

),

order_keys as (

    select * from {{ ref('int_order_keys') }}

),

entries as (

    select
        order_id,
        order_key,
        -- The day stands in one column and the time of day in the other, whose own day means nothing (1899-12-30)
        -- unless the first is missing.
        coalesce(
            {{ local_time_of('day_local_time', 'clock_local_time') }},
            day_local_time,
            case when clock_local_time >= '1970-01-01' then clock_local_time end
        ) as entry_local_time
    from journal
    where
        {{ dbt.position(
            normal_form(dbt.string_literal(dbt.escape_single_quotes(var('planned_note')))), normal_form('note')
        ) }} > 0

),

order_plannings as (

    select
        order_keys.order_id,
        max(entries.entry_local_time) as planned_local_time
    from entries
    inner join order_keys on {{ refers_to('entries', 'order_keys') }}
    group by order_keys.order_id

)

select * from order_plannings
