{{ config(incremental_strategy='sync', unique_key='order_id') }}

with

shutter_orders as (

    select
        order_id,
        order_number,
        {{ order_key('trim(extension)') }} as extension_form
    from {{ ref('fct_shutter_orders') }}

),

pieces as (

    select
        *,
        {{ order_key('extension') }} as extension_form
    from {{ ref('fct_pieces') }}
    where order_number is not null

),

order_pieces as (

    select
        shutter_orders.order_id,
        pieces.machine_id,
        pieces.produced_at,
        row_number() over (
            partition by shutter_orders.order_id
            -- Two machines may finish a piece in one second; which of them is the last must not change from run to run.
            order by pieces.produced_at desc, {{ in_byte_order('pieces.machine_id') }} desc
        ) as recency
    from shutter_orders
    inner join pieces
        on
            shutter_orders.order_number = pieces.order_number
            and (pieces.extension_form is null or shutter_orders.extension_form = pieces.extension_form)

),

piece_totals as (

    select
        order_id,
        count(*) as piece_count,
        min(produced_at) as first_piece_at,
        max(produced_at) as last_piece_at,
        max(machine_id) filter (where recency = 1) as last_machine_id
    from order_pieces
    group by order_id

),

order_progress as (

    select
        shutter_orders.order_id,
        coalesce(piece_totals.piece_count, 0) as piece_count,
        piece_totals.first_piece_at,
        piece_totals.last_piece_at,
        piece_totals.last_machine_id
    from shutter_orders
    left join piece_totals on shutter_orders.order_id = piece_totals.order_id

)

select * from order_progress
