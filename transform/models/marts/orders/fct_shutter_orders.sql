{{ config(incremental_strategy='sync', unique_key='order_id') }}

with

shutter_orders as (

    select * from {{ ref('int_shutter_orders') }}

),

shutter_accessories as (

    select * from {{ ref('int_shutter_accessories') }}

),

stock_managed_orders as (

    select * from {{ ref('int_stock_managed_orders') }}

),

order_free_fields as (

    select * from {{ ref('int_order_free_fields') }}

),

ranked_accessories as (

    select
        *,
        row_number() over (
            partition by order_id
            order by position nulls last, {{ marker_order('kennung') }}, znr nulls last, accessory_id
        ) as accessory_rank
    from shutter_accessories

),

accessory_totals as (

    select
        order_id,
        max(accessory_code) filter (where accessory_rank = 1) as box_code,
        count(*) as accessory_count,
        coalesce(sum(quantity), 0) as accessory_quantity
    from ranked_accessories
    group by order_id

),

described_orders as (

    select
        shutter_orders.order_id,
        shutter_orders.order_number,
        shutter_orders.extension,
        shutter_orders.order_type,
        shutter_orders.status,
        shutter_orders.status_name,
        shutter_orders.job_name,
        shutter_orders.planned_at,
        shutter_orders.planned_on,
        accessory_totals.box_code,
        accessory_totals.accessory_count,
        {{ numeric_or_null('accessory_totals.accessory_quantity', 18, 6) }} as accessory_quantity,
        stock_managed_orders.order_id is not null as is_stock_managed,
        shutter_orders.price_eur,
        shutter_orders.customer_key,
        order_free_fields.window_unit_count,
        order_free_fields.entered_on,
        order_free_fields.deliver_on
    from shutter_orders
    inner join accessory_totals on shutter_orders.order_id = accessory_totals.order_id
    left join stock_managed_orders on shutter_orders.order_id = stock_managed_orders.order_id
    left join order_free_fields on shutter_orders.order_id = order_free_fields.order_id

)

select * from described_orders
