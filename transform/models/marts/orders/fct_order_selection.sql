{{ config(incremental_strategy='sync', unique_key='order_id') }}

with

order_selection as (

    select * from {{ ref('int_order_selection') }}

),

explained_orders as (

    select
        order_id,
        order_number,
        extension,
        status,
        status_name,
        has_planned_note,
        has_open_status,
        is_status_known,
        has_shutter_accessory,
        is_selected,
        {{ selection_reason(
            'has_planned_note', 'status', 'is_status_known', 'has_open_status', 'has_shutter_accessory'
        ) }} as reason
    from order_selection

)

select * from explained_orders
