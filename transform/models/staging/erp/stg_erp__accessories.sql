with

source as (

    select * from {{ source('raw_erp', 'p_zubeh') }}

),

renamed as (

    select
        -- ids; kennung and znr have no English name in the house: the contract of the marts keeps them
        cast(id_a_kopf as text) as order_id,
        cast(position as bigint) as position,
        cast(kennung as text) as kennung,
        cast(znr as bigint) as znr,

        -- text
        cast(zcode as text) as accessory_code,
        cast(text as text) as description,

        -- numbers
        cast(stueck as numeric(18, 6)) as quantity
    from source

)

select * from renamed
