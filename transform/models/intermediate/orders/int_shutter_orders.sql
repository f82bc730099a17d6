{{ config(
    incremental_strategy='sync',
    unique_key='order_id',
    indexes=[{'columns': ['order_id'], 'unique': true}]
) }}

with

orders as (

    select * from {{ ref('stg_erp__orders') }}

),

selected_orders as (

    select * from {{ ref('int_order_selection') }}
    where is_selected

),

order_plannings as (

    select * from {{ ref('int_order_plannings') }}

),

shutter_orders as (

    select
        selected_orders.order_id,
        selected_orders.order_number,
        selected_orders.extension,
        orders.order_type,
        selected_orders.status,
        selected_orders.status_name,
        {{ repaired_text('orders.job_name') }} as job_name,
        orders.price_eur,
        orders.customer_key,
        {{ plant_instant('order_plannings.planned_local_time') }} as planned_at,
        cast(order_plannings.planned_local_time as date) as planned_on
    from selected_orders
    inner join orders on selected_orders.order_id = orders.order_id
    inner join order_plannings on selected_orders.order_id = order_plannings.order_id

)

select * from shutter_orders
