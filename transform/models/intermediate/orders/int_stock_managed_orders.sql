{{ config(materialized='view') }}

with

order_events as (

    select
        order_id,
        order_key
    from {{ ref('stg_erp__order_events') }}
    where
        not is_deleted
        and upper(event_number) like '%VR%'

),

order_keys as (

    select * from {{ ref('int_order_keys') }}

),

stock_managed_orders as (

    select distinct order_keys.order_id
    from order_events
    inner join order_keys on {{ refers_to('order_events', 'order_keys') }}

)

select * from stock_managed_orders
