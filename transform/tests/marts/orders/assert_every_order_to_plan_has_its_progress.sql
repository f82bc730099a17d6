-- The list of orders shows a bar for each of them. An order without a row would look like one that nobody has begun.
select
    orders.order_id,
    progress.order_id as progress_order_id
from {{ ref('fct_shutter_orders') }} as orders
full outer join {{ ref('fct_order_progress') }} as progress on orders.order_id = progress.order_id
where
    orders.order_id is null
    or progress.order_id is null
    or (progress.piece_count = 0) <> (progress.first_piece_at is null)
    or (progress.piece_count = 0) <> (progress.last_machine_id is null)
    or progress.first_piece_at > progress.last_piece_at
