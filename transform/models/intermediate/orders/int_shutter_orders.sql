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

order_plannings as (

    select * from {{ ref('int_order_plannings') }}

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
        {{ plant_instant('order_plannings.planned_local_time') }} as planned_at,
        cast(order_plannings.planned_local_time as date) as planned_on
    from open_orders
    inner join order_plannings on open_orders.order_id = order_plannings.order_id

)

select * from shutter_orders
