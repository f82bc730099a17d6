{{ config(materialized='view') }}

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

-- No column may tell of a person: the snapshot of these rows outlives the orders.
order_states as (

    select
        orders.order_id,
        orders.order_number,
        orders.extension,
        orders.order_type,
        order_statuses.status,
        order_statuses.status_form,
        order_plannings.order_id is not null as is_planned,
        order_plannings.planned_local_time
    from orders
    left join order_statuses on orders.status = order_statuses.spelling
    left join order_plannings on orders.order_id = order_plannings.order_id

)

select * from order_states
