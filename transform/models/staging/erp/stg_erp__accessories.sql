{%- set held = {
    'position': bigint_or_null('position'),
    'znr': bigint_or_null('znr'),
    'stueck': numeric_or_null('stueck', 18, 6),
} -%}

with

source as (

    select * from {{ source('raw_erp', 'p_zubeh') }}

),

renamed as (

    select
        -- ids; kennung and znr have no English name in the house: the contract of the marts keeps them
        {{ surrogate_key([
            "coalesce(cast(id_a_kopf as text), '')",
            "coalesce(cast(position as text), '')",
            "coalesce(cast(kennung as text), '')",
            "coalesce(cast(znr as text), '')",
        ]) }} as accessory_id,
        cast(id_a_kopf as text) as order_id,
        {{ order_key('cast(id_a_kopf as text)') }} as order_key,
        {{ held['position'] }} as position,
        cast(kennung as text) as kennung,
        {{ held['znr'] }} as znr,

        -- text
        cast(zcode as text) as accessory_code,
        cast(text as text) as description,
        {{ unreadable_columns(held) }} as unreadable_columns,

        -- numbers
        {{ held['stueck'] }} as quantity
    from source

)

select * from renamed
