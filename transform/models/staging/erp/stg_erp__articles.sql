{%- set held = {
    'position': bigint_or_null('position'),
    'dim1': bigint_or_null('dim1'),
    'dim2': bigint_or_null('dim2'),
    'dim3': bigint_or_null('dim3'),
} -%}

with

source as (

    select * from {{ source('raw_erp', 'p_artikel') }}

),

renamed as (

    select
        -- ids
        cast(id as text) as article_line_id,
        cast(id_a_kopf as text) as order_id,
        {{ order_key('cast(id_a_kopf as text)') }} as order_key,
        {{ held['position'] }} as position,
        cast(artikelid as text) as article_code,

        -- text
        {{ unreadable_columns(held) }} as unreadable_columns,

        -- numbers
        {{ held['dim1'] }} as dimension_1_mm,
        {{ held['dim2'] }} as dimension_2_mm,
        {{ held['dim3'] }} as dimension_3_mm
    from source

)

select * from renamed
