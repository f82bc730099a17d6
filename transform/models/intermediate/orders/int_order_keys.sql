{{ config(materialized='view') }}

with

orders as (

    select * from {{ ref('stg_erp__orders') }}

),

order_keys as (

    select
        order_key,
        order_id,
        count(*) over (partition by order_key) > 1 as is_ambiguous
    from orders

)

select * from order_keys
