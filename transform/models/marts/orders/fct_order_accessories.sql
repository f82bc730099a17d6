{{ config(incremental_strategy='sync', unique_key='accessory_id') }}

with

shutter_orders as (

    select * from {{ ref('int_shutter_orders') }}

),

shutter_accessories as (

    select * from {{ ref('int_shutter_accessories') }}

),

order_accessories as (

    select
        shutter_accessories.accessory_id,
        shutter_accessories.order_id,
        shutter_accessories.position,
        shutter_accessories.kennung,
        shutter_accessories.znr,
        shutter_accessories.accessory_code,
        shutter_accessories.accessory_prefix,
        shutter_accessories.accessory_kind,
        shutter_accessories.description,
        shutter_accessories.quantity
    from shutter_accessories
    inner join shutter_orders on shutter_accessories.order_id = shutter_orders.order_id

)

select * from order_accessories
