{{ config(materialized='view') }}

with

free_fields as (

    select * from {{ ref('stg_erp__order_free_fields') }}

),

order_keys as (

    select * from {{ ref('int_order_keys') }}

),

ranked_free_fields as (

    select
        order_keys.order_id,
        free_fields.window_unit_count,
        free_fields.entered_on,
        free_fields.deliver_on,
        row_number() over (
            partition by order_keys.order_id
            order by
                free_fields.free_field_number nulls last,
                free_fields.window_unit_count nulls last,
                free_fields.entered_on nulls last,
                free_fields.deliver_on nulls last
        ) as field_rank
    from free_fields
    inner join order_keys on {{ refers_to('free_fields', 'order_keys') }}

),

order_free_fields as (

    select
        order_id,
        window_unit_count,
        entered_on,
        deliver_on
    from ranked_free_fields
    where field_rank = 1

)

select * from order_free_fields
