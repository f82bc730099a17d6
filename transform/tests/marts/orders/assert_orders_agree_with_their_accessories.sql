-- The two facts are computed side by side; what one says of the other must be so, row by row.
with

accessory_totals as (

    select
        order_id,
        count(*) as accessory_count,
        coalesce(sum(quantity), 0) as accessory_quantity
    from {{ ref('fct_order_accessories') }}
    group by order_id

)

select
    orders.order_id,
    orders.accessory_count,
    orders.accessory_quantity,
    accessory_totals.accessory_count as accessory_row_count,
    accessory_totals.accessory_quantity as accessory_row_quantity
from {{ ref('fct_shutter_orders') }} as orders
left join accessory_totals on orders.order_id = accessory_totals.order_id
where
    accessory_totals.order_id is null
    or orders.accessory_count <> accessory_totals.accessory_count
    or orders.accessory_quantity <> accessory_totals.accessory_quantity
