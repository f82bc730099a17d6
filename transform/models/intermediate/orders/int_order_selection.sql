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

    select * from {{ ref('int_order_statuses') }}

),

order_plannings as (

    select * from {{ ref('int_order_plannings') }}

),

orders_with_shutters as (

    select distinct order_id from {{ ref('int_shutter_accessories') }}

),

conditions as (

    select
        orders.order_id,
        orders.order_number,
        orders.extension,
        order_statuses.status,
        order_statuses.status_name,
        order_plannings.order_id is not null as has_planned_note,
        coalesce(order_statuses.is_open, false) as has_open_status,
        order_statuses.status_name is not null as is_status_known,
        orders_with_shutters.order_id is not null as has_shutter_accessory
    from orders
    left join order_statuses on orders.status = order_statuses.spelling
    left join order_plannings on orders.order_id = order_plannings.order_id
    left join orders_with_shutters on orders.order_id = orders_with_shutters.order_id

),

order_selection as (

    select
        *,
        has_planned_note and has_open_status and has_shutter_accessory as is_selected
    from conditions

)

select * from order_selection
