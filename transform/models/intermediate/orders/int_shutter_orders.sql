{{ config(
    incremental_strategy='sync',
    unique_key='order_id',
    indexes=[{'columns': ['order_id'], 'unique': true}]
) }}

with

orders as (

    select * from {{ ref('stg_erp__orders') }}

),

order_statuses as (

    select * from {{ ref('order_statuses') }}

),

shutter_accessories as (

    select * from {{ ref('int_shutter_accessories') }}

),

journal as (

    select * from {{ ref('stg_erp__order_journal') }}

),

open_statuses as (

    select trim({{ normal_form('status') }}) as status_form
    from order_statuses
    where is_open

),

status_spellings as (

    select distinct status from orders

),

open_spellings as (

    select status
    from status_spellings
    where trim({{ normal_form('status') }}) in (select open_statuses.status_form from open_statuses)

),

open_orders as (

    select orders.*
    from orders
    inner join open_spellings on orders.status = open_spellings.status
    where orders.order_id in (select shutter_accessories.order_id from shutter_accessories)

),

journal_of_open_orders as (

    select
        journal.order_id,
        -- The day stands in one column and the time of day in the other, whose own day means nothing (1899-12-30)
        -- unless the first is missing.
        coalesce(
            {{ local_time_of('journal.day_local_time', 'journal.clock_local_time') }},
            journal.day_local_time,
            case when journal.clock_local_time >= '1970-01-01' then journal.clock_local_time end
        ) as entry_local_time,
        {{ dbt.position(
            normal_form(dbt.string_literal(dbt.escape_single_quotes(var('planned_note')))), normal_form('journal.note')
        ) }} > 0 as says_planned
    from journal
    inner join open_orders on journal.order_id = open_orders.order_id

),

-- Filtered while it is summed up: a WHERE would be tried before the join, on the notes of every order there ever was.
plannings as (

    select
        order_id,
        count(*) filter (where says_planned) as planning_count,
        max(entry_local_time) filter (where says_planned) as planned_local_time
    from journal_of_open_orders
    group by order_id

),

shutter_orders as (

    select
        open_orders.order_id,
        open_orders.order_number,
        open_orders.extension,
        open_orders.order_type,
        {{ repaired_text('open_orders.status') }} as status,
        {{ repaired_text('open_orders.job_name') }} as job_name,
        open_orders.price_eur,
        open_orders.customer_key,
        {{ plant_instant('plannings.planned_local_time') }} as planned_at,
        cast(plannings.planned_local_time as date) as planned_on
    from open_orders
    inner join plannings on open_orders.order_id = plannings.order_id
    where plannings.planning_count > 0

)

select * from shutter_orders
