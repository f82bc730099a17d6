{{ config(materialized='view') }}

with

order_events as (

    select * from {{ ref('stg_erp__order_events') }}

),

stock_managed_orders as (

    select distinct order_id
    from order_events
    where
        not is_deleted
        and upper(event_number) like '%VR%'

)

select * from stock_managed_orders
